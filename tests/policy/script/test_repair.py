"""The script that makes a gold patch line by line, and the baselines that have its tools but not the patch."""

import re
from contextlib import closing
from textwrap import indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegym.env import CodeEnv
from codegym.episode import StopReason
from codegym.errors import ConfigError
from codegym.patch import make_patch
from codegym.patch.read import parse_patch
from codegym.policy.protocol import Opening, Policy
from codegym.policy.script.baseline import guess, rules
from codegym.policy.script.repair import excerpt_lines, line_edits, repair
from codegym.policy.script.script import ScriptedPolicy
from codegym.rollout.job import Job
from codegym.rollout.play import play
from codegym.sandbox.protocol import File
from codegym.suite import Suite, load_suite
from codegym.tool.call import Call

FUNCTION = '''\
def total(prices, limit):
    """Add up."""
    amount = 0
    for price in prices:
        if price > limit:
            continue
        amount += price
    return amount
'''


def made(before: str, after: str) -> str:
    """Make the edits that the script would make, by hand."""
    rows = before.split("\n")
    shown = {n: row for n, row in enumerate(rows, 1) if row and '"""' not in row}
    (section,) = parse_patch(make_patch({"a.py": File(before.encode())}, {"a.py": File(after.encode())}))
    for call in line_edits(shown, section.hunks[0]):
        at, text = int(str(call.arguments["line"])) - 1, str(call.arguments["text"])
        margin = re.match(" *", rows[at])[0]  # type: ignore[index]
        if call.tool == "add":
            margin += "    " * rows[at].endswith(":")
            rows.insert(at + 1, text if text.startswith(" ") else margin + text)
        elif text:
            rows[at] = text if text.startswith(" ") else margin + text
        else:
            del rows[at]
    return "\n".join(rows)


@pytest.mark.parametrize(
    "after",
    [
        FUNCTION.replace("amount += price", "amount += price * 2"),
        FUNCTION.replace("        if price > limit:\n            continue\n", ""),
        FUNCTION.replace("continue", "break\n        amount += 1"),
        FUNCTION.replace("    return", "        limit -= 1\n    return"),
        FUNCTION.replace(
            "            continue\n        amount", "            amount = 1\n        else:\n            amount"
        ),
    ],
)
def test_edits_by_line_make_the_patch(after: str) -> None:
    assert made(FUNCTION, after) == after


@given(st.data())
def test_any_change_of_a_body_is_made(data: st.DataObject) -> None:
    rows = FUNCTION.split("\n")
    body = data.draw(st.lists(st.sampled_from([*rows[3:8], "        pass"]), min_size=1, max_size=7))
    after = "\n".join([*rows[:3], *body, ""])
    if after != FUNCTION:
        assert made(FUNCTION, after) in {after, FUNCTION}  # a change at the first line that is shown has no place


@pytest.mark.parametrize(
    "after",
    [
        FUNCTION.replace("        amount += price\n", "\n"),
        FUNCTION.replace("        amount += price\n", "\n        amount += 2 * price\n    \n"),
        FUNCTION.replace("continue\n", "break\n\n"),
        FUNCTION.replace("    amount = 0\n", "    amount = 1\n").replace("    return", "\n    return"),
    ],
)
def test_a_change_with_an_empty_line_is_not_begun(after: str) -> None:
    assert made(FUNCTION, after) == FUNCTION


@pytest.mark.parametrize(
    "after",
    [
        FUNCTION.replace("amount += price", "amount += price * 2"),
        FUNCTION.replace("continue", "break\n        amount += 1"),
    ],
)
def test_a_method_with_tabs_is_repaired(after: str) -> None:
    method = ["class A:\n" + indent(text, "    ").replace("    ", "\t") for text in (FUNCTION, after)]
    rows = method[0].split("\n")
    shown = {n - 1: row.removeprefix("\t") for n, row in enumerate(rows, 1) if row and '"""' not in row and n > 1}
    (section,) = parse_patch(make_patch({"a.py": File(method[0].encode())}, {"a.py": File(method[1].encode())}))
    calls = line_edits(shown, section.hunks[0])
    texts = [str(call.arguments["text"]) for call in calls]
    assert texts
    assert all("\t" + text in method[1] for text in texts if text.startswith("\t"))
    assert all(text.strip() in method[1] for text in texts)


def test_lines_of_another_function_are_not_edited() -> None:
    section = parse_patch(make_patch({"a": File(b"x = 1\ny = 2\n")}, {"a": File(b"x = 1\ny = 3\n")}))[0]
    assert line_edits(excerpt_lines("f\ndef f(): #1\n    return 2 #2*"), section.hunks[0]) == []


@pytest.fixture(scope="module")
def drill() -> Suite:
    return load_suite("drill")


def reward(policy: Policy, suite: Suite, task: str, turns: int = 14) -> float | None:
    with closing(CodeEnv(suite, dialect="line", max_turns=turns)) as env:
        return play(Job(task, 0, 1), policy, env).reward


@pytest.mark.parametrize("task", ["d1-000001", "d3-000011", "d5-000021"])
def test_the_script_repairs_what_is_generated(drill: Suite, task: str) -> None:
    assert reward(repair(), drill, task) == 1


def test_what_the_script_cannot_make_is_submitted_unchanged() -> None:
    kata = load_suite("kata")
    with closing(CodeEnv(kata, dialect="line")) as env:
        episode = play(Job("close-enough", 0, 1), repair(), env)
    assert (episode.stop, episode.patch) == (StopReason.SUBMITTED, "")


def test_rules_write_what_a_docstring_says(drill: Suite) -> None:
    tasks = [drill.draw("train-d1", lambda count, n=n: n * 977 % count) for n in range(12)]
    assert any(reward(rules(), drill, task.id) == 1 for task in tasks)


def test_a_guess_is_decided_by_the_seed_and_ends(drill: Suite) -> None:
    assert reward(guess(), drill, "d1-000002", turns=9) in {0, 1}


def test_no_observation_has_text_of_the_repair(drill: Suite) -> None:
    """Rule 4 of the design: no tool proposes the repair."""
    for task_id in ("d1-000004", "d2-000012", "d4-000003"):
        task = drill.task(task_id)
        hunks = parse_patch(task.gold_patch)[0].hunks
        lines = [line.strip() for hunk in hunks for line in hunk.new if line not in hunk.old]
        with closing(CodeEnv(drill, task=task_id, dialect="line", max_turns=40)) as env:
            texts = [env.reset(seed=0)[0]]
            texts += [env.step(action)[0] for action in ("l", "s", "f 1", "t", "c", "d", "g return", "x cat *.py")]
        assert lines
        assert not [line for line in lines for text in texts if line in text]


@pytest.mark.parametrize("policy", [guess(), rules(), repair()], ids=["guess", "rules", "repair"])
def test_a_script_of_one_dialect_begins_in_no_other(drill: Suite, policy: ScriptedPolicy) -> None:
    with pytest.raises(ConfigError, match="plays in the dialect 'line' only, not in 'tagged'"):
        policy.begin(Opening(drill.task("d1-000001"), "", "", 0, [], "tagged"))


@pytest.mark.parametrize("policy", [guess(), rules()], ids=["guess", "rules"])
def test_a_baseline_submits_where_nothing_can_be_changed(drill: Suite, policy: ScriptedPolicy) -> None:
    opening = Opening(drill.task("d1-000001"), "", "", 0, [], "line")
    script = policy.script(opening)
    assert next(script) == Call("locate")
    with pytest.raises(StopIteration):
        script.send("1 f\nf\ndef f(): #1\n    else: #2*")
