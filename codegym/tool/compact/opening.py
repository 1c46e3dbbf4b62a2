"""What a policy with a small context is told of a task: how the failing tests fail, and little else."""

from __future__ import annotations

import re

from codegym.tool.cut import clip

BRIEF_CHARS = 240

_TELLING = re.compile(r"^(E  )|\bassert\b|\b\w*(Error|Exception)\b|^FAILED |\b(expected|got|returned)\b")


def brief_instruction(text: str, limit: int = BRIEF_CHARS) -> str:
    """Return at most ``limit`` characters of an instruction: lines about failures first, then the others."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)]
    others = [line for line in lines if not _TELLING.search(line)]
    return clip("\n".join(telling + others), limit)
