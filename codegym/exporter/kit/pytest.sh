#!/bin/sh
# Lays the hidden tests over the repository, runs those that decide, and leaves 1 as the reward if all of them passed.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
log=$(mktemp)
cd /app && mkdir -p /logs/verifier || exit 3
cp -a "$here/hidden/." . 2>/dev/null
eval "set -- $(cat "$here/options.txt")"
python3 "$here/run_pytest.py" -p no:cacheprovider -rA -q --color=no --tb=short --rootdir=/app "$@" \
    "@$here/ids.txt" >"$log" 2>&1 </dev/null
status=$?
cat "$log"
sed -n -e 's/^PASSED //p' -e 's/^XFAIL \(.*\) - .*/\1/p' -e 's/^XFAIL //p' "$log" | LC_ALL=C sort -u >"$log.passed"
missing=$(LC_ALL=C sort -u "$here/ids.txt" | LC_ALL=C comm -23 - "$log.passed" | head -n 1)
[ "$status" = 0 ] && [ -z "$missing" ] && reward=1 || reward=0
rm -f "$log" "$log.passed"
echo "$reward" >/logs/verifier/reward.txt
