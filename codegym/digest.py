"""Everything has a digest, so that a score always names what it scored.

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
    """Return the SHA-256 of ``value``'s canonical JSON; ``value`` holds only JSON types.

    Lone surrogates, which stand for bytes that are not UTF-8, are encoded as they are.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return digest_bytes(text.encode(errors="surrogatepass"))
