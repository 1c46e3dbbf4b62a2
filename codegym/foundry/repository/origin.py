"""Reads the code that a suite is made from: a folder, a source distribution or a git repository. It is never run.

Of a git repository only the commit that is checked out is read, so that files that were never committed
(environments, builds, secrets) do not get into a suite.
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
from codegym.tree import Files, read_tree, without_caches

_NOT_SOURCE = frozenset(
    {".venv", "venv", ".tox", ".nox", ".eggs", ".mypy_cache", ".ruff_cache", ".hypothesis", ".idea"}
)
_LARGEST = 256 << 20
"""Bytes of code that a suite can be made from."""
_URL = re.compile(r"[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:")


@dataclass(frozen=True)
class Origin:
    """The code of a project and its metadata. ``label`` says in messages where the code comes from.

    ``history`` is ``None`` except for git repositories.
    """

    name: str
    label: str
    files: Files
    version: str = ""
    license: str = ""
    history: History | None = None


def origin(place: str, scratch: Path) -> Origin:
    """Read the code at ``place``: a folder, an sdist or a git URL, which is cloned below ``scratch``.

    Raises :class:`~codegym.errors.TaskError` if it can't be read or is too large.
    """
    path = Path(place).expanduser()
    if path.is_dir():
        code = _repository(path, place) if is_repository(path) else _folder(path)
    elif path.is_file():
        code = _sdist(path)
    elif _URL.match(place):
        clone(place, scratch / "clone.git")
        code = _repository(scratch / "clone.git", place)
    else:
        raise TaskError(f"{place!r} is neither a folder nor an sdist (.tar.gz) nor a git URL")
    size = sum(len(file.content) for file in code.files.values())
    if not code.files or size > _LARGEST:
        raise TaskError(
            f"{place} has {len(code.files)} files of {size >> 20} MB in all: a suite can be made from at least "
            f"one file and at most {_LARGEST >> 20} MB"
        )
    return code


def suite_name(name: str) -> str:
    """Return the name of a suite made from the project ``name``."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return plain if plain[:1].isalpha() else f"suite_{plain}"


def _folder(path: Path) -> Origin:
    files = {name: file for name, file in read_tree(path).items() if not _NOT_SOURCE & {*name.split("/")}}
    return _origin(path.resolve().name, str(path), files)


def _sdist(path: Path) -> Origin:
    return _origin(re.split(r"-\d", path.name)[0], path.name, without_caches(read_sdist(path)))


def _origin(name: str, label: str, files: Files) -> Origin:
    fields = metadata(files)
    return Origin(fields.get("Name", name), label, files, fields.get("Version", ""), _license(fields, files))


def _repository(path: Path, place: str) -> Origin:
    history, commit = History(path), head(path)
    files = history.files(commit)
    name = re.split(r"[/:]", place.rstrip("/").removesuffix(".git"))[-1]
    name = path.resolve().name if name in ("", ".", "..") else name
    return Origin(name, f"{place} at {commit[:12]}", files, commit[:12], _license(Message(), files), history)


def _license(fields: Message, files: Files) -> str:
    """Return the licence that the metadata names; for lack of one, where the repository has its text."""
    licence = fields.get("License-Expression") or fields.get("License", "")
    if licence and "\n" not in licence and licence != "UNKNOWN":
        return licence
    texts = [path for path in files if "/" not in path and path.upper().startswith(("LICEN", "COPYING"))]
    return f"see {texts[0]}" if texts else ""
