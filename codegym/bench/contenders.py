"""Everything that the sandbox bench can measure, by name."""

from __future__ import annotations

from codegym.bench.peers import PEERS, peer
from codegym.bench.workspace import Contender, ours
from codegym.errors import SandboxError, unknown
from codegym.sandbox.protocol import Tree

OURS = ("bwrap", "docker")


def find_contender(name: str, tree: Tree) -> Contender:
    """Return our backend or the peer ``name``. Raises :class:`SandboxError` if it is unknown or not installed."""
    if name not in (*OURS, *PEERS):
        raise SandboxError(unknown("sandbox", name, (*OURS, *PEERS)))
    return ours(name, tree) if name in OURS else peer(name, tree)
