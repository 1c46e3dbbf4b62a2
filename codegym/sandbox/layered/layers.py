"""A workspace as layers on a box's stage: what a snapshot freezes, a restore drops and a fork shares.

It is the same whoever holds the stage, the keeper of an embedded box or the runner in a container. Nothing is
copied: a snapshot freezes the upper layer and lays a new one over it, a restore drops the upper layer.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from codegym.errors import SandboxError
from codegym.sandbox.protocol import Snapshot

_DEEP = 48
_log = logging.getLogger(__name__)
_numbers = itertools.count(1)

Names = tuple[str, ...]
"""Folders on a stage, topmost first: ``u/3`` was written by this box, ``f/0/3`` or ``l/1/3`` by the one that it
was forked from, ``l/0`` is of a base tree."""


class Stage(Protocol):
    """Where layers lie: a folder on it has a name such as ``u/3``, the fourth that the box itself wrote."""

    def path(self, name: str) -> Path:
        """Return this process's path of the folder ``name``."""
        ...

    def lay(self, upper: str, lowers: Sequence[str]) -> None:
        """Lay a workspace: ``u/<upper>``, made if missing, over the lower folders, topmost first."""
        ...

    def flatten(self, upper: str, layers: Sequence[str]) -> None:
        """Make ``u/<upper>``, which holds what ``layers`` (topmost first), written by boxes, hold together."""
        ...

    def drop(self, upper: str) -> None:
        """Delete the layer ``u/<upper>``, which no workspace uses any more."""
        ...

    def clean(self) -> None:
        """Empty the box's ``/tmp`` and ``/dev/shm``."""
        ...


class Layers:
    """One box's workspace: the folders ``base``, what was ``frozen`` over them, and an upper layer on top."""

    def __init__(
        self, stage: Stage, base: Names, frozen: Names = (), snapshots: Mapping[str, Names] | None = None
    ) -> None:
        self._stage, self._base = stage, base
        self._frozen, self._upper = frozen, 0
        self._snapshots = dict(snapshots or {})
        self._lay()

    def written(self) -> Names:
        """Return the layers that boxes wrote, lowest first."""
        return tuple(reversed((f"u/{self._upper}", *self._frozen)))

    def kept(self) -> Names:
        """Return the layers of all snapshots, each once."""
        return tuple(dict.fromkeys(itertools.chain.from_iterable(self._snapshots.values())))

    def snapshot(self) -> Snapshot:
        """Freeze the upper layer and lay a new one over it."""
        if any(self._stage.path(f"u/{self._upper}").iterdir()):
            self._frozen = (f"u/{self._upper}", *self._frozen)
            self._upper += 1
            if len(self._frozen) % _DEEP == 0:
                self._flatten()
            self._lay()
        snapshot = Snapshot(f"s{next(_numbers)}")
        self._snapshots[snapshot.id] = self._frozen
        return snapshot

    def find(self, snapshot: Snapshot) -> Names:
        """Return what was frozen at ``snapshot``. Raises :class:`SandboxError` if it is not of this workspace."""
        if snapshot.id not in self._snapshots:
            raise SandboxError(f"snapshot {snapshot.id!r} was not made by this box or one that it was forked from")
        return self._snapshots[snapshot.id]

    def restore(self, snapshot: Snapshot) -> None:
        """Drop the upper layer, lay a new one over the snapshot's, and empty ``/tmp``; no process may run."""
        self.relay(snapshot)
        self._stage.clean()

    def relay(self, snapshot: Snapshot) -> None:
        """Drop the upper layer and lay a new one over the snapshot's; no process may have a file of it open.

        The old one goes first: it may hold all that there is of the disk, and a new one needs some.
        """
        dropped, self._frozen = self._upper, self.find(snapshot)
        self._upper += 1
        self._stage.drop(str(dropped))
        self._lay()

    def fork(self, stage: Stage, base: Names, moved: Callable[[str], str]) -> Layers:
        """Lay these layers on another stage as they are now; ``moved`` names them there."""
        snapshots = {name: tuple(map(moved, layers)) for name, layers in self._snapshots.items()}
        return Layers(stage, base, tuple(map(moved, self._frozen)), snapshots)

    def _flatten(self) -> None:
        """Make one layer of many. Where the disk is full or folders are too deep, the many do as well."""
        flat = str(self._upper)
        self._upper += 1
        try:
            self._stage.flatten(flat, self._frozen)
            self._frozen = (f"u/{flat}",)
        except SandboxError as error:
            _log.info("layers stay as they are: %s", error)
            self._stage.drop(flat)

    def _lay(self) -> None:
        self._stage.lay(str(self._upper), (*self._frozen, *self._base))
