"""What every format's reader makes: a task, and the folders that it names; and what the user may wish for.

Rows and folders come from strangers. They may be wrong in any way, and may name places that are not theirs.

The row itself goes into the task's metadata, unchanged and with the columns that nobody here knows, so that an
export gives it back. Metadata is no part of a digest, and no agent sees it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from codegym.errors import TaskError
from codegym.importer.rows import Row
from codegym.sandbox.protocol import File
from codegym.task import FolderSource, Task
from codegym.tree import Files, tree_digest

_log = logging.getLogger(__name__)
_Place = TypeVar("_Place")
_LONGEST = 200
_ODD = (LookupError, TypeError, ValueError, AttributeError, SyntaxError, RecursionError, OSError)


def _warn(error: TaskError) -> None:
    _log.warning("skipped: %s", error)


@dataclass(frozen=True)
class Wishes:
    """What the user of an import asks for.

    ``image`` is used in place of the images that rows name. ``repositories`` says where a repository
    ``owner/name`` is fetched from: ``{repo}``, ``{owner}`` and ``{name}`` are filled in. ``test_command``
    replaces the command that runs a repository's tests where they are not pytest's. ``split`` is the tasks'.
    ``skip`` is called with the error of each row or folder that can't be read; by default it goes to the log.
    """

    image: str = ""
    repositories: str = "https://github.com/{repo}.git"
    test_command: str = ""
    split: str = "test"
    skip: Callable[[TaskError], None] = _warn

    def url(self, repo: str) -> str:
        """Return where ``owner/name`` is fetched from; what is a URL already stays as it is.

        Rows are not trusted: one that names a file of this machine is refused with :class:`TaskError`.
        """
        if re.match(r"(https?|ssh|git)://", repo):
            return repo
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", repo) or ".." in repo.split("/"):
            raise TaskError(f"the repository {repo!r} is neither owner/name nor a URL on the network")
        owner, _, name = repo.rpartition("/")
        return self.repositories.format(repo=repo, owner=owner, name=name)


@dataclass(frozen=True)
class Imported:
    """A task and the files of the folders that it names, by their path in the suite."""

    task: Task
    folders: Mapping[str, Files] = field(default_factory=dict)


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Turn what a row or a folder of another shape makes a reader raise into a :class:`TaskError` naming it."""
    try:
        yield
    except TaskError as error:
        raise TaskError(f"{where}: {error}") from error
    except _ODD as error:
        raise TaskError(f"{where} is not as this format has it ({type(error).__name__}: {error})") from error


def read_each(
    places: Iterable[tuple[str, _Place]], read: Callable[[_Place], Imported], skip: Callable[[TaskError], None]
) -> Iterator[Imported]:
    """Yield what ``read`` makes of each of ``places``, which are named. ``skip`` gets the errors.

    So one of many that can't be read ends no import. Raises the first error if nothing can be read.
    """
    first, count = None, 0
    for where, place in places:
        try:
            with reading(where):
                task = read(place)
        except TaskError as error:
            first = first or error
            skip(error)
            continue
        count += 1
        yield task
    if first is not None and not count:
        raise first


def inside(root: Path, path: str) -> Path:
    """Return ``root/path``. Raises :class:`TaskError` if that lies, or links, outside of ``root``."""
    if not (root / path).resolve().is_relative_to(root.resolve()):
        raise TaskError(f"{path!r} leads out of {root}")
    return root / path


def text_files(files: Mapping[str, str]) -> dict[str, File]:
    """Return text files as a tree holds them."""
    return {path: File(text.encode()) for path, text in sorted(files.items())}


def folder(files: Files) -> FolderSource:
    """Return the source that ``files`` become: a folder of the suite that is named by its digest."""
    digest = tree_digest(files)
    return FolderSource(path=f"files/{digest[:20]}", digest=digest)


def placed(task: Task, *trees: Files) -> Imported:
    """Return ``task`` with the trees that it names as sources."""
    return Imported(task, {folder(files).path: files for files in trees})


def task_id(text: str) -> str:
    """Return a row's id as one that may name a folder. Raises :class:`TaskError` if nothing is left of it."""
    plain = re.sub(r"[^\w.+-]+", "-", text).strip("-.")[:_LONGEST]
    if not plain:
        raise TaskError(f"a task can't be called {text!r}: letters or digits are needed")
    return plain


def metadata(row: Row, wishes: Wishes, *, format: str, language: str, **more: Any) -> dict[str, Any]:  # noqa: A002
    """Return an imported task's metadata: what the lists show, and the row as it came."""
    known = {"split": wishes.split, "language": language, "origin": format}
    return known | more | {"row": row}
