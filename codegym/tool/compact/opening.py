"""The instruction of a task in few characters, for policies with small contexts: mainly how tests fail."""

from __future__ import annotations

import re

from codegym.tool.cut import clip

BRIEF_CHARS = 160

_ABOUT_FAILURE = re.compile(r"^(E  )|\bassert\b|\b\w*(Error|Exception)\b|^FAILED |\b(expected|got|returned)\b")


def brief_instruction(text: str, limit: int = BRIEF_CHARS) -> str:
    """Return at most ``limit`` characters of an instruction: lines about failures first, then the others."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    failures = [line for line in lines if _ABOUT_FAILURE.search(line)]
    others = [line for line in lines if not _ABOUT_FAILURE.search(line)]
    return clip("\n".join(failures + others), limit)
