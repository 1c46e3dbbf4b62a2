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
from codegym.board.stats import Kind, gain
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
    if path.is_file():
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

    Raises :class:`ConfigError` if it is of another suite or another version of it, has no scores, or has none of
    these tasks.
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
    return shared


def compare(before: Entry, after: Entry) -> PairedGains:
    """Return the gain in each score that both entries have, on the tasks that both have.

    Raises :class:`ConfigError` as :func:`shared_tasks` does, or if ``after`` has no scores, or no task has a
    graded attempt on both sides.
    """
    tasks = shared_tasks(before, after.suite, after.suite_digest, after.counts)
    if not after.has_scores:
        raise ConfigError(f"can't compare {after.policy}: {after.lost()}, so that it has no score")
    old, new = ({task: entry.counts[task] for task in tasks} for entry in (before, after))
    clusters = before.clusters | after.clusters
    gains = {}
    for name in after.scores:
        if name in before.scores:
            k, kind = _parse(name)
            gains[name] = gain(old, new, k, kind, clusters=clusters)
    if not gains:
        raise ConfigError(f"can't compare with {before.policy}: the two have no score in common")
    return PairedGains(before, after, gains)


def _parse(score: str) -> tuple[int, Kind]:
    """Return k and the kind of a score, for example of ``pass^8``."""
    return int(score[5:]), "^" if score[4] == "^" else "@"
