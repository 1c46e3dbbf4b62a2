"""Where base trees lie, as a keeper sees them: by the folder that holds them, bound once.

A box is bound to the *store* of its tree, the folder that the tree's layers lie in, not to the tree: any other
tree of that store can then be laid in the same box without a new mount, which is what makes a waiting box good
for every task of a suite.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from codegym.sandbox.protocol import Tree

_PLAIN = re.compile(r"[\w.-]+")


def stores(tree: Tree) -> tuple[str, ...]:
    """Return the folders to bind for ``tree``, each once."""
    return tuple(dict.fromkeys(store for store, _ in _found(tree)))


def places(tree: Tree, bound: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the tree's layers as paths on a stage where ``bound`` are bound, or ``None`` if one is elsewhere."""
    found = list(_found(tree))
    if any(store not in bound for store, _ in found):
        return None
    return tuple(f"l/{bound.index(store)}{name}" for store, name in found)


def _found(tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield each layer's store and what to append to it; an odd name or a mount is a store of its own."""
    for layer in tree.layers:
        path = os.path.realpath(layer)  # a hot path, as is the next line
        folder, name = os.path.split(path)
        shared = _PLAIN.fullmatch(name) is not None and not os.path.ismount(path)
        yield (folder, f"/{name}") if shared else (path, "")
