"""Write what people look at: a board's ``README.md`` and ``index.html``, from its definition and entries."""

from __future__ import annotations

from pathlib import Path

from codegym.board.definition import load_board
from codegym.board.entry import read_entries
from codegym.board.page import page
from codegym.board.standings import Standings, standings
from codegym.board.table import readme


def render(folder: Path) -> Standings:
    """Write both files beside ``board.toml``; the same entries give the same bytes. Returns what they show.

    Raises :class:`~codegym.errors.ConfigError` if ``board.toml`` or an entry is wrong.
    """
    found = standings(load_board(folder), read_entries(folder))
    (folder / "README.md").write_text(readme(found))
    (folder / "index.html").write_text(page(found))
    return found
