"""What the last user of a box in Docker left in it; see also :mod:`codegym.sandbox.layered.residue`.

Processes, mounts, limits and connections are read from the kernel's files about the runner, and files from the
stage. If this process can't see the engine's processes, every box is reported as unclean and never used again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from codegym.sandbox.host.cgroup import Cgroup
from codegym.sandbox.layered.residue import (
    changed_settings,
    children,
    fixed_settings,
    left_files,
    open_connections,
    settled_sockets,
)


@dataclass(frozen=True)
class DockerBaseline:
    """A container as it was when it was started, to compare with after use.

    ``runner`` is its first process. ``settings`` is empty if they can't be seen or were not recorded.
    ``connected`` is the runner's own connection to the host, which is in the container's network namespace.
    """

    runner: int = 0
    group: Cgroup | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    connected: frozenset[str] = frozenset()

    @classmethod
    def of(cls, runner: int, group: Cgroup | None) -> Self:
        """Record a container in which no command has run yet."""
        if group is None:
            return cls()
        return cls(runner, group, fixed_settings(runner, group), settled_sockets(runner))

    def residue(self, stage: Path, layers: int) -> tuple[str, ...]:
        """Return one line per difference between a box just renewed and its container when it was started.

        ``layers`` is the number of layers of the base tree that are attached to the stage.
        """
        if not self.settings:
            return ("unseen: the container's processes are not visible here, or no baseline was recorded",)
        return (
            *(f"process: {pid}" for pid in children(self.runner)),
            *left_files(stage, {"l": [str(number) for number in range(layers)]}),
            *changed_settings(self.settings, fixed_settings(self.runner, self.group)),
            *open_connections(self.runner, self.connected),
        )
