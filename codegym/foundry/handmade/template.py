"""The files of a new suite: a manifest and one small task that can be played as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from codegym.errors import ConfigError

_SUITE = """\
name = "{name}"
version = 1                  # raise it when tasks change: it is in the Gymnasium id
title = "{title}"

# Tasks with the same values of these keys of their [metadata] are alike; intervals resample such clusters:
# cluster = ["function"]

# Without [splits] all tasks are in the split "test". With it, every task is in exactly one:
# [splits]
# train = ["clamp"]
# test = []
"""
_TASK: Mapping[str, str] = {
    "instruction.md": "`clamp(5, 0, 3)` returns 5. It should return 3.\n",
    "repo/clamp.py": (
        "def clamp(value, low, high):\n"
        '    """Return the number nearest to value between low and high."""\n'
        "    return max(value, low)\n"
    ),
    "repo/tests/test_clamp.py": (
        "from clamp import clamp\n\n\ndef test_a_number_inside_stays():\n    assert clamp(2, 0, 3) == 2\n"
    ),
    "hidden/tests/test_hidden.py": (
        "from clamp import clamp\n\n\ndef test_a_number_above_is_lowered():\n    assert clamp(5, 0, 3) == 3\n\n\n"
        "def test_a_number_below_is_raised():\n    assert clamp(-1, 0, 3) == 0\n"
    ),
    "gold/clamp.py": (
        "def clamp(value, low, high):\n"
        '    """Return the number nearest to value between low and high."""\n'
        "    return min(max(value, low), high)\n"
    ),
}


def write_template(folder: Path, name: str) -> None:
    """Write a new suite with one task into ``folder``, without the task's ``task.toml``.

    Raises :class:`~codegym.errors.ConfigError` if the folder has files already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} has files already: choose another --out")
    write_manifest(folder, name)
    for path, text in _TASK.items():
        file = folder / "tasks" / "clamp" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def write_manifest(folder: Path, name: str) -> None:
    """Write the ``suite.toml`` of a suite called ``name``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "suite.toml").write_text(_SUITE.format(name=name, title=name.replace("_", " ").capitalize()))
