"""What the last user of an embedded box left in it; see also :mod:`codegym.sandbox.layered.residue`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from codegym.errors import SandboxError
from codegym.sandbox.bwrap.keeper import Keeper
from codegym.sandbox.host.cgroup import Cgroup
from codegym.sandbox.layered.residue import (
    changed_settings,
    children,
    fixed_settings,
    left_files,
    open_connections,
)


@dataclass(frozen=True)
class OwnProcesses:
    """The processes of a box that are ours and not its user's, by their ids on the host."""

    bubblewrap: int
    runner: int

    @classmethod
    def of(cls, keeper: Keeper) -> Self:
        """Return the processes of the keeper's box, in which no command has run yet."""
        bubblewrap = _only_child(keeper.pid)
        return cls(bubblewrap, _only_child(bubblewrap))


def _only_child(pid: int) -> int:
    pids = children(pid)
    if len(pids) != 1:
        raise SandboxError(f"the box is gone: its process {pid} has {len(pids)} children, not one")
    return pids[0]


@dataclass(frozen=True)
class BwrapBaseline:
    """The settings of a box before its first command, to compare with after use; empty if none were recorded."""

    settings: Mapping[str, str] = field(default_factory=dict)

    def residue(self, keeper: Keeper, cgroup: Cgroup | None, own: OwnProcesses) -> tuple[str, ...]:
        """Return one line per difference between a box just renewed and the same box when it was opened."""
        if not self.settings:
            return ("unseen: no baseline was recorded before the first command",)
        return (
            *_left_processes(keeper, own),
            *left_files(keeper.path(""), {"f": []}),
            *changed_settings(self.settings, fixed_settings(own.runner, cgroup)),
            *open_connections(own.runner),
        )


def _left_processes(keeper: Keeper, own: OwnProcesses) -> Iterator[str]:
    expected: tuple[tuple[int, list[int]], ...] = (
        (keeper.pid, [own.bubblewrap]),
        (own.bubblewrap, [own.runner]),
        (own.runner, []),
    )
    for parent, pids in expected:
        if children(parent) != pids:
            yield f"process: {parent} has children {children(parent)}, not {pids}"
