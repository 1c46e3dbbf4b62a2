"""Measuring a policy on a split: every task, the same number of attempts, seeds that depend on nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from codegym.board.definition import Board
from codegym.board.entry import Entry, make_entry
from codegym.board.stats import gain
from codegym.env import CodeEnv
from codegym.episode import Episode, is_graded
from codegym.policy.protocol import Policy
from codegym.rollout.engine import rollout
from codegym.rollout.job import make_jobs
from codegym.rollout.log import EpisodeLog
from codegym.suite import Suite


def chosen_tasks(suite: Suite, split: str | None, count: int) -> list[str]:
    """Return the ids of ``count`` tasks spread evenly over the split (0: all); without a split, over the suite."""
    ids = [task.id for task in suite.split(split)]
    if not count or count >= len(ids):
        return ids
    return [ids[i * len(ids) // count] for i in range(count)]


def attempts(
    policy: Policy,
    tasks: Sequence[str],
    samples: int,
    *,
    seed: int,
    workers: int,
    retries: int,
    make_env: Callable[[], CodeEnv],
    folder: Path,
    told: Callable[[Episode], None] | None = None,
) -> list[Episode]:
    """Play ``samples`` episodes of each task, written below ``folder``; those that are there are not repeated."""
    log = EpisodeLog(folder)
    try:
        return list(
            rollout(
                make_jobs(tasks, samples, seed),
                policy,
                make_env,
                workers=workers,
                log=log,
                retries=retries,
                progress=told,
            )
        )
    finally:
        log.close()


def entry_of(
    episodes: Sequence[Episode],
    suite: Suite,
    *,
    name: str,
    split: str | None,
    samples: int,
    seed: int,
    seconds: float,
    created: str,
) -> Entry:
    """Return the board entry of an evaluation; ``seconds`` is how long it took."""
    board = Board(
        name=name, title=name, suite=suite.name, split=split, samples=samples,
        ks=tuple(k for k in (1, 8) if k <= samples),
    )  # fmt: skip
    return make_entry(
        board,
        episodes,
        suite_digest=suite.digest,
        seeds=(seed,),
        wall_seconds=seconds,
        created=created,
    )


def summary(before: Entry, after: Entry) -> dict[str, object]:
    """Return what a run's ``summary.json`` says of its two evaluations; rates are fractions between 0 and 1.

    The gain is ``None`` where either lost so many episodes that it has no score.
    """
    found = gain(before.counts, after.counts) if before.has_scores and after.has_scores else None
    return {
        "suite": after.suite,
        "suite_digest": after.suite_digest,
        "split": after.split,
        "tasks": after.tasks,
        "samples_per_task": after.samples_per_task,
        "before": before.summary(),
        "after": after.summary(),
        "gain": {"pass@1": found.value, "ci95": list(found.ci95)} if found else None,
        "infra_errors": before.infra_errors + after.infra_errors,
        "lost": {"before": before.lost(), "after": after.lost()},
    }


def rate(episodes: Sequence[Episode]) -> float:
    """Return the share of graded episodes with a positive reward; 0.0 of none."""
    graded = [episode for episode in episodes if is_graded(episode)]
    return sum((episode.reward or 0) > 0 for episode in graded) / len(graded) if graded else 0.0


def told_rate(episodes: Sequence[Episode]) -> str:
    """Return how many episodes were solved, in a few words: ``solved 30% of 10, 2 lost``."""
    lost = sum(not is_graded(episode) for episode in episodes)
    return f"solved {rate(episodes):.0%} of {len(episodes) - lost}{f', {lost} lost' if lost else ''}"
