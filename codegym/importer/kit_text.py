"""Reads the files of :mod:`codegym.importer.kit` as text, so that they can be written into tasks."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=32)
def kit(name: str) -> str:
    """Return the text of the kit's file ``name``."""
    return files("codegym.importer.kit").joinpath(name).read_text()
