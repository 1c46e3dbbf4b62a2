"""What the last user of a box in Docker has left in it, looked for from the host; see also ``residue.py``.

Processes, mounts, limits and connections are read from the kernel's view of the runner where the engine's
processes can be seen from here, and files from the stage. Where they can't be seen a box is never used again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from codegym.sandbox.docker_cell import Cell
from codegym.sandbox.residue import changed, children, connections, files, fixed, sockets


@dataclass(frozen=True)
class Seal:
    """A cell as it was when it was started; ``fixed`` is empty where that can't be seen.

    ``connected`` is the runner's own connection to the host, which lies in the container's network namespace.
    """

    fixed: dict[str, str]
    connected: frozenset[str]

    @classmethod
    def of(cls, cell: Cell) -> Self:
        """Look at a cell in which nothing has run yet."""
        if cell.group is None:
            return cls({}, frozenset())
        return cls(fixed(cell.wire.pid, cell.group), frozenset(sockets(cell.wire.pid)))

    def residue(self, cell: Cell, layers: int) -> tuple[str, ...]:
        """Return a line for each thing in a box just renewed that was not there when its cell was started."""
        if not self.fixed:
            return ("unseen: the container's processes are not in this process's namespace",)
        running = children(cell.wire.pid)
        return (
            *(f"process: {pid}" for pid in running),
            *files(cell.path(""), {"l": [str(number) for number in range(layers)]}),
            *changed(self.fixed, fixed(cell.wire.pid, cell.group)),
            *connections(cell.wire.pid, self.connected),
        )
