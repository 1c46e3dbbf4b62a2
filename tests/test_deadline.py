"""The ledger of deadlines, by itself and as an episode carries it."""

import pytest

from codegym.deadline import Ledger, current_ledger, keeping, note
from codegym.env import CodeEnv
from codegym.episode import Episode, StopReason
from codegym.suite import Suite


def test_kinds_add_up() -> None:
    ledger = Ledger()
    ledger.note("command", 5.0, 1.0, fired=False)
    ledger.note("command", 60.0, 61.5, fired=True)
    with pytest.raises(TimeoutError), ledger.timed("reset", 1.0):
        raise TimeoutError
    reset, command = ledger.entries()
    assert (command.limit, command.times, command.fired, command.longest, command.total) == (
        60.0,
        2,
        1,
        61.5,
        62.5,
    )
    assert (reset.name, reset.fired, reset.times) == ("reset", 1, 1)
    other = ledger.copy()
    other.note("command", None, 1.0, fired=False)
    assert (other.entries()[1].times, ledger.entries()[1].times) == (3, 2)


def test_a_thread_notes_only_what_it_keeps() -> None:
    note("grade", None, 1.0, fired=False)
    ledger = Ledger()
    with keeping(ledger):
        assert current_ledger() is ledger
        with keeping(None):
            note("grade", None, 1.0, fired=True)
        note("grade", None, 2.0, fired=False)
    (entry,) = ledger.entries()
    assert (entry.limit, entry.total, entry.fired) == (None, 2.0, 0)


@pytest.mark.parametrize("sandbox", ["bwrap", "fake"])
def test_an_episode_says_which_limits_applied_and_which_fired(mini: Suite, sandbox: str) -> None:
    limits = {"command_seconds": 2.0}
    with CodeEnv(mini, sandbox=sandbox, cache=None, limits=limits, max_turns=2) as env:
        env.reset(options={"task": "words"})
        env.step('<tool name="shell"><command>true</command></tool>')
        info = env.step('<tool name="shell"><command>sleep 9</command></tool>')[4]
    found = {deadline.name: deadline for deadline in info["ending"].deadlines}
    assert {"episode", "reset", "step", "command", "grade"} <= set(found)
    assert (found["command"].limit, found["command"].times, found["command"].fired) == (2.0, 2, 1)
    assert 2.0 <= found["command"].longest < 9
    assert (found["episode"].limit, found["episode"].fired) == (1800.0, 0)
    assert found["grade"].limit == env.suite.task("words").limits.grade_seconds
    assert found["step"].times == 2


def test_old_episodes_still_load() -> None:
    old = (
        '{"id": "1", "suite": "s", "task": "t", "task_digest": "d", "policy": "p", "seed": 1, "stop": "submitted"}'
    )
    assert Episode.model_validate_json(old).deadlines == ()
    assert Episode.model_validate_json(old).stop is StopReason.SUBMITTED
