"""The files of :mod:`codegym.importer.kit` as text, since what they are used for is to be laid into a tree."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=32)
def kit(name: str) -> str:
    """Return the text of one file of the kit."""
    return files("codegym.importer.kit").joinpath(name).read_text()
