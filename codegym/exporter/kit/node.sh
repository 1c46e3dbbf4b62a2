#!/bin/sh
# Lays the hidden tests over the repository, runs the files that decide, and leaves 1 as the reward if all of their
# tests passed and there were as many as are named.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
log=$(mktemp)
cd /app && mkdir -p /logs/verifier || exit 3
cp -a "$here/hidden/." . 2>/dev/null
eval "set -- $(cat "$here/options.txt")"
files=$(sed 's/::.*//' "$here/ids.txt" | sort -u)
node "$@" --test --test-reporter=tap $files >"$log" 2>&1 </dev/null
status=$?
cat "$log"
passed=$(sed -n 's/^# pass //p' "$log" | tail -n 1)
[ "$status" = 0 ] && [ "${passed:-0}" -ge "$(wc -l <"$here/ids.txt")" ] && reward=1 || reward=0
rm -f "$log"
echo "$reward" >/logs/verifier/reward.txt
