"""What every format's reader makes: a task, and the folders that it names; and what the user may wish for.

The row itself goes into the task's metadata, unchanged and with the columns that nobody here knows, so that an
export gives it back. Metadata is no part of a digest, and no agent sees it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codegym.importer.rows import Row
from codegym.sandbox.protocol import File
from codegym.task import FolderSource, Task
from codegym.tree import Files, tree_digest


@dataclass(frozen=True)
class Wishes:
    """What the user of an import asks for.

    ``image`` is used in place of the images that rows name. ``repositories`` says where a repository
    ``owner/name`` is fetched from: ``{repo}``, ``{owner}`` and ``{name}`` are filled in. ``test_command``
    replaces the command that runs a repository's tests where they are not pytest's. ``split`` is the tasks'.
    """

    image: str = ""
    repositories: str = "https://github.com/{repo}.git"
    test_command: str = ""
    split: str = "test"

    def url(self, repo: str) -> str:
        """Return where ``owner/name`` is fetched from; what is a URL or a path already stays as it is."""
        if "://" in repo or repo.startswith("/"):
            return repo
        owner, _, name = repo.rpartition("/")
        return self.repositories.format(repo=repo, owner=owner, name=name)


@dataclass(frozen=True)
class Imported:
    """A task and the files of the folders that it names, by their path in the suite."""

    task: Task
    folders: Mapping[str, Files] = field(default_factory=dict)


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
    """Return a row's id as one that may stand in a path."""
    return re.sub(r"[^\w.+-]+", "-", text).strip("-")


def metadata(row: Row, wishes: Wishes, *, format: str, language: str, **more: Any) -> dict[str, Any]:  # noqa: A002
    """Return an imported task's metadata: what the lists show, and the row as it came."""
    known = {"split": wishes.split, "language": language, "origin": format}
    return known | more | {"row": row}
