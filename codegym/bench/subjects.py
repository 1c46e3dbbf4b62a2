"""The subjects of the sandbox bench by name."""

from __future__ import annotations

from codegym.bench.peers import PEERS, peer
from codegym.bench.room import Subject, ours
from codegym.errors import SandboxError, unknown
from codegym.sandbox.protocol import Tree

OURS = ("bwrap", "docker")


def subject(name: str, tree: Tree) -> Subject:
    """Return a backend of ours or a peer. Raises :class:`SandboxError` if it is unknown or not installed."""
    if name not in (*OURS, *PEERS):
        raise SandboxError(unknown("subject", name, (*OURS, *PEERS)))
    return ours(name, tree) if name in OURS else peer(name, tree)
