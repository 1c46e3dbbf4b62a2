#!/bin/sh
# Lays the hidden tests over the repository, runs its test program, and leaves 1 as the reward if every test that
# decides was reported to have passed.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
log=$(mktemp)
cd /app && mkdir -p /logs/verifier || exit 3
cp -a "$here/hidden/." . 2>/dev/null
sh -c "$(cat "$here/options.txt")" >"$log" 2>"$log.err" </dev/null
cat "$log" "$log.err"
grep -v '# *[Ss][Kk][Ii][Pp]' "$log" | sed -n 's/^ok [0-9]* - //p' | sed 's/\\#/#/g' | LC_ALL=C sort -u >"$log.passed"
missing=$(LC_ALL=C sort -u "$here/ids.txt" | LC_ALL=C comm -23 - "$log.passed" | head -n 1)
grep -q '^1\.\.[0-9]' "$log" && ! grep -q '^Bail out!' "$log" && [ -z "$missing" ] && reward=1 || reward=0
rm -f "$log" "$log.err" "$log.passed"
echo "$reward" >/logs/verifier/reward.txt
