"""The 95 % interval of a mean over tasks, of which some are alike.

Two bugs in one function are solved, or not, together, so they tell less than two bugs in different ones. What is
resampled is therefore *clusters* of tasks: each draw takes whole clusters, and its mean is over their tasks.

The interval is a percentile interval of these draws. For G clusters that is too narrow, by about the factor
``sqrt((G - 1) / G)`` and by the difference between the normal distribution and Student's: the percentiles are
moved outward to make up for both (Hesterberg 2015, "What Teachers Should Know about the Bootstrap"). Fewer than
five clusters have too few different draws for a percentile; there the interval is Student's around the mean, with
the standard error of the jackknife over clusters, cut to what is possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

FEW_CLUSTERS = 10
"""With fewer, a 95 % interval covers the truth clearly less often than that: outputs say that it is rough."""
_FEWEST_TO_RESAMPLE = 5
"""With fewer, the percentile interval ends at the smallest and the largest draw."""
RESAMPLES = 10_000
"""Bootstrap resamples: the endpoints' own noise is then well below a tenth of a point."""
_BLOCK = 2_000_000
"""The most draws in memory at once."""
_NORMAL = NormalDist()
_STUDENT = {1: 12.7062, 2: 4.3027, 3: 3.1824}
"""The 97.5 % quantile of Student's distribution by degrees of freedom, where its expansion is not exact enough."""

Clusters = Mapping[str, str]
"""Task id -> the name of its cluster. A task that is missing here is a cluster of its own."""
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean over ``tasks`` tasks as a fraction, and its 95 % interval, which resamples ``clusters`` of them."""

    value: float
    ci95: tuple[float, float]
    tasks: int
    clusters: int


def mean_over_tasks(
    values: Mapping[str, float], clusters: Clusters, *, least: float = 0.0, seed: int = 0
) -> Estimate:
    """Return the mean of ``values`` (one per task, from ``least`` to 1) with its interval over clusters.

    The same values and seed give the same interval. Raises ``ValueError`` if ``values`` is empty.
    """
    if not values:
        raise ValueError("no values to resample")
    by_cluster: dict[tuple[bool, str], list[float]] = {}
    for task, value in values.items():
        key = (True, clusters[task]) if task in clusters else (False, task)
        by_cluster.setdefault(key, []).append(value)
    sums = np.array([sum(group) for group in by_cluster.values()])
    sizes = np.array([float(len(group)) for group in by_cluster.values()])
    resample = len(sums) >= _FEWEST_TO_RESAMPLE
    ends = percentile_interval(sums, sizes, seed=seed) if resample else jackknife_interval(sums, sizes, least)
    return Estimate(float(np.mean(list(values.values()))), ends, len(values), len(sums))


def rough_note(clusters: int) -> str:
    """Return ``7 clusters: the interval is rough``, or nothing if there are enough."""
    if clusters >= FEW_CLUSTERS:
        return ""
    return f"{clusters} cluster{'' if clusters == 1 else 's'}: the interval is rough"


def percentile_interval(
    sums: Values, sizes: Values, *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Return the interval of ``sum(sums) / sum(sizes)`` from draws of clusters, with percentiles moved outward.

    ``sums`` and ``sizes`` have the shape ``(clusters,)``, at least two: a cluster's sum of values, and how many.
    """
    count, rng = len(sums), np.random.default_rng(seed)
    step = max(1, _BLOCK // count)
    edges = [*range(0, resamples, step), resamples]
    draws = (rng.integers(0, count, (end - start, count)) for start, end in pairwise(edges))
    means = np.concatenate([sums[draw].sum(axis=1) / sizes[draw].sum(axis=1) for draw in draws])
    below = _NORMAL.cdf(-sqrt(count / (count - 1)) * student_quantile(count - 1))
    low, high = np.percentile(means, [100 * below, 100 * (1 - below)])
    return float(low), float(high)


def jackknife_interval(sums: Values, sizes: Values, least: float) -> tuple[float, float]:
    """Return Student's interval of ``sum(sums) / sum(sizes)``, cut to ``least`` and 1; with one cluster, these.

    Its standard error is that of the means without one cluster each (Efron and Stein 1981, "The jackknife estimate
    of variance"), around the mean of all.
    """
    count, mean = len(sums), float(sums.sum() / sizes.sum())
    if count == 1:
        return least, 1.0
    without_one = (sums.sum() - sums) / (sizes.sum() - sizes)
    error = sqrt((count - 1) / count * float(((without_one - mean) ** 2).sum()))
    reach = student_quantile(count - 1) * error
    return max(least, mean - reach), min(1.0, mean + reach)


def student_quantile(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's distribution, to a thousandth, for ``freedom`` >= 1 degrees.

    The expansion is Abramowitz and Stegun 1964, 26.7.5.
    """
    if freedom in _STUDENT:
        return _STUDENT[freedom]
    z = _NORMAL.inv_cdf(0.975)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(z + sum(term / freedom**power for power, term in enumerate(terms, 1)))
