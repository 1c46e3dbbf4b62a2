"""Which tasks an evaluation plays, and how it counts what was solved."""

from codegym.episode import Episode, Outcome, StopReason, Verdict
from codegym.evaluate.attempts import chosen_tasks, rate, solved_note
from codegym.suite import Suite


def episode(reward: float | None) -> Episode:
    outcome = Outcome.INFRA_ERROR if reward is None else Outcome.RESOLVED if reward else Outcome.UNRESOLVED
    return Episode(
        id="1",
        suite="s",
        task="t",
        task_digest="d",
        policy="p",
        seed=0,
        stop=StopReason.SUBMITTED,
        verdict=Verdict(outcome=outcome),
        reward=reward,
    )


def test_chosen_tasks_are_spread_over_the_split(mini: Suite) -> None:
    every = [task.id for task in mini.split(None)]
    assert chosen_tasks(mini, None, 0) == chosen_tasks(mini, None, 99) == every
    assert chosen_tasks(mini, None, 1) == every[:1]


def test_what_was_lost_does_not_count() -> None:
    assert rate([episode(None), episode(0.0), episode(1.0)]) == 0.5
    assert solved_note([episode(None), episode(0.0), episode(1.0)]) == "solved 50% of 2, 1 lost"
    assert solved_note([episode(1.0)]) == "solved 100% of 1"
