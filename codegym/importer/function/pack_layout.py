"""How a function of HumanEvalPack is laid out as a small repository, whatever its language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Layout:
    """``files`` are what the agent sees, ``path`` the one with the function, ``hidden`` what grading lays over.

    ``test`` is the id of the hidden test, ``example`` of the visible one (empty: there is none).
    """

    framework: Literal["pytest", "tap", "node"]
    path: str
    files: Mapping[str, str]
    hidden: Mapping[str, str]
    test: str
    example: str
    command: str = ""
    protected: tuple[str, ...] = ()
