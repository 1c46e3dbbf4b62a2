"""An imported task with the folders that it names, and the options of an import.

Rows and folders come from strangers. They may be malformed in any way, and may name paths outside of their folder.

The row itself goes into the task's metadata with all its columns, so that an export can write it again. Metadata
is not part of a digest, and no agent sees it.
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
"""Characters of the longest task id; it names a folder."""
_MALFORMED = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    SyntaxError,
    RecursionError,
    MemoryError,
    OSError,
)
"""What malformed input raises; MemoryError is what Python's parser raises for code that is nested too deeply."""


class NoRunnerError(TaskError):
    """A task's tests are in a ``language`` that no image and runner of codegym can run."""

    def __init__(self, language: str, message: str) -> None:
        super().__init__(message)
        self.language = language


def _warn(error: TaskError) -> None:
    """Log the error of a row or folder that is skipped."""
    _log.warning("skipped: %s", error)


@dataclass(frozen=True)
class ImportOptions:
    """What the user of an import may choose.

    ``image`` replaces the images that rows name. ``repositories`` is the URL that a repository ``owner/name`` is
    fetched from, with ``{repo}``, ``{owner}`` and ``{name}`` filled in. ``test_command`` runs a repository's tests
    if they are not pytest's. ``split`` is the split of all tasks. ``skip`` is called with the error of each row or
    folder that can't be read; by default it is logged.
    """

    image: str = ""
    repositories: str = "https://github.com/{repo}.git"
    test_command: str = ""
    split: str = "test"
    skip: Callable[[TaskError], None] = _warn

    def url(self, repo: str) -> str:
        """Return the URL of the repository ``owner/name``; a URL is returned as it is.

        Rows are not trusted: a path on this machine is refused with :class:`TaskError`.
        """
        if re.match(r"(https?|ssh|git)://", repo):
            return repo
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", repo) or ".." in repo.split("/"):
            raise TaskError(f"the repository {repo!r} is neither owner/name nor a URL on the network")
        owner, _, name = repo.rpartition("/")
        return self.repositories.format(repo=repo, owner=owner, name=name)


@dataclass(frozen=True)
class ImportedTask:
    """A task, and the folders that it names: for each path in the suite, the files below it."""

    task: Task
    folders: Mapping[str, Files] = field(default_factory=dict)


@contextmanager
def name_errors(where: str) -> Iterator[None]:
    """Turn the errors that malformed input causes into a :class:`TaskError` that names the row or folder."""
    try:
        yield
    except NoRunnerError as error:
        raise NoRunnerError(error.language, f"{where}: {error}") from error
    except TaskError as error:
        raise TaskError(f"{where}: {error}") from error
    except _MALFORMED as error:
        raise TaskError(f"{where} does not have this format ({type(error).__name__}: {error})") from error


def read_each(
    places: Iterable[tuple[str, _Place]], read: Callable[[_Place], ImportedTask], skip: Callable[[TaskError], None]
) -> Iterator[ImportedTask]:
    """Yield the task that ``read`` returns for each of ``places``, which are pairs of a name and a row or folder.

    An error is passed to ``skip``, so that it does not end the import. Raises the first error if nothing can be
    read.
    """
    first, count = None, 0
    for where, place in places:
        try:
            with name_errors(where):
                task = read(place)
        except TaskError as error:
            first = first or error
            skip(error)
            continue
        count += 1
        yield task
    if first is not None and not count:
        raise first


def path_inside(root: Path, path: str) -> Path:
    """Return ``root/path``. Raises :class:`TaskError` if it is outside of ``root``, directly or by a link."""
    if not (root / path).resolve().is_relative_to(root.resolve()):
        raise TaskError(f"{path!r} leads out of {root}")
    return root / path


def text_files(files: Mapping[str, str]) -> dict[str, File]:
    """Encode texts by path as the files of a tree."""
    return {path: File(text.encode()) for path, text in sorted(files.items())}


def folder_source(files: Files) -> FolderSource:
    """Return the source of a task that has ``files``: a folder of the suite, named by its digest."""
    digest = tree_digest(files)
    return FolderSource(path=f"files/{digest[:20]}", digest=digest)


def with_folders(task: Task, *trees: Files) -> ImportedTask:
    """Return ``task`` together with the ``trees`` that are its source and its hidden files."""
    return ImportedTask(task, {folder_source(files).path: files for files in trees})


def safe_task_id(text: str) -> str:
    """Return a row's id with only characters that a folder's name may have.

    Raises :class:`TaskError` if no character is left.
    """
    plain = re.sub(r"[^\w.+-]+", "-", text).strip("-.")[:_LONGEST]
    if not plain:
        raise TaskError(f"{text!r} can't be the id of a task: it needs letters or digits")
    return plain


def metadata(
    row: Row,
    options: ImportOptions,
    *,
    format: str,  # noqa: A002 - the readers' own word
    language: str,
    **more: Any,
) -> dict[str, Any]:
    """Return the metadata of an imported task: the values that lists show, and the row as it was read."""
    fields = {"split": options.split, "language": language, "origin": format}
    return fields | more | {"row": row}
