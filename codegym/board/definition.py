"""A board: the one question that its entries answer, and the folder with both.

A board fixes suite, split and samples, so that its numbers can be compared. The folder is content, like a suite:
``board.toml``, ``entries/*.json``, and the generated ``README.md`` and ``index.html``.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError

from codegym.catalog import content
from codegym.errors import ConfigError, unknown, wrong_fields
from codegym.task import Frozen


class Board(Frozen):
    """The content of ``board.toml``.

    ``tasks`` is how many tasks are attempted, spread evenly over the split (0: all). ``samples`` is the number of
    attempts per task. ``ks`` are the k of the pass@k and pass^k that entries report, none above ``samples``.
    ``baseline`` names the policy that gains are measured from (empty: none).
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9._-]*$")
    title: str
    description: str = ""
    suite: str
    split: str | None = None
    tasks: int = Field(0, ge=0)
    samples: int = Field(8, ge=1)
    ks: tuple[int, ...] = (1, 8)
    baseline: str = ""


def board_names() -> tuple[str, ...]:
    """Return the names of the boards in ``leaderboards/``, sorted."""
    return tuple(sorted(path.parent.name for path in content("leaderboards").glob("*/board.toml")))


def board_folder(name: str) -> Path:
    """Return the folder of a board. Raises :class:`ConfigError` with the nearest match."""
    if name not in board_names():
        raise ConfigError(unknown("board", name, board_names()))
    return content("leaderboards") / name


def load_board(folder: Path) -> Board:
    """Read ``board.toml`` in ``folder``. Raises :class:`ConfigError` naming the file and what is wrong with it."""
    path = folder / "board.toml"
    try:
        board = Board(**tomllib.loads(path.read_text()))
    except ValidationError as error:
        raise ConfigError(f"{path}: {wrong_fields(error)}") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if not board.ks or min(board.ks) < 1 or max(board.ks) > board.samples:
        raise ConfigError(f"{path}: ks {list(board.ks)} must be between 1 and samples = {board.samples}")
    return board
