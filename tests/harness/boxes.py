"""Boxes with a small repository in them, for the tests of running and grading."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import File, Sandbox, Tree
from codegym.task import Limits
from codegym.tree import store_tree, tree_digest

LIMITS = Limits(command_seconds=30, memory_mb=512, processes=64)


def tree(store: Path, **files: str) -> Tree:
    """Store a tree; ``__`` in a name is ``/`` and the last ``_`` a dot: ``tests__test_a_py``."""
    return named_tree(store, {_path(name): text for name, text in files.items()})


def named_tree(store: Path, files: dict[str, str]) -> Tree:
    """Store a tree of files that are named by their paths."""
    named = {path: File(dedent(text).lstrip("\n").encode()) for path, text in files.items()}
    return Tree((store_tree(named, store),), tree_digest(named))


def open_box(store: Path, image: str = "python", **files: str) -> Sandbox:
    return backend("bwrap").open(tree(store, **files), image, LIMITS)


def _path(name: str) -> str:
    head, _, suffix = name.replace("__", "/").rpartition("_")
    return f"{head}.{suffix}"
