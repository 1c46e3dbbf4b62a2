"""Write a board's ``README.md`` and ``index.html`` from its definition and entries."""

from __future__ import annotations

import json
from pathlib import Path

from codegym.board.definition import Board, load_board
from codegym.board.entry import Entry, read_entries
from codegym.board.page import page
from codegym.board.standings import Standings, standings
from codegym.board.table import readme
from codegym.errors import ConfigError


def render(folder: Path) -> Standings:
    """Write both files beside ``board.toml`` and return what they show; the same entries give the same bytes.

    Raises :class:`~codegym.errors.ConfigError` if ``board.toml`` or an entry is wrong.
    """
    table = standings(load_board(folder), read_entries(folder))
    (folder / "README.md").write_text(readme(table))
    (folder / "index.html").write_text(page(table))
    return table


def define_board(folder: Path) -> Board:
    """Return the folder's board; if it has only entries, as a run's folder does, write ``board.toml`` for them.

    Gains are then measured from the policy whose name ends in ``-before``, if there is one. Raises
    :class:`~codegym.errors.ConfigError` if there are neither, or the entries answer different questions.
    """
    if not (folder / "board.toml").is_file():
        fields = _definition(folder, read_entries(folder))
        lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items())
        (folder / "board.toml").write_text("".join(lines))
    return load_board(folder)


def _definition(folder: Path, entries: list[Entry]) -> dict[str, object]:
    """Return the fields of the board that ``entries`` answer."""
    if len({(entry.suite, entry.split) for entry in entries}) != 1:
        raise ConfigError(f"{folder}: no board.toml, and no entries of one suite and split to make it from")
    first, before = entries[0], [entry.policy for entry in entries if entry.policy.endswith("-before")]
    ks = {int(name[5:]) for entry in entries for name in entry.scores if name.startswith("pass@")}
    fields: dict[str, object] = {
        "name": first.board,
        "title": f"{first.board}: policies on {first.suite}",
        "suite": first.suite,
        "samples": max(entry.samples_per_task for entry in entries),
        "ks": sorted(ks) or [1],
    }
    optional = {"split": first.split, "baseline": before[0] if before else None}
    return fields | {key: value for key, value in optional.items() if value}
