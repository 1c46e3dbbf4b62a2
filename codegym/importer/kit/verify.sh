# Runs a task's own verifier and says in TAP whether the reward that it wrote is whole.
#
#     sh verify.sh SCRIPT REWARDS
#
# REWARDS is the folder in which the script leaves reward.txt, a number, or reward.json, numbers by name. The reward
# is whole if the number called "reward" is at least 1, or all are where none has that name.
script=$1 rewards=$2
rm -rf "$rewards" && mkdir -p "$rewards" || exit 3
case "$(head -n 1 "$script")" in
*bash*) bash "$script" >&2 ;;
*) sh "$script" >&2 ;;
esac
status=$?
if [ -f "$rewards/reward.json" ]; then
    tr ',{}\n' '\n\n\n ' <"$rewards/reward.json"
elif [ -f "$rewards/reward.txt" ]; then
    printf '"reward":%s\n' "$(cat "$rewards/reward.txt")"
fi | awk -F: -v status="$status" '
    /"/ {
        gsub(/[ "\t]/, "")
        number = $2 ~ /^-?[0-9.]+([eE][-+]?[0-9]+)?$/ ? $2 + 0 : 0
        count++
        if (number < 1) short++
        if ($1 == "reward") { named = 1; reward = number }
    }
    END {
        whole = named ? reward >= 1 : count > 0 && short == 0
        print "1..1"
        print (whole ? "ok" : "not ok") " 1 - reward"
        if (!count) print "# no reward was written; the verifier ended with " status
        exit !whole
    }'
