# Runs a task's own verifier and says in TAP whether the reward that it wrote is whole.
#
#     sh verify.sh SCRIPT REWARDS
#
# REWARDS is the folder in which the script leaves reward.txt, one number, or reward.json, an object of them. The
# first that is there decides, whatever it holds. The reward is whole if the number called "reward" is at least 1,
# or all are where none has that name. What is no finite number, or no JSON, is no reward.
# The script is run by itself, in whatever language it is. Its output goes to a file: a process that it leaves behind
# keeps nobody waiting.
script=$1 rewards=$2
rm -rf "$rewards" && mkdir -p "$rewards" && log=$(mktemp) || exit 3
bash -c '"$0"' "$script" >"$log" 2>&1 </dev/null
status=$?
tail -c 50000 "$log" >&2
rm -f "$log"
file=/dev/null
for name in reward.json reward.txt; do
    [ -f "$rewards/$name" ] && file=$rewards/$name
done
LC_ALL=C awk -v file="$file" -v status="$status" '
    function take(pattern) {
        if (!match(rest, "^" pattern)) return 0
        piece = substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
        sub(/^[ \t\r\n]+/, "", rest)
        return 1
    }
    function keep(name, number) {
        if (number > 1.79e308 || number < -1.79e308) broken = 1
        numbers[name] = number
    }
    function members(depth,   name) {
        if (take("[}]")) return 1
        do {
            if (!take(string)) return 0
            name = piece
            if (!take(":") || !value(depth + 1, name)) return 0
        } while (take(","))
        return take("[}]")
    }
    function items(depth) {
        if (take("[]]")) return 1
        do if (!value(depth + 1, "")) return 0; while (take(","))
        return take("[]]")
    }
    function value(depth, name) {
        if (take("[{]")) return members(depth)
        if (take("[[]")) return items(depth)
        if (take("(-?Infinity|NaN)")) { if (depth == 1) broken = 1; return 1 }
        if (take(string) || take("null")) return 1
        if (take("(true|false)")) { if (depth == 1) keep(name, piece == "true"); return 1 }
        if (!take("-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?")) return 0
        if (depth == 1) keep(name, piece + 0)
        return 1
    }
    BEGIN {
        string = "\"([^\"\\\\\001-\037]|\\\\.)*\""
        digits = "[0-9]+(_[0-9]+)*"
        decimal = "[-+]?(" digits "[.]?(" digits ")?|[.]" digits ")([eE][-+]?" digits ")?"
    }
    { rest = rest $0 "\n" }
    END {
        gsub(/^[ \t\r\n\v\f]+|[ \t\r\n\v\f]+$/, "", rest)
        if (file ~ /json$/) broken = broken || rest !~ /^[{]/ || !value(0, "") || rest != "" || broken
        else if (rest ~ "^" decimal "$") { gsub(/_/, "", rest); keep("\"reward\"", rest + 0) }
        for (name in numbers) { count++; if (!(numbers[name] >= 1)) short++ }
        named = "\"reward\"" in numbers
        whole = !broken && (named ? numbers["\"reward\""] >= 1 : count > 0 && !short)
        print "1..1"
        print (whole ? "ok" : "not ok") " 1 - reward"
        if (broken || !count) print "# no reward was written as it has to be; the verifier ended with " status
        exit !whole
    }' "$file"
