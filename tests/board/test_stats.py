"""The estimators against their definitions, by enumeration, and against properties they must have."""

from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegym.board.stats import (
    Counts,
    count_episodes,
    estimate,
    gain,
    pass_at_k,
    pass_hat_k,
    task_values,
)
from codegym.episode import Episode, Outcome, StopReason, Verdict
from codegym.errors import ConfigError

attempts = st.integers(0, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
counts = st.dictionaries(st.sampled_from("abcdefgh"), attempts, min_size=1)


def episode(task: str, outcome: Outcome | None, sample: int = 0) -> Episode:
    graded = outcome not in (None, Outcome.INFRA_ERROR)
    return Episode(
        id=f"{task}{sample}",
        suite="s",
        task=task,
        task_digest="d",
        policy="p",
        seed=sample,
        sample=sample,
        stop=StopReason.SUBMITTED,
        verdict=Verdict(outcome=outcome) if outcome else None,
        reward=float(outcome is Outcome.RESOLVED) if graded else None,
    )


@given(attempts, st.integers(1, 10))
def test_equal_the_average_over_every_choice_of_k_attempts(attempt: tuple[int, int], k: int) -> None:
    n, c = attempt
    results = [True] * c + [False] * (n - c)
    drawn = list(combinations(results, k))
    if not drawn:
        assert pass_at_k(n, c, k) is None
        assert pass_hat_k(n, c, k) is None
        return
    assert pass_at_k(n, c, k) == pytest.approx(fmean(any(d) for d in drawn))
    assert pass_hat_k(n, c, k) == pytest.approx(fmean(all(d) for d in drawn))


@given(attempts.filter(lambda a: a[0] > 1), st.data())
def test_more_attempts_help_any_and_hurt_all(attempt: tuple[int, int], data: st.DataObject) -> None:
    n, c = attempt
    k = data.draw(st.integers(1, n - 1))
    assert pass_at_k(n, c, k) <= pass_at_k(n, c, k + 1)
    assert pass_hat_k(n, c, k) >= pass_hat_k(n, c, k + 1)


@given(attempts.filter(lambda a: a[0] > a[1]), st.data())
def test_another_success_never_lowers_either(attempt: tuple[int, int], data: st.DataObject) -> None:
    n, c = attempt
    k = data.draw(st.integers(1, n))
    assert pass_at_k(n, c, k) <= pass_at_k(n, c + 1, k)
    assert pass_hat_k(n, c, k) <= pass_hat_k(n, c + 1, k)


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_nonsense_is_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="need 0 <= c <= n"):
        pass_at_k(n, c, k)


@given(counts, st.integers(1, 9))
@settings(max_examples=25)
def test_an_estimate_lies_in_its_interval_and_counts_only_tasks_it_can_speak_of(found: Counts, k: int) -> None:
    told = estimate(found, k)
    able = [task for task, (n, _) in found.items() if n >= k]
    if not able:
        assert told is None
        return
    low, high = told.ci95
    assert 0 <= low <= told.value + 1e-12
    assert told.value <= high + 1e-12 <= 1 + 1e-9
    assert told.tasks == len(able) == len(task_values(found, k))


def test_pairing_cancels_how_hard_the_tasks_are() -> None:
    before = {f"t{i}": (8, i % 8) for i in range(100)}
    after = {task: (n, c + 1) for task, (n, c) in before.items()}
    found = gain(before, after)
    assert found.value == pytest.approx(1 / 8)
    assert found.ci95 == pytest.approx((1 / 8, 1 / 8))
    with pytest.raises(ConfigError, match="only, for example 't0'"):
        gain({}, after)
    with pytest.raises(ConfigError, match="9 graded attempts"):
        gain(before, after, 9)


def test_a_gain_over_alike_tasks_is_less_certain() -> None:
    before = {f"t{i}": (8, 2) for i in range(40)}
    after = {f"t{i}": (8, 2 + i // 2 % 3) for i in range(40)}
    pairs = {f"t{i}": f"function {i // 2}" for i in range(40)}
    (low, high), (wide_low, wide_high) = gain(before, after).ci95, gain(before, after, clusters=pairs).ci95
    assert gain(before, after, clusters=pairs).value == gain(before, after).value
    assert gain(before, after, clusters=pairs).clusters == 20
    assert (wide_high - wide_low) / (high - low) == pytest.approx(2**0.5, rel=0.15)


@given(counts)
@settings(max_examples=10)
def test_no_policy_gains_on_itself(found: Counts) -> None:
    if any(n for n, _ in found.values()):
        assert gain(found, found).value == 0


def test_what_could_not_be_graded_is_left_out_and_counted() -> None:
    made = [
        episode("b", Outcome.RESOLVED),
        episode("b", Outcome.TAMPERED, 1),
        episode("b", Outcome.INFRA_ERROR, 2),
        episode("a", None),
    ]
    found = count_episodes(made)
    assert found.counts == {"a": (0, 0), "b": (2, 1)}
    assert found.infra_errors == 2
    assert list(found.counts) == ["a", "b"]
    told = estimate(found.counts, 1)
    assert (told.value, told.tasks) == (0.5, 1)
