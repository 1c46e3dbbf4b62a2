"""What the last user of a box in Docker has left in it; see also :mod:`codegym.sandbox.layered.residue`.

Processes, mounts, limits and connections are read from the kernel's view of the runner where the engine's
processes can be seen from here, and files from the stage. Where they can't be seen a box is never used again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from codegym.sandbox.host.cgroup import Cgroup
from codegym.sandbox.layered.residue import changed, children, connections, files, fixed, sockets


@dataclass(frozen=True)
class Seal:
    """A container as it was when it was started; ``fixed`` is empty where that can't be seen, or nobody looked.

    ``runner`` is its first process. ``connected`` is the runner's own connection to the host, which lies in the
    container's network namespace.
    """

    runner: int = 0
    group: Cgroup | None = None
    fixed: Mapping[str, str] = field(default_factory=dict)
    connected: frozenset[str] = frozenset()

    @classmethod
    def of(cls, runner: int, group: Cgroup | None) -> Self:
        """Look at a container in which nothing has run yet."""
        if group is None:
            return cls()
        return cls(runner, group, fixed(runner, group), frozenset(sockets(runner)))

    def residue(self, stage: Path, layers: int) -> tuple[str, ...]:
        """Return a line for each thing in a box just renewed that was not there when its container was started."""
        if not self.fixed:
            return ("unseen: the container's processes are not in this process's namespace, or nobody looked",)
        return (
            *(f"process: {pid}" for pid in children(self.runner)),
            *files(stage, {"l": [str(number) for number in range(layers)]}),
            *changed(self.fixed, fixed(self.runner, self.group)),
            *connections(self.runner, self.connected),
        )
