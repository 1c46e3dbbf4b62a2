"""Which embedded boxes are open on this machine, and whose they are, from the process table.

A box leaves nothing on the host by which to count it. But each has a keeper process, whose first argument is the
process id of its owner.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from codegym.sandbox.runner.build import program


def open_boxes() -> Counter[int]:
    """Map each process id to the number of embedded boxes that it has open, with those that wait in a pool."""
    keeper, boxes = str(program("keep")), Counter[int]()
    for folder in Path("/proc").iterdir():
        words = _arguments(folder) if folder.name.isdigit() else []
        if len(words) > 1 and words[0] == keeper:
            boxes[int(words[1])] += 1
    return boxes


def _arguments(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_text(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
