"""The board as one HTML file that opens from disk: no script, no network, light and dark, with screen readers."""

from __future__ import annotations

from codegym.board import plot
from codegym.board.standings import Row, Standings, per_episode, score_note
from codegym.board.template import fill
from codegym.episode import MOST_LOST


def page(table: Standings) -> str:
    """Return the board's ``index.html``."""
    return fill(
        "board.html.j2",
        board=table.board,
        table=table,
        facts=_facts(table),
        notes=[f"{row.entry.policy}: {row.note}" for row in table.rows if row.note],
        curves=plot.curves(table),
        gains=plot.gains(table),
        heat=plot.heat(table),
        tasks=plot.by_difficulty([row.entry for row in table.rows]),
        score_note=score_note,
        tokens=_tokens,
        seconds=_seconds,
        most_lost=f"{100 * MOST_LOST:.0f}",
    )


def _facts(table: Standings) -> list[tuple[str, object]]:
    return [
        ("suite", table.board.suite),
        ("split", table.board.split or "all"),
        ("tasks", max((row.entry.tasks for row in table.rows), default=0)),
        ("clusters of tasks", max((row.entry.cluster_count for row in table.rows), default=0)),
        ("attempts per task", table.board.samples),
        ("policies", len(table.rows)),
    ]


def _tokens(row: Row) -> str:
    return f"{per_episode(row.entry, row.entry.tokens.get('completion_tokens', 0)):,.0f}"


def _seconds(row: Row) -> str:
    return f"{per_episode(row.entry, row.entry.seconds.get('all', 0.0)):.1f}"
