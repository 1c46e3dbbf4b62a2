"""A job: one attempt at one task, with a seed that depends on nothing else.

Two runs with the same run seed attempt the same tasks with the same seeds, in any order of their workers. So an
evaluation before training and one after it are comparable pair by pair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from codegym.digest import digest_json
from codegym.episode import Episode


@dataclass(frozen=True)
class Job:
    """One attempt. ``sample`` numbers the attempts at a task from 0; ``seed`` decides every random choice."""

    task: str
    sample: int
    seed: int

    @classmethod
    def of(cls, episode: Episode) -> Self:
        """Return the job that ``episode`` was made for."""
        return cls(episode.task, episode.sample, episode.seed)


def job_seed(run_seed: int, task: str, sample: int) -> int:
    """Return the seed of one attempt, between 0 and 2**31 - 1: a hash of the three arguments."""
    return int(digest_json([run_seed, task, sample])[:8], 16) >> 1


def make_jobs(tasks: Iterable[str], samples: int, run_seed: int) -> list[Job]:
    """Return ``samples`` jobs for each task id, a task's samples side by side."""
    return [Job(task, sample, job_seed(run_seed, task, sample)) for task in tasks for sample in range(samples)]


def by_turns(jobs: Iterable[Job]) -> list[Job]:
    """Return the jobs with the first attempt at every task first, then every second one, and so on.

    Attempts at the same task need the same test runs and wait for each other; attempts at different tasks do not.
    """
    attempts: Counter[str] = Counter()
    turns: list[tuple[int, Job]] = []
    for job in jobs:
        turns.append((attempts[job.task], job))
        attempts[job.task] += 1
    return [job for _, job in sorted(turns, key=lambda turn: turn[0])]
