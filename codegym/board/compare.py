"""One entry against another: the paired gain on the tasks that both attempted.

A difference of two scores with an interval each says little: both intervals contain how much tasks differ. Paired
task by task that cancels, provided that the tasks are the same ones, so the suite's digest has to be the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from codegym.board.entry import Entry, read_entries, read_entry
from codegym.board.interval import Estimate
from codegym.board.stats import Counts, Kind, gain, task_values
from codegym.errors import ConfigError


@dataclass(frozen=True)
class PairedGains:
    """The gains from entry ``before`` to entry ``after`` by score (``pass@1``), on the tasks that both have."""

    before: Entry
    after: Entry
    gains: dict[str, Estimate]


def find_entry(path: Path) -> Entry:
    """Return the entry in a file, or the only one of a folder (``entries/*.json``, as a run or a board has).

    Raises :class:`ConfigError` if there is none, or a folder has several.
    """
    if not path.exists():
        raise ConfigError(f"no such file or folder: {path}; name a board entry, or a folder with one in entries/")
    if not path.is_dir():
        return read_entry(path)
    entries = read_entries(path)
    if len(entries) != 1:
        names = ", ".join(entry.policy for entry in entries) or "none"
        raise ConfigError(
            f"{path} has not one board entry but {len(entries)} ({names}): name a file in its entries/"
        )
    return entries[0]


def shared_tasks(before: Entry, suite: str, suite_digest: str, tasks: Iterable[str]) -> list[str]:
    """Return the tasks that ``before`` has of those that are, or shall be, attempted in a suite.

    Raises :class:`ConfigError` if it is of another suite or another version of it, has no scores, has none of
    these tasks, or lost all its attempts at them.
    """
    where = f"can't compare with {before.policy}"
    if before.suite != suite:
        raise ConfigError(f"{where}: it is on suite {before.suite!r}, not {suite!r}")
    if before.suite_digest != suite_digest:
        raise ConfigError(
            f"{where}: it is on another version of suite {suite!r}, {before.suite_digest[:10]}, "
            f"not {suite_digest[:10]}: evaluate it again"
        )
    if not before.has_scores:
        raise ConfigError(f"{where}: {before.lost()}, so that it has no score")
    shared = [task for task in tasks if task in before.counts]
    if not shared:
        raise ConfigError(f"{where}: it has none of these tasks: choose the same --split and --tasks")
    if not any(before.counts[task][0] for task in shared):
        raise ConfigError(f"{where}: all its attempts at these tasks were lost: evaluate it again")
    return shared


def compare(before: Entry, after: Entry) -> PairedGains:
    """Return the gain in pass@1, and in each other score that both entries have, on the tasks that both have.

    A score is left out if no task has its k graded attempts on both sides. Raises :class:`ConfigError` as
    :func:`shared_tasks` does, or if ``after`` has no scores, or no task has a graded attempt on both sides.
    """
    gains = possible_gains(before, after)
    if not gains:
        raise ConfigError(
            f"can't compare with {before.policy}: no task has a graded attempt on both sides: evaluate again"
        )
    return PairedGains(before, after, gains)


def possible_gains(before: Entry, after: Entry) -> dict[str, Estimate]:
    """Return the gains of :func:`compare`, none if no task has a graded attempt on both sides."""
    tasks = shared_tasks(before, after.suite, after.suite_digest, after.counts)
    if not after.has_scores:
        raise ConfigError(f"can't compare {after.policy}: {after.lost()}, so that it has no score")
    old, new = ({task: entry.counts[task] for task in tasks} for entry in (before, after))
    clusters = before.clusters | after.clusters
    names = dict.fromkeys(["pass@1", *(name for name in after.scores if name in before.scores)])
    scores = ((name, *_parse(name)) for name in names)
    return {
        name: gain(old, new, k, kind, clusters=clusters) for name, k, kind in scores if _is_paired(old, new, k)
    }


def _is_paired(before: Counts, after: Counts, k: int) -> bool:
    """Return whether a task has k graded attempts on both sides."""
    return not task_values(before, k).keys().isdisjoint(task_values(after, k))


def _parse(score: str) -> tuple[int, Kind]:
    """Return k and the kind of a score, for example of ``pass^8``."""
    return int(score[5:]), "^" if score[4] == "^" else "@"
