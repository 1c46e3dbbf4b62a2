"""Rates with intervals, labels by thirds, and the file that keeps attempts."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import integers

from codegym.difficulty import (
    Difficulty,
    Level,
    TaskAttempts,
    difficulties,
    difficulty_path,
    keep_attempts,
    merged,
    read_attempts,
    wilson,
)
from codegym.errors import TaskError
from codegym.suite import Suite


def attempts(task: str, solved: int, of: int = 8, policy: str = "p", source: str = "1") -> TaskAttempts:
    return TaskAttempts(
        task=task,
        digest="d",
        policy=policy,
        policy_digest=policy,
        attempts=of,
        solved=solved,
        interval=wilson(of, solved),
        sources=(source,),
    )


def levels(*records: TaskAttempts) -> dict[str, str]:
    return {task: one.level.value for task, one in difficulties(records).items()}


@pytest.mark.parametrize(
    ("n", "c", "low", "high"), [(4, 0, 0.0, 0.4899), (10, 5, 0.2366, 0.7634), (8, 8, 0.6756, 1.0)]
)
def test_the_interval_is_wilsons(n: int, c: int, low: float, high: float) -> None:
    assert wilson(n, c) == pytest.approx((low, high), abs=1e-4)


@given(integers(1, 200), integers(0, 200))
def test_an_interval_contains_its_rate(n: int, c: int) -> None:
    low, high = wilson(n, min(c, n)) or (1.0, 0.0)
    assert 0 <= low <= min(c, n) / n <= high <= 1
    assert high > low


def test_no_attempts_have_no_interval_and_no_label() -> None:
    assert wilson(0, 0) is None
    assert Difficulty().level is Level.UNKNOWN
    assert Difficulty().rate is None
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(2, 3)


def test_labels_are_thirds() -> None:
    records = [attempts(f"t{n}", n) for n in range(9)]
    assert [*levels(*records).values()] == ["hard"] * 3 + ["medium"] * 3 + ["easy"] * 3


def test_equal_rates_have_equal_labels() -> None:
    easy = [attempts(f"a{n}", 8) for n in range(3)]
    never = [attempts(f"z{n}", 0) for n in range(5)]
    assert levels(*easy, attempts("m", 4), *never) == (
        {f"a{n}": "easy" for n in range(3)} | {"m": "medium"} | {f"z{n}": "hard" for n in range(5)}
    )


def test_what_attempts_do_not_tell_apart_is_unknown() -> None:
    never = [attempts(f"z{n}", 0) for n in range(9)]
    assert {*levels(*never).values()} == {"unknown"}
    assert levels(*never, attempts("a", 1)) == {"a": "easy"} | {f"z{n}": "unknown" for n in range(9)}


def test_few_attempts_and_few_tasks_are_unknown() -> None:
    assert {*levels(*(attempts(f"t{n}", n, of=3) for n in range(3))).values()} == {"unknown"}
    assert {*levels(attempts("a", 0), attempts("b", 8)).values()} == {"unknown"}


def test_rates_are_pooled_over_policies() -> None:
    (one,) = difficulties([attempts("t", 2), attempts("t", 6, policy="q")]).values()
    assert (one.attempts, one.solved, one.rate, one.policies) == (16, 8, 0.5, ("p", "q"))
    assert one.interval == wilson(16, 8)


def test_tasks_are_compared_only_where_the_same_policies_played() -> None:
    """Else a task would be easy because only the strong policy met it."""
    weak = [attempts(f"w{n}", n) for n in range(3)]
    strong = [attempts(f"s{n}", 6 + n, policy="strong") for n in range(3)]
    assert levels(*weak, *strong) == {
        "w0": "hard", "w1": "medium", "w2": "easy", "s0": "hard", "s1": "medium", "s2": "easy"
    }  # fmt: skip


def test_further_attempts_are_added() -> None:
    (one,) = merged([attempts("t", 2), attempts("t", 5, source="2")])
    assert (one.attempts, one.solved, one.sources, one.interval) == (16, 7, ("1", "2"), wilson(16, 7))


def test_an_entry_counts_until_there_are_episodes() -> None:
    old, new = (attempts("t", n, source=f"entry:{n}") for n in (1, 2))
    assert merged([old, new]) == [new]
    episodes = attempts("t", 3).model_copy(update={"policy_digest": "with turns"})
    assert merged([new, episodes]) == [episodes]
    assert len(merged([new, attempts("t", 3, policy="q"), attempts("u", 3)])) == 3


def test_the_file_is_valid_while_the_task_is_the_same(mini: Suite, tmp_path: Path) -> None:
    suite = replace(mini, root=tmp_path)
    valid = attempts("clamp", 2).model_copy(update={"digest": mini.task("clamp").digest})
    assert read_attempts(suite) == []
    assert (
        keep_attempts(suite, [valid, attempts("total", 1)])
        == difficulty_path(suite)
        == tmp_path / "difficulty.jsonl"
    )
    assert read_attempts(suite) == [valid]
    (tmp_path / "difficulty.jsonl").write_text('{"task": 1}\n')
    with pytest.raises(TaskError, match="line 1"):
        read_attempts(suite)
