"""A workspace as overlay layers on a box's stage: snapshots freeze them, restores delete them, forks share them.

Nothing is copied: a snapshot freezes the upper layer and lays a new one over it, and a restore deletes the upper
layer. The code is the same for both stages: that of an embedded box's keeper and that of a container's runner.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from codegym.errors import SandboxError
from codegym.sandbox.protocol import Snapshot

_MOST_FROZEN = 48
"""When so many layers are frozen they are merged into one: the kernel limits the layers of an overlay."""

_log = logging.getLogger(__name__)
_numbers = itertools.count(1)

Names = tuple[str, ...]
"""Names of folders on a stage, topmost first: ``u/3`` was written by this box, ``f/0/3`` or ``l/1/3`` by the box
that it was forked from, and ``l/0`` is a layer of a base tree."""


class Stage(Protocol):
    """The file system that contains a box's layers, in folders with names such as ``u/3``; see :data:`Names`."""

    def path(self, name: str) -> Path:
        """Return this process's path of the folder ``name``."""
        ...

    def lay(self, upper: str, lowers: Sequence[str]) -> None:
        """Lay a workspace: the folder ``u/<upper>``, made if missing, over ``lowers``, topmost first."""
        ...

    def flatten(self, upper: str, layers: Sequence[str]) -> None:
        """Make ``u/<upper>`` with the merged content of ``layers`` (topmost first), which boxes wrote."""
        ...

    def drop(self, upper: str) -> None:
        """Delete the layer ``u/<upper>``, which no workspace may use any more."""
        ...

    def clean(self) -> None:
        """Empty the box's ``/tmp`` and ``/dev/shm``."""
        ...


class Layers:
    """One box's workspace: the layers of ``base``, the ``frozen`` layers over them, and an upper layer on top.

    ``snapshots`` maps each snapshot to the layers that were frozen when it was made.
    """

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

    def of_snapshots(self) -> Names:
        """Return the layers of all snapshots, each once."""
        return tuple(dict.fromkeys(itertools.chain.from_iterable(self._snapshots.values())))

    def snapshot(self) -> Snapshot:
        """Freeze the upper layer and lay a new one over it."""
        if any(self._stage.path(f"u/{self._upper}").iterdir()):
            self._frozen = (f"u/{self._upper}", *self._frozen)
            self._upper += 1
            if len(self._frozen) % _MOST_FROZEN == 0:
                self._flatten()
            self._lay()
        snapshot = Snapshot(f"s{next(_numbers)}")
        self._snapshots[snapshot.id] = self._frozen
        return snapshot

    def find(self, snapshot: Snapshot) -> Names:
        """Return the layers of ``snapshot``. Raises :class:`SandboxError` if it is not of this workspace."""
        if snapshot.id not in self._snapshots:
            raise SandboxError(f"snapshot {snapshot.id!r} is not of this box or of one that it was forked from")
        return self._snapshots[snapshot.id]

    def restore(self, snapshot: Snapshot) -> None:
        """Do as :meth:`relay`, and empty ``/tmp``. No process may run."""
        self.relay(snapshot)
        self._stage.clean()

    def relay(self, snapshot: Snapshot) -> None:
        """Delete the upper layer and lay a new one over the snapshot's. No process may have a file of it open.

        The old layer is deleted first: it may have filled the disk, and a new one needs some of it.
        """
        dropped, self._frozen = self._upper, self.find(snapshot)
        self._upper += 1
        self._stage.drop(str(dropped))
        self._lay()

    def fork(self, stage: Stage, base: Names, name_there: Callable[[str], str]) -> Layers:
        """Lay these layers on another stage, where ``name_there`` returns the name of each, over ``base``."""
        snapshots = {name: tuple(map(name_there, layers)) for name, layers in self._snapshots.items()}
        return Layers(stage, base, tuple(map(name_there, self._frozen)), snapshots)

    def _flatten(self) -> None:
        """Merge the frozen layers into one. Keep them if that fails: the disk is full or folders are too deep."""
        flat = str(self._upper)
        self._upper += 1
        try:
            self._stage.flatten(flat, self._frozen)
            self._frozen = (f"u/{flat}",)
        except SandboxError as error:
            _log.info("frozen layers could not be merged: %s", error)
            self._stage.drop(flat)

    def _lay(self) -> None:
        self._stage.lay(str(self._upper), (*self._frozen, *self._base))
