"""What the last user of an embedded box has left in it; see also :mod:`codegym.sandbox.layered.residue`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from codegym.errors import SandboxError
from codegym.sandbox.bwrap.keeper import Keeper
from codegym.sandbox.host.cgroup import Cgroup
from codegym.sandbox.layered.residue import changed, children, connections, files, fixed


@dataclass(frozen=True)
class Inside:
    """The processes of a box that are not its user's, as the host numbers them."""

    bubblewrap: int
    runner: int

    @classmethod
    def of(cls, keeper: Keeper) -> Self:
        """Look at a box in which nothing has run yet."""
        bubblewrap = _only_child(keeper.pid)
        return cls(bubblewrap, _only_child(bubblewrap))


def _only_child(pid: int) -> int:
    found = children(pid)
    if len(found) != 1:
        raise SandboxError(f"the box is gone: process {pid} of it has {len(found)} children, not one")
    return found[0]


@dataclass(frozen=True)
class Seal:
    """What was fixed for all commands before the first one ran; nothing if nobody looked."""

    fixed: Mapping[str, str] = field(default_factory=dict)

    def broken(self, keeper: Keeper, cgroup: Cgroup | None, inside: Inside) -> tuple[str, ...]:
        """Return a line for each thing in a box just renewed that was not there when it was opened."""
        if not self.fixed:
            return ("unseen: nobody looked at the box before its first command",)
        return (
            *_processes(keeper, inside),
            *files(keeper.path(""), {"f": []}),
            *changed(self.fixed, fixed(inside.runner, cgroup)),
            *connections(inside.runner),
        )


def _processes(keeper: Keeper, inside: Inside) -> Iterator[str]:
    expected: tuple[tuple[int, list[int]], ...] = (
        (keeper.pid, [inside.bubblewrap]),
        (inside.bubblewrap, [inside.runner]),
        (inside.runner, []),
    )
    for parent, known in expected:
        if children(parent) != known:
            yield f"process: {parent} has children {children(parent)}, not {known}"
