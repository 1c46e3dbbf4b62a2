"""The layout of a HumanEvalPack function as a small repository, in any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Layout:
    """A small repository with one function.

    ``files`` are what the agent sees; ``path`` is the file with the function; ``hidden`` are the files that
    grading adds. ``test`` is the id of the hidden test, ``example`` that of the visible one (empty if there is
    none).
    """

    framework: Literal["pytest", "tap", "node"]
    path: str
    files: Mapping[str, str]
    hidden: Mapping[str, str]
    test: str
    example: str
    command: str = ""
    protected: tuple[str, ...] = ()
