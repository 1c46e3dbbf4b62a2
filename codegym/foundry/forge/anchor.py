"""The trees that a forged suite keeps. They are few, since most tasks differ from one of them by a small patch.

A commit's parent differs from the newest commit by little or by much. A small difference becomes part of the
task's setup patch; for a large one the tree is kept as a folder of its own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from codegym.patch import PatchError, make_patch
from codegym.sandbox.protocol import Changes, File
from codegym.task import FolderSource
from codegym.tree import Files, tree_digest

_LARGEST_PATCH = 64 << 10
"""Characters of a setup patch; a longer one would be most of the task."""


@dataclass(frozen=True)
class Anchor:
    """A tree that the suite keeps in a folder."""

    files: Files
    source: FolderSource


class Anchors:
    """The trees that one suite keeps, in the order in which they were added. Threads may share it."""

    def __init__(self) -> None:
        self.trees: list[Anchor] = []
        self._lock = threading.Lock()

    def source_of(self, files: Files) -> tuple[FolderSource, str]:
        """Return a kept tree and the setup patch that turns it into ``files``.

        The patch is empty if ``files`` are that tree. A tree is added if no kept one is near enough.
        """
        with self._lock:
            for anchor in reversed(self.trees):
                patch = _small_patch(anchor.files, files)
                if patch is not None:
                    return anchor.source, patch
            digest = tree_digest(files)
            self.trees.append(Anchor(files, FolderSource(path=f"trees/{digest[:16]}", digest=digest)))
            return self.trees[-1].source, ""


def difference(old: Files, new: Files) -> tuple[dict[str, File], Changes]:
    """Return the ``old`` files that ``new`` changes or lacks, and for each path that differs the new file."""
    paths = [path for path in {*old, *new} if old.get(path) != new.get(path)]
    return {path: old[path] for path in paths if path in old}, {path: new.get(path) for path in sorted(paths)}


def _small_patch(old: Files, new: Files) -> str | None:
    """Return the patch from ``old`` to ``new``; ``None`` if it is too large or can't be written as a patch."""
    before, changes = difference(old, new)
    if sum(len(file.content) for file in changes.values() if file) > 16 * _LARGEST_PATCH:
        return None
    try:
        patch = make_patch(before, changes)
    except PatchError:
        return None
    return patch if len(patch) <= _LARGEST_PATCH else None
