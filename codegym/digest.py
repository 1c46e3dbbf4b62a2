"""Digests of tasks, suites, images and episodes, so that a score always names what it scored.

A digest is the SHA-256, in hex, of a canonical JSON form: keys sorted, no spaces, UTF-8.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest_bytes(content: bytes) -> str:
    """Return the SHA-256 of ``content`` in hex."""
    return hashlib.sha256(content).hexdigest()


def digest_json(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of ``value``, which contains only JSON types.

    A lone surrogate, which stands for a byte that is not UTF-8, is encoded like any other character.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return digest_bytes(text.encode(errors="surrogatepass"))
