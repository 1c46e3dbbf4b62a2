"""How a tiny policy's tokenizer cuts a text before it makes tokens of the parts; without torch."""

from __future__ import annotations

import re

WORDS = r"[A-Za-z_]+|[0-9]+|[^A-Za-z_0-9]+"
"""A name is in the same tokens wherever it stands: the space before it belongs to what is between words."""


def fewest_tokens(text: str) -> int:
    """Return how many tokens a text has at least: no token is part of two words."""
    return len(re.findall(WORDS, text))
