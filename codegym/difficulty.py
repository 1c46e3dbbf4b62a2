"""How hard tasks are, measured: how often policies solved each, with an interval, and the label that follows.

``difficulty.jsonl``, beside the suite's certificates, has one line per task and policy. A line is valid while the
task has the digest that the line names. A size says little about difficulty, so that a task that nobody has tried
is :attr:`Level.UNKNOWN`.

A task's rate is pooled over all policies that attempted it. Tasks are compared only with tasks that the same
policies attempted, and labelled by thirds: a task's place is the share of these tasks with a higher rate, and half
the share of those with the same one. Below one third it is easy, above two thirds hard, otherwise medium.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from pathlib import Path
from statistics import NormalDist

from pydantic import ValidationError

from codegym.atomic import write_whole
from codegym.catalog import cache_dir
from codegym.errors import TaskError, wrong_fields
from codegym.suite import Suite
from codegym.task import Frozen

FEWEST_ATTEMPTS = 4
"""Graded attempts that a label needs: the interval of none solved in four already covers half of all rates."""
FEWEST_TASKS = 3
"""Tasks that the same policies attempted, for a label: one per third."""
_MOST_EQUAL = 2 / 3
"""The largest share of tasks with the same rate that is labelled: more are not told apart."""
_NORMAL_95 = NormalDist().inv_cdf(0.975)


class Level(StrEnum):
    """The label of a task."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"
    UNKNOWN = "unknown"


class TaskAttempts(Frozen):
    """One policy's attempts at one task.

    ``attempts`` were graded, ``solved`` of them resolved the task; attempts that the machine lost are in neither.
    ``interval`` is the 95 % interval of the solve rate. ``policy_digest`` is over how the policy played: its name,
    dialect, turns and limits. ``sources`` are the ids of the episodes, or ``entry:`` and the digest of a board
    entry's episodes; they keep an attempt from being counted twice.
    """

    task: str
    digest: str
    policy: str
    policy_digest: str
    attempts: int
    solved: int
    interval: tuple[float, float] | None = None
    sources: tuple[str, ...] = ()

    @property
    def is_from_entry(self) -> bool:
        """Whether the counts are from a board entry, not from episodes."""
        return any(source.startswith("entry:") for source in self.sources)


@dataclass(frozen=True)
class Difficulty:
    """A task's label, and what it rests on: attempts of all ``policies``, and the 95 % interval of their rate."""

    level: Level = Level.UNKNOWN
    attempts: int = 0
    solved: int = 0
    interval: tuple[float, float] | None = None
    policies: tuple[str, ...] = ()

    @property
    def rate(self) -> float | None:
        """The share of attempts that solved the task; ``None`` if there were none."""
        return self.solved / self.attempts if self.attempts else None


