"""Write what people look at: a board's ``README.md`` and ``index.html``, from its definition and entries."""

from __future__ import annotations

import json
from pathlib import Path

from codegym.board.definition import Board, load_board
from codegym.board.entry import read_entries
from codegym.board.page import page
from codegym.board.standings import Standings, standings
from codegym.board.table import readme
from codegym.errors import ConfigError


def render(folder: Path) -> Standings:
    """Write both files beside ``board.toml``; the same entries give the same bytes. Returns what they show.

    Raises :class:`~codegym.errors.ConfigError` if ``board.toml`` or an entry is wrong.
    """
    found = standings(load_board(folder), read_entries(folder))
    (folder / "README.md").write_text(readme(found))
    (folder / "index.html").write_text(page(found))
    return found


def define(folder: Path) -> Board:
    """Return the folder's board; where it has entries only, as a run's folder does, write ``board.toml`` for them.

    Gains are then measured from the policy whose name ends in ``-before``, if there is one. Raises
    :class:`~codegym.errors.ConfigError` if there are neither, or the entries answer different questions.
    """
    if not (folder / "board.toml").is_file():
        entries = read_entries(folder)
        if len({(entry.suite, entry.split) for entry in entries}) != 1:
            raise ConfigError(f"{folder}: no board.toml, and no entries of one suite and split to make it from")
        first, before = entries[0], [e.policy for e in entries if e.policy.endswith("-before")]
        ks = sorted({int(name[5:]) for entry in entries for name in entry.scores if name.startswith("pass@")})
        said: dict[str, object] = {"name": first.board, "title": f"{first.board}: policies on {first.suite}"}
        said |= {
            "suite": first.suite,
            "samples": max(entry.samples_per_task for entry in entries),
            "ks": ks or [1],
        }
        said |= {"split": first.split} if first.split else {}
        said |= {"baseline": before[0]} if before else {}
        lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in said.items())
        (folder / "board.toml").write_text("".join(lines))
    return load_board(folder)
