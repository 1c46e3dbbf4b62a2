"""Where content lives: suites, images and boards, in a checkout or in the installed wheel; and the cache.

Content is data. In a checkout it is ``envs/``, ``sandboxes/`` and ``leaderboards/`` beside the package; in a
wheel the same folders are found in ``codegym/_catalog/``. Suites that a user imports or forges lie, or are
linked, in a folder of the user's.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import cache, lru_cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def content(folder: str) -> Path:
    """Return the path of ``envs``, ``sandboxes`` or ``leaderboards``."""
    packed = _PACKAGE / "_catalog" / folder
    return packed if packed.is_dir() else _PACKAGE.parent / folder


def suites_dir() -> Path:
    """Return the folder of the user's own suites: ``$XDG_DATA_HOME/codegym/suites`` or below ``~/.local/share``.

    Each entry is a suite's folder or a link to one, under the suite's name. Not created here.
    """
    return _data_dir() / "suites"


def images_dir() -> Path:
    """Return the folder of the user's own images, beside :func:`suites_dir`; not created here."""
    return _data_dir() / "images"


def cache_dir() -> Path:
    """Return codegym's cache folder: ``$XDG_CACHE_HOME/codegym`` or ``~/.cache/codegym``; not created here.

    All in it can be deleted at any time when no codegym process runs; it is made again on demand.
    """
    return _ours(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111  a hot path


def private_places() -> tuple[Path, ...]:
    """Return the folders in which hidden tests and solutions may lie, and which no box may see.

    They are the user's suites, the cache, what codegym was imported from, and the packages of this Python, of
    which any may bring suites.
    """
    return (*(Path(os.path.realpath(folder)) for folder in (suites_dir(), cache_dir())), *_code())


@cache
def _code() -> tuple[Path, ...]:
    bases = ({"base": prefix, "platbase": prefix} for prefix in (sys.prefix, sys.base_prefix))
    packages = (Path(sysconfig.get_path("purelib", vars=base)) for base in bases)
    return tuple(place.resolve() for place in (_PACKAGE.parent, *packages))


def _data_dir() -> Path:
    return _ours(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"))  # noqa: PTH111


@lru_cache(maxsize=8)
def _ours(base: str) -> Path:
    return Path(base, "codegym")
