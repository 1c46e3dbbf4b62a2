"""Where a suite's code comes from: a folder, a source distribution, a git repository; read, never run.

Of a git repository it is the commit that is checked out, so that what was never committed (environments, builds,
secrets) stays at home.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from codegym.errors import TaskError
from codegym.foundry.repository.declared import metadata
from codegym.foundry.repository.git import History, clone, head, is_repository
from codegym.sdist import read_sdist
from codegym.tree import Files, read_tree

_NOT_SOURCE = frozenset(
    {".venv", "venv", ".tox", ".nox", ".eggs", ".mypy_cache", ".ruff_cache", ".hypothesis", ".idea"}
)
_LARGEST = 256 << 20
_URL = re.compile(r"[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:")


@dataclass(frozen=True)
class Origin:
    """Code and what is known about it. ``history`` is there for git repositories; ``said`` names it for people."""

    name: str
    said: str
    files: Files
    version: str = ""
    license: str = ""
    history: History | None = None


def origin(place: str, scratch: Path) -> Origin:
    """Read the code at ``place``: a folder, an sdist, a git URL; what has to be fetched is put below ``scratch``.

    Raises :class:`~codegym.errors.TaskError` if it can't be had or is too large.
    """
    path = Path(place).expanduser()
    if path.is_dir():
        found = _repository(path, place) if is_repository(path) else _folder(path)
    elif path.is_file():
        found = _sdist(path)
    elif _URL.match(place):
        clone(place, scratch / "clone.git")
        found = _repository(scratch / "clone.git", place)
    else:
        raise TaskError(f"{place!r} is no folder, no sdist (.tar.gz) and no git URL")
    size = sum(len(file.content) for file in found.files.values())
    if not found.files or size > _LARGEST:
        raise TaskError(
            f"{place} holds {len(found.files)} files of {size >> 20} MB; at most {_LARGEST >> 20} MB can be forged"
        )
    return found


def suite_name(name: str) -> str:
    """Return a name for a suite that is made from what is called ``name``."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return plain if plain[:1].isalpha() else f"suite_{plain}"


def _folder(path: Path) -> Origin:
    files = {name: file for name, file in read_tree(path).items() if not _NOT_SOURCE & {*name.split("/")}}
    return _origin(path.resolve().name, str(path), files)


def _sdist(path: Path) -> Origin:
    return _origin(re.split(r"-\d", path.name)[0], path.name, read_sdist(path))


def _origin(name: str, said: str, files: Files) -> Origin:
    facts = metadata(files)
    return Origin(facts.get("Name", name), said, files, facts.get("Version", ""), _license(facts, files))


def _repository(path: Path, place: str) -> Origin:
    history, commit = History(path), head(path)
    files = history.files(commit)
    name = re.split(r"[/:]", place.rstrip("/").removesuffix(".git"))[-1]
    name = path.resolve().name if name in ("", ".", "..") else name
    return Origin(name, f"{place} at {commit[:12]}", files, commit[:12], _license(Message(), files), history)


def _license(facts: Message, files: Files) -> str:
    said = facts.get("License-Expression") or facts.get("License", "")
    if said and "\n" not in said and said != "UNKNOWN":
        return said
    named = [path for path in files if "/" not in path and path.upper().startswith(("LICEN", "COPYING"))]
    return f"see {named[0]}" if named else ""
