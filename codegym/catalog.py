"""Where content lives: suites, images and boards, in a checkout or in the installed wheel; and the cache.

Content is data. In a checkout it is ``envs/``, ``sandboxes/`` and ``leaderboards/`` beside the package; in a
wheel the same folders are found in ``codegym/_catalog/``.
"""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def content(folder: str) -> Path:
    """Return the path of ``envs``, ``sandboxes`` or ``leaderboards``."""
    packed = _PACKAGE / "_catalog" / folder
    return packed if packed.is_dir() else _PACKAGE.parent / folder


def cache_dir() -> Path:
    """Return codegym's cache folder: ``$XDG_CACHE_HOME/codegym`` or ``~/.cache/codegym``; not created here.

    All in it can be deleted at any time when no codegym process runs; it is made again on demand.
    """
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "codegym"
