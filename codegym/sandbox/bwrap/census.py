"""Which embedded boxes are open on this machine, and whose they are, read from the process table.

A box can't be counted by what it leaves on the host: it leaves nothing. But each has a keeper, whose arguments
name the process that it belongs to.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from codegym.sandbox.runner.build import program


def open_boxes() -> Counter[int]:
    """Return how many embedded boxes each process has open, waiting ones included, by process id."""
    keeper, found = str(program("keep")), Counter[int]()
    for folder in Path("/proc").iterdir():
        words = _arguments(folder) if folder.name.isdigit() else []
        if len(words) > 1 and words[0] == keeper:
            found[int(words[1])] += 1
    return found


def _arguments(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_text(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
