"""Attempts of a policy at tasks: the same number at every task, with seeds that depend on nothing else."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path

from codegym.env import CodeEnv
from codegym.episode import Episode, is_graded
from codegym.evaluate.folder import next_sample
from codegym.policy.protocol import Policy
from codegym.rollout.engine import rollout
from codegym.rollout.job import Job, make_jobs
from codegym.rollout.log import EpisodeLog
from codegym.rollout.play import play
from codegym.rollout.retry import Retry
from codegym.suite import Suite


def chosen_tasks(suite: Suite, split: str | None, count: int) -> list[str]:
    """Return the ids of ``count`` tasks spread evenly over the split (0: all); without a split, over the suite."""
    ids = list(suite.split(split).ids)
    if not count or count >= len(ids):
        return ids
    return [ids[i * len(ids) // count] for i in range(count)]


def play_attempts(
    policy: Policy,
    tasks: Sequence[str],
    samples: int,
    *,
    seed: int,
    workers: int,
    retries: int = Retry.times,
    make_env: Callable[[], CodeEnv],
    folder: Path,
) -> Generator[Episode, None, None]:
    """Play ``samples`` episodes of each task, and yield each when it is in the log in ``folder``.

    Episodes that the log already has are yielded first and are not played again.
    """
    with EpisodeLog(folder) as log:
        jobs = make_jobs(tasks, samples, seed)
        yield from rollout(jobs, play, policy, make_env, workers=workers, log=log, retries=retries)


def attempts(
    policy: Policy,
    tasks: Sequence[str],
    samples: int,
    *,
    seed: int,
    workers: int,
    retries: int = Retry.times,
    make_env: Callable[[], CodeEnv],
    folder: Path,
    progress: Callable[[Episode], None] | None = None,
) -> list[Episode]:
    """Return the episodes of :func:`play_attempts`. ``progress`` is called with each when it ends."""
    stream = play_attempts(
        policy, tasks, samples, seed=seed, workers=workers, retries=retries, make_env=make_env, folder=folder
    )
    episodes = []
    with closing(stream):
        for episode in stream:
            episodes.append(episode)
            if progress:
                progress(episode)
    return episodes


def record_attempt(
    env: CodeEnv, policy: Policy, task: str, *, seed: int = 0, folder: Path | None = None
) -> Episode:
    """Play one more attempt at ``task`` and return it; with a ``folder``, it is recorded there."""
    episode = play(Job(task, next_sample(folder, task), seed), policy, env)
    if folder is not None:
        with EpisodeLog(folder) as log:
            log.append(episode)
    return episode


def rate(episodes: Sequence[Episode]) -> float:
    """Return the share of graded episodes with a positive reward; 0.0 if no episode was graded."""
    graded = [episode for episode in episodes if is_graded(episode)]
    return sum((episode.reward or 0) > 0 for episode in graded) / len(graded) if graded else 0.0


def solved_note(episodes: Sequence[Episode]) -> str:
    """Return the solved share in a few words for a progress display: ``solved 30% of 10, 2 lost``."""
    lost = sum(not is_graded(episode) for episode in episodes)
    return f"solved {rate(episodes):.0%} of {len(episodes) - lost}{f', {lost} lost' if lost else ''}"
