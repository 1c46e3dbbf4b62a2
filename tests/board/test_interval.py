"""Intervals over clusters against scipy, against what follows from their definition, and by simulation."""

import numpy as np
import pytest

from codegym.board.interval import (
    Values,
    jackknife_interval,
    mean_over_tasks,
    percentile_interval,
    rough_note,
    student_quantile,
)

TRUTH = 0.4


def draw(rng: np.random.Generator, clusters: int) -> list[Values]:
    """Draw solve rates of eight attempts, by cluster of one to five tasks with the same chance of success."""
    chances, sizes = rng.beta(1.2, 1.8, clusters), rng.integers(1, 6, clusters)
    return [rng.binomial(8, chance, size) / 8 for chance, size in zip(chances, sizes, strict=True)]


def coverage(clusters: int, draws: int, *, is_clustered: bool = True) -> float:
    """Return how often the interval contains the mean from which ``draws`` samples were drawn."""
    rng, hits = np.random.default_rng(clusters), 0
    for number in range(draws):
        groups = draw(rng, clusters)
        if not is_clustered:
            groups = [value for group in groups for value in group.reshape(-1, 1)]
        sums, sizes = np.array([g.sum() for g in groups]), np.array([float(len(g)) for g in groups])
        if clusters < 5:
            low, high = jackknife_interval(sums, sizes, 0.0)
        else:
            low, high = percentile_interval(sums, sizes, seed=number, resamples=1500)
        hits += low <= TRUTH <= high
    return hits / draws


@pytest.mark.parametrize("clusters", [10, 20, 40])
def test_it_covers_the_truth_about_as_often_as_it_says(clusters: int) -> None:
    assert 0.92 <= coverage(clusters, 600) <= 0.98


def test_an_interval_that_ignores_clusters_covers_far_less() -> None:
    assert coverage(30, 300, is_clustered=False) < 0.82


@pytest.mark.parametrize("clusters", [3, 5, 8])
def test_few_clusters_are_rough_but_not_worthless(clusters: int) -> None:
    assert 0.86 <= coverage(clusters, 600) <= 0.98


SUMS: Values = np.array([1.5, 0.25, 2.0, 0.0, 0.875, 3.0, 0.5, 1.0])
SIZES: Values = np.array([2.0, 1, 4, 1, 1, 5, 2, 1])


def test_it_is_the_percentile_bootstrap_of_scipy_at_the_level_of_few_clusters() -> None:
    """From scipy 1.17: ``bootstrap(paired=True, method="percentile")`` of the ratio, 400,000 resamples.

    The level is ``1 - 2 * norm.cdf(-sqrt(8 / 7) * t.ppf(0.975, 7))``; at 95 % it is 0.375 to 0.680.
    """
    assert percentile_interval(SUMS, SIZES) == pytest.approx((0.3125, 0.7321), abs=0.01)


def test_tasks_that_only_repeat_another_one_tell_nothing_new() -> None:
    once = {f"t{i}": i % 4 / 4 for i in range(24)}
    thrice = {f"{task} {copy}": value for task, value in once.items() for copy in range(3)}
    names = {name: name.split()[0] for name in thrice}
    single, repeated = mean_over_tasks(once, {}), mean_over_tasks(thrice, names)
    assert repeated.ci95 == pytest.approx(single.ci95)
    assert (repeated.tasks, repeated.clusters) == (72, 24)
    low, high = mean_over_tasks(thrice, {}).ci95
    assert (single.ci95[1] - single.ci95[0]) / (high - low) == pytest.approx(3**0.5, rel=0.1)


def test_many_clusters_of_one_task_agree_with_the_normal_approximation_and_repeat() -> None:
    values = {str(number): float(value) for number, value in enumerate(np.random.default_rng(1).random(400))}
    low, high = mean_over_tasks(values, {}, seed=3).ci95
    assert (low, high) == mean_over_tasks(values, {}, seed=3).ci95 != mean_over_tasks(values, {}, seed=4).ci95
    assert high - low == pytest.approx(2 * 1.96 * np.std([*values.values()]) / 20, rel=0.05)


def test_the_fewest_clusters_get_students_interval_within_what_is_possible() -> None:
    """Means of 0.4, 0.5 and 0.6: their standard error is 0.1 / sqrt(3), Student's quantile 4.303."""
    ones: Values = np.ones(3)
    reach = 4.3027 * 0.1 / 3**0.5
    assert jackknife_interval(np.array([0.4, 0.5, 0.6]), ones, 0.0) == pytest.approx((0.5 - reach, 0.5 + reach))
    assert jackknife_interval(np.array([0.0, 0.5, 1.0]), ones, 0.0) == (0.0, 1.0)
    assert jackknife_interval(np.array([0.0, 0.5, 1.0]), ones, -1.0)[0] == pytest.approx(
        0.5 - 4.3027 * 0.5 / 3**0.5
    )
    assert mean_over_tasks({"a": 0.2, "b": 0.6}, {"a": "f", "b": "f"}).ci95 == (0.0, 1.0)
    with pytest.raises(ValueError, match="no values"):
        mean_over_tasks({}, {})


def test_a_task_without_a_cluster_is_one_even_if_it_is_called_like_one() -> None:
    assert mean_over_tasks({"f": 0.0, "a": 1.0, "b": 1.0}, {"a": "f", "b": "f"}).clusters == 2


def test_few_clusters_are_noted() -> None:
    assert rough_note(7) == "7 clusters: the interval is rough"
    assert rough_note(1) == "1 cluster: the interval is rough"
    assert rough_note(10) == ""


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.706), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042), (99, 1.984)],
)
def test_students_quantile_is_that_of_tables(freedom: int, quantile: float) -> None:
    assert student_quantile(freedom) == pytest.approx(quantile, abs=1.1e-3)
