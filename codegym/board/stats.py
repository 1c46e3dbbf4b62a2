"""Estimates of a policy's success from counts, with honest intervals.

Boards compare policies by a few numbers, and the usual mistakes make those numbers wrong: a plug-in pass@k is
biased, an interval over episodes ignores that tasks differ, one over tasks that some are alike, an unpaired
comparison throws away that both policies met the same tasks, and an infrastructure failure counted as a zero
blames the policy. Here pass@k is the unbiased estimator, intervals resample clusters of tasks
(:mod:`codegym.board.interval`), differences are paired by task, and episodes that could not be graded are left
out and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import comb
from typing import Literal

from codegym.board.interval import Clusters, Estimate, mean_over_tasks
from codegym.episode import Episode, Outcome, is_graded
from codegym.errors import ConfigError

Kind = Literal["@", "^"]
"""``@``: at least one of k attempts succeeds. ``^``: all of k attempts succeed."""

Counts = Mapping[str, tuple[int, int]]
"""Task id -> (n graded attempts, c resolved ones)."""

NO_CLUSTERS: Clusters = {}
"""Every task is a cluster of its own."""


@dataclass(frozen=True)
class EpisodeCounts:
    """``counts`` of graded and resolved episodes by task, sorted, and how many episodes could not be graded."""

    counts: dict[str, tuple[int, int]]
    infra_errors: int


def is_resolved(episode: Episode) -> bool:
    """Return whether the episode was graded and its verdict is ``resolved``."""
    return is_graded(episode) and episode.verdict is not None and episode.verdict.outcome is Outcome.RESOLVED


def count_episodes(episodes: Iterable[Episode]) -> EpisodeCounts:
    """Count episodes by task. A task that lost all its episodes to infrastructure counts as ``(0, 0)``."""
    counts: dict[str, tuple[int, int]] = {}
    lost = 0
    for episode in episodes:
        n, c = counts.get(episode.task, (0, 0))
        graded = is_graded(episode)
        counts[episode.task] = (n + graded, c + is_resolved(episode))
        lost += not graded
    return EpisodeCounts(dict(sorted(counts.items())), lost)


def pass_at_k(n: int, c: int, k: int) -> float | None:
    """Return the unbiased estimate of P(at least one of k attempts succeeds) from c successes in n.

    ``1 - C(n-c, k) / C(n, k)`` (Chen et al. 2021, "Evaluating Large Language Models Trained on Code", eq. 1).
    ``None`` when n < k: the data can't say. Raises ``ValueError`` unless 0 <= c <= n and k >= 1.
    """
    _check(n, c, k)
    return None if n < k else 1.0 - comb(n - c, k) / comb(n, k)


def pass_hat_k(n: int, c: int, k: int) -> float | None:
    """Return the unbiased estimate of P(all of k attempts succeed) from c successes in n; ``None`` when n < k.

    ``C(c, k) / C(n, k)`` (Yao et al. 2024, "tau-bench", section 3). Raises like :func:`pass_at_k`.
    """
    _check(n, c, k)
    return None if n < k else comb(c, k) / comb(n, k)


def task_values(counts: Counts, k: int, kind: Kind = "@") -> dict[str, float]:
    """Return pass@k (or pass^k) of every task that has at least k graded attempts."""
    estimator = pass_at_k if kind == "@" else pass_hat_k
    values = {task: estimator(n, c, k) for task, (n, c) in counts.items()}
    return {task: value for task, value in values.items() if value is not None}


def estimate(
    counts: Counts, k: int, kind: Kind = "@", *, clusters: Clusters = NO_CLUSTERS, seed: int = 0
) -> Estimate | None:
    """Return pass@k over all tasks that have k graded attempts, with its interval; ``None`` if no task has."""
    values = task_values(counts, k, kind)
    return mean_over_tasks(values, clusters, seed=seed) if values else None


def gain(
    before: Counts,
    after: Counts,
    k: int = 1,
    kind: Kind = "@",
    *,
    clusters: Clusters = NO_CLUSTERS,
    seed: int = 0,
) -> Estimate:
    """Return pass@k of ``after`` minus that of ``before``, paired by task; its interval resamples clusters.

    Raises :class:`ConfigError` if the two did not attempt the same tasks, or no task has k graded attempts on
    both sides.
    """
    if before.keys() != after.keys():
        unpaired = sorted(before.keys() ^ after.keys())
        raise ConfigError(
            f"can't pair: {len(unpaired)} tasks are in one of the two only, for example {unpaired[0]!r}"
        )
    old, new = task_values(before, k, kind), task_values(after, k, kind)
    differences = {task: new[task] - old[task] for task in before if task in old and task in new}
    if not differences:
        raise ConfigError(f"can't pair: no task has {k} graded attempts on both sides")
    return mean_over_tasks(differences, clusters, least=-1.0, seed=seed)


def _check(n: int, c: int, k: int) -> None:
    if not 0 <= c <= n or k < 1:
        raise ValueError(f"need 0 <= c <= n and k >= 1, got n={n}, c={c}, k={k}")
