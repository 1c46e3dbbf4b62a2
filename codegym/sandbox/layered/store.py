"""The folders that a keeper binds for base trees.

A box binds the *store* of its tree, the folder that contains the tree's layers, instead of each layer. Any other
tree of that store can then be laid in the same box without a new mount, so that a waiting box serves every task of
a suite.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from codegym.sandbox.protocol import Tree

_PLAIN = re.compile(r"[\w.-]+")


def stores(tree: Tree) -> tuple[str, ...]:
    """Return the folders to bind for ``tree``, each once."""
    return tuple(dict.fromkeys(store for store, _ in _split(tree)))


def layer_names(tree: Tree, bound: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the names of a tree's layers on a stage with the stores ``bound``; ``None`` if one is missing."""
    layers = list(_split(tree))
    if any(store not in bound for store, _ in layers):
        return None
    return tuple(f"l/{bound.index(store)}{suffix}" for store, suffix in layers)


def _split(tree: Tree) -> Iterator[tuple[str, str]]:
    """Yield each layer's store, and the suffix that leads from there to the layer.

    A mount point, or a layer whose name may need quoting, is a store itself; its suffix is empty.
    """
    for layer in tree.layers:
        path = os.path.realpath(layer)  # a hot path, as is the next line
        folder, name = os.path.split(path)
        shared = _PLAIN.fullmatch(name) is not None and not os.path.ismount(path)
        yield (folder, f"/{name}") if shared else (path, "")