def wilson(attempts: int, solved: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a rate, ``solved`` of ``attempts``; ``None`` if there were no attempts.

    Wilson's score interval (Wilson 1927, "Probable inference, the law of succession, and statistical inference"):
    unlike a bootstrap over attempts it has a width when all attempts or none succeeded.
    """
    if not 0 <= solved <= attempts:
        raise ValueError(f"need 0 <= solved <= attempts, got {solved} of {attempts}")
    if not attempts:
        return None
    rate, square = solved / attempts, _NORMAL_95**2 / attempts
    middle = (rate + square / 2) / (1 + square)
    half = _NORMAL_95 * sqrt(rate * (1 - rate) / attempts + square / attempts / 4) / (1 + square)
    return max(0.0, min(rate, middle - half)), min(1.0, max(rate, middle + half))


def difficulty_path(suite: Suite) -> Path:
    """Return the path of a suite's attempts: beside it, or in the cache if its folder is not writable."""
    path = suite.root / "difficulty.jsonl"
    if path.is_file() or os.access(suite.root, os.W_OK):
        return path
    return cache_dir() / "difficulty" / f"{suite.name}-v{suite.manifest.version}.jsonl"


def read_attempts(suite: Suite) -> list[TaskAttempts]:
    """Return the valid lines of a suite's file: those that name a task's present digest.

    Raises :class:`~codegym.errors.TaskError` naming a line that can't be read.
    """
    path, records = difficulty_path(suite), []
    for number, line in enumerate(path.read_bytes().splitlines() if path.is_file() else (), 1):
        try:
            record = TaskAttempts.model_validate_json(line)
        except ValidationError as error:
            raise TaskError(
                f"{path}, line {number}: {wrong_fields(error)}; delete it and measure again"
            ) from error
        task = suite.tasks.get(record.task)
        if task is not None and task.digest == record.digest:
            records.append(record)
    return records


def keep_attempts(suite: Suite, new: Iterable[TaskAttempts]) -> Path:
    """Add ``new`` attempts to those of the suite's file, and return the file. Lines that are not valid go."""
    path = difficulty_path(suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    records = merged([*read_attempts(suite), *new])
    write_whole(path, "".join(record.model_dump_json(exclude_defaults=True) + "\n" for record in records))
    return path


def merged(records: Iterable[TaskAttempts]) -> list[TaskAttempts]:
    """Return one record per task and way of playing, sorted by task.

    Where a policy has episodes of a task, board entries by a policy of that name are left out: they count the same
    attempts, as a rule.
    """
    by_key: dict[tuple[str, str, str, str], TaskAttempts] = {}
    for record in records:
        key = (record.task, record.digest, record.policy, record.policy_digest)
        by_key[key] = _sum(by_key[key], record) if key in by_key else record
    played = {(record.task, record.policy) for record in by_key.values() if not record.is_from_entry}
    records = [r for r in by_key.values() if not (r.is_from_entry and (r.task, r.policy) in played)]
    return sorted(records, key=lambda record: (record.task, record.policy, record.policy_digest))


def _sum(one: TaskAttempts, other: TaskAttempts) -> TaskAttempts:
    """Return two records of different episodes as one. Of two board entries the later one counts."""
    if other.is_from_entry:
        return other
    attempts, solved = one.attempts + other.attempts, one.solved + other.solved
    sums = {"attempts": attempts, "solved": solved, "interval": wilson(attempts, solved)}
    return one.model_copy(update=sums | {"sources": (*one.sources, *other.sources)})


def difficulties(records: Iterable[TaskAttempts]) -> dict[str, Difficulty]:
    """Return the difficulty of each task that was attempted; all others are ``Difficulty()``."""
    by_task: dict[str, list[TaskAttempts]] = defaultdict(list)
    for record in records:
        if record.attempts:
            by_task[record.task].append(record)
    pooled = {task: _pooled(attempts) for task, attempts in by_task.items()}
    alike: dict[frozenset[tuple[str, str]], dict[str, Difficulty]] = defaultdict(dict)
    for task, attempts in by_task.items():
        if pooled[task].attempts >= FEWEST_ATTEMPTS:
            alike[frozenset((r.policy, r.policy_digest) for r in attempts)][task] = pooled[task]
    labels = {task: level for tasks in alike.values() for task, level in _labels(tasks).items()}
    return {
        task: Difficulty(labels.get(task, Level.UNKNOWN), d.attempts, d.solved, d.interval, d.policies)
        for task, d in pooled.items()
    }


def _pooled(records: Iterable[TaskAttempts]) -> Difficulty:
    records = list(records)
    attempts, solved = sum(r.attempts for r in records), sum(r.solved for r in records)
    policies = tuple(dict.fromkeys(record.policy for record in records))
    return Difficulty(Level.UNKNOWN, attempts, solved, wilson(attempts, solved), policies)


def _labels(tasks: Mapping[str, Difficulty]) -> dict[str, Level]:
    """Return the labels of tasks that the same policies attempted."""
    rates = {task: difficulty.rate or 0.0 for task, difficulty in tasks.items()}
    counts = Counter(rates.values())
    labels: dict[str, Level] = {}
    for task, rate in rates.items():
        easier = sum(count for other, count in counts.items() if other > rate)
        place = (easier + counts[rate] / 2) / len(rates)
        if len(rates) < FEWEST_TASKS or counts[rate] > _MOST_EQUAL * len(rates):
            labels[task] = Level.UNKNOWN
        else:
            labels[task] = Level.EASY if place < 1 / 3 else Level.HARD if place > 2 / 3 else Level.MEDIUM
    return labels
