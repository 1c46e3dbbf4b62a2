"""A board's rows in order, with their ranks, gains and notes, and how numbers are written: for every output."""

from __future__ import annotations

from dataclasses import dataclass

from codegym.board.definition import Board
from codegym.board.entry import Entry, Score
from codegym.board.interval import Estimate, rough_note
from codegym.board.stats import gain
from codegym.errors import ConfigError

UNKNOWN = "\u2013"
"""Shown if a number is undefined."""


@dataclass(frozen=True)
class Row:
    """An entry and its rank. ``gain`` is in the ranking score, over the baseline; ``note`` is a warning."""

    rank: int
    entry: Entry
    gain: Estimate | None
    note: str = ""


@dataclass(frozen=True)
class Standings:
    """A board's rows, best first."""

    board: Board
    rows: tuple[Row, ...]

    @property
    def ranking_score(self) -> str:
        """The name of the score that ranks: ``pass@1`` unless the board has no k = 1."""
        return f"pass@{min(self.board.ks)}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The scores in a table: pass@k for the smallest and the largest k, and pass^k for the largest."""
        low, high = min(self.board.ks), max(self.board.ks)
        return (f"pass@{low}",) if low == high else (f"pass@{low}", f"pass@{high}", f"pass^{high}")

    @property
    def colours(self) -> dict[str, int]:
        """A colour number per policy, which does not depend on the policy's rank."""
        return {name: i for i, name in enumerate(sorted(row.entry.policy for row in self.rows))}


def standings(board: Board, entries: list[Entry]) -> Standings:
    """Rank ``entries`` by :attr:`Standings.ranking_score` and measure each against the board's baseline."""
    entries = sorted(entries, key=lambda entry: _sort_key(entry, min(board.ks)))
    baseline = next((entry for entry in entries if entry.policy == board.baseline), None)
    digests = [entry.suite_digest for entry in sorted(entries, key=lambda entry: entry.created)]
    rows = [_row(rank, entry, baseline, digests[-1], min(board.ks)) for rank, entry in enumerate(entries, 1)]
    return Standings(board, tuple(rows))


def percent(value: float, *, signed: bool = False) -> str:
    """Return a fraction as a percentage with one decimal, without the sign ``%``: ``12.5``."""
    return f"{100 * value:+.1f}".replace("-", "\u2212") if signed else f"{100 * value:.1f}"


def interval(score: Score | Estimate, *, signed: bool = False) -> str:
    """Return ``10.1 to 14.9``: an interval in percent."""
    low, high = score.ci95
    return f"{percent(low, signed=signed)} to {percent(high, signed=signed)}"


def tasks_and_clusters(entry: Entry) -> str:
    """Return the number of an entry's tasks and, if it is another, of their clusters: ``100 in 64 clusters``."""
    return f"{entry.tasks} in {entry.cluster_count} clusters" if entry.clusters else str(entry.tasks)


def score_note(entry: Entry) -> str:
    """Return a note on lost and unproven episodes, for beside an entry's ranking score or in its place."""
    lost = f"{entry.infra_errors} of {entry.episodes} lost" if entry.infra_errors else ""
    unproven = f"{entry.unproven} unproven" if entry.unproven else ""
    return ", ".join(filter(None, (lost, unproven))) if entry.has_scores else f"no score: {lost}"


def per_episode(entry: Entry, total: float) -> float:
    """Return a total over an entry's episodes as the mean per episode."""
    return total / max(1, entry.episodes)


def _sort_key(entry: Entry, k: int) -> tuple[float, str]:
    """Return the key that sorts entries: the best score first, those without one last, equals by name."""
    score = entry.score(f"pass@{k}")
    return (-score.value if score else 1.0, entry.policy)


def _row(rank: int, entry: Entry, baseline: Entry | None, newest: str, k: int) -> Row:
    notes = _notes(entry, newest)
    measured = None
    if baseline is not None and entry.policy != baseline.policy and entry.has_scores:
        try:
            measured = _gain(baseline, entry, k)
        except ConfigError as error:
            notes.append(f"no gain: {error}")
    return Row(rank, entry, measured, "; ".join(notes))


def _notes(entry: Entry, newest: str) -> list[str]:
    """Return what a reader should know about an entry; ``newest`` is the digest of the suite's last version."""
    notes = []
    if entry.suite_digest != newest:
        notes.append("evaluated on another version of the suite")
    if entry.infra_errors:
        notes.append(f"{'' if entry.has_scores else 'no score: '}{entry.lost()}")
    if entry.unproven:
        notes.append(f"{entry.unproven} of its resolved episodes rest on tests that can't be examined (unproven)")
    if entry.outcomes.get("tampered"):
        notes.append(f"{entry.outcomes['tampered']} of its episodes tampered with their tests")
    if entry.has_scores and (rough := rough_note(entry.cluster_count)):
        notes.append(rough)
    return notes


def _gain(baseline: Entry, entry: Entry, k: int) -> Estimate:
    if not baseline.has_scores:
        raise ConfigError(f"{baseline.policy}: {baseline.lost()}")
    return gain(baseline.counts, entry.counts, k, clusters=baseline.clusters | entry.clusters)
