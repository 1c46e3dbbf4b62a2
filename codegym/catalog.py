"""The folders of content (suites, images, boards), in a checkout or in the installed wheel, and the cache.

In a checkout the content is in ``envs/``, ``sandboxes/`` and ``leaderboards/`` beside the package; a wheel has the
same folders in ``codegym/_catalog/``. Suites that a user imports or forges are in a folder of the user's own.
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

    Each entry is a suite's folder or a link to one, named like the suite. This function does not create it.
    """
    return _data_dir() / "suites"


def images_dir() -> Path:
    """Return the folder of the user's own images, beside :func:`suites_dir`; this does not create it."""
    return _data_dir() / "images"


def cache_dir() -> Path:
    """Return codegym's cache folder: ``$XDG_CACHE_HOME/codegym`` or ``~/.cache/codegym``.

    This does not create it. While no codegym process runs, the whole folder may be deleted: its content is made
    again on demand.
    """
    return _codegym_folder(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111  a hot path


def private_places() -> tuple[Path, ...]:
    """Return the folders that may contain hidden tests or solutions, and that no box may see.

    They are the user's suites, the cache, the folder that codegym was imported from, and this Python's packages,
    since any of them may provide suites.
    """
    return (*(Path(os.path.realpath(folder)) for folder in (suites_dir(), cache_dir())), *_code_folders())


@cache
def _code_folders() -> tuple[Path, ...]:
    bases = ({"base": prefix, "platbase": prefix} for prefix in (sys.prefix, sys.base_prefix))
    packages = (Path(sysconfig.get_path("purelib", vars=base)) for base in bases)
    return tuple(folder.resolve() for folder in (_PACKAGE.parent, *packages))


def _data_dir() -> Path:
    return _codegym_folder(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"))  # noqa: PTH111


@lru_cache(maxsize=8)
def _codegym_folder(base: str) -> Path:
    return Path(base, "codegym")
