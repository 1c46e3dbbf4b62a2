"""The trees that a forged suite keeps: few, since most tasks are a small patch away from one that is there.

A commit's parent differs from the newest commit by little or by much. Up to a limit the difference becomes a part
of the task's setup patch, beyond it the tree is kept as a folder of its own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from codegym.patch import PatchError, make_patch
from codegym.sandbox.protocol import Changes, File
from codegym.task import FolderSource
from codegym.tree import Files, tree_digest

_MOST_PATCH = 64 << 10


@dataclass(frozen=True)
class Anchor:
    """A tree that the suite keeps in a folder."""

    files: Files
    source: FolderSource


class Anchors:
    """The trees of one suite, in the order in which they were needed. Safe under threads."""

    def __init__(self) -> None:
        self.kept: list[Anchor] = []
        self._turn = threading.Lock()

    def place(self, files: Files) -> tuple[FolderSource, str]:
        """Return a kept tree and the patch that turns it into ``files``, which is empty for the tree itself."""
        with self._turn:
            for anchor in reversed(self.kept):
                patch = _difference(anchor.files, files)
                if patch is not None:
                    return anchor.source, patch
            digest = tree_digest(files)
            self.kept.append(Anchor(files, FolderSource(path=f"trees/{digest[:16]}", digest=digest)))
            return self.kept[-1].source, ""


def difference(old: Files, new: Files) -> tuple[dict[str, File], Changes]:
    """Return those of the ``old`` files that are not the same in ``new``, and what each path becomes."""
    paths = [path for path in {*old, *new} if old.get(path) != new.get(path)]
    return {path: old[path] for path in paths if path in old}, {path: new.get(path) for path in sorted(paths)}


def _difference(old: Files, new: Files) -> str | None:
    before, changes = difference(old, new)
    if sum(len(file.content) for file in changes.values() if file) > 16 * _MOST_PATCH:
        return None
    try:
        patch = make_patch(before, changes)
    except PatchError:
        return None
    return patch if len(patch) <= _MOST_PATCH else None
