"""The interface between codegym and the programs that isolate a process.

A box contains a copy-on-write workspace at :data:`WORKDIR`, laid over read-only trees. What happens inside is a
*result* (exit code, timeout, memory exhausted, output cut). Only a failure of the box itself raises
:class:`~codegym.errors.SandboxError`. A backend that can't provide what is asked refuses; it never runs a box with
weaker isolation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from codegym.task import Limits

WORKDIR = "/work"
"""The folder of the repository in every box. Relative paths given to a box start here."""


@dataclass(frozen=True)
class Tree:
    """A base tree: read-only folders laid over each other, topmost first, and a digest of their union.

    A layer hides a path of the layers below with an overlayfs whiteout (a character device 0/0). Layers made by
    :mod:`codegym.tree` contain plain files only: a setup patch that deletes files is merged with the layer below.
    """

    layers: tuple[Path, ...]
    digest: str


@dataclass(frozen=True)
class File:
    """A regular file's content, or a symbolic link's target if ``link`` is set (``content`` is then empty)."""

    content: bytes
    executable: bool = False
    link: str | None = None


Changes = dict[str, File | None]
"""Maps a path relative to :data:`WORKDIR` to the new file, or to ``None`` if the base tree's file was deleted."""


@dataclass(frozen=True)
class ExecResult:
    """The result of a command.

    ``exit_code`` is negative for a signal (as in :mod:`subprocess`). ``stdout`` and ``stderr`` are decoded as
    UTF-8 with replacement, at most ``Limits.output_kb`` each; if ``truncated``, the first and the last half of
    that. After a timeout they contain what was written until then. ``oom``: the command ran out of memory.
    ``seconds`` is wall-clock.
    """

    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool = False
    oom: bool = False
    truncated: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Snapshot:
    """The name of the workspace's content at one moment. Valid in the box that made it and in its forks."""

    id: str


class Sandbox(Protocol):
    """One open box. Methods may be called from any thread, one at a time."""

    def exec(
        self,
        command: str | Sequence[str],
        *,
        timeout: float | None = None,
        cwd: str = WORKDIR,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> ExecResult:
        """Run a shell string (``/bin/sh -c``) or an argv to its end, or kill its process tree after ``timeout``.

        ``timeout`` is in seconds, by default ``Limits.command_seconds``. ``env`` is added to the box's own small
        environment; nothing of the host's environment is visible. If the program does not exist, the exit code is
        127. When the call returns, no process that the command started is left.
        """
        ...

    def read(self, path: str) -> bytes:
        """Return a file's content as a process in the box would read it.

        Raises ``FileNotFoundError``, ``IsADirectoryError`` or ``PermissionError`` like :func:`open`.
        """
        ...

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """Write a file in the workspace, and make its missing parent folders, as a process in the box would."""
        ...

    def remove(self, path: str) -> None:
        """Delete a file in the workspace, and the folders that become empty, as git does.

        Raises ``FileNotFoundError``.
        """
        ...

    def snapshot(self) -> Snapshot:
        """Keep the workspace's present content, for :meth:`restore`. The base tree is not copied."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Kill every process in the box, empty ``/tmp``, and make the workspace as it was at ``snapshot``."""
        ...

    def fork(self) -> Sandbox:
        """Open a second, independent box with the same files and snapshots, without the processes."""
        ...

    def open_base(self) -> Sandbox:
        """Open a second box with the same image, limits and base tree, and without this one's changes."""
        ...

    def changes(self) -> Changes:
        """Return the workspace's differences from the base tree, read from outside the box, without git."""
        ...

    def close(self) -> None:
        """Kill every process in the box and delete its files. Closing twice is fine."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@runtime_checkable
class Reusable(Protocol):
    """What a box implements besides :class:`Sandbox` so that a pool can lend it again without a new snapshot."""

    def is_alive(self) -> bool:
        """Return whether the box still answers. Call it between commands; it does not wait."""
        ...

    def can_renew(self, tree: Tree) -> bool:
        """Return whether :meth:`renew` works with ``tree``."""
        ...

    def renew(self, tree: Tree) -> None:
        """Make the box as ``open`` would return it for ``tree``, without its processes, files and snapshots."""
        ...

    def record_baseline(self) -> None:
        """Record what no command may change, for :meth:`residue`. Call it before the first command."""
        ...

    def residue(self) -> tuple[str, ...]:
        """Inspect a box that was just renewed, from outside, where its processes can't interfere.

        Return one line per process, file, mount, limit or connection that a new box would not have, and one line
        if :meth:`record_baseline` was not called before the first command.
        """
        ...

    def fork_to(self, spare: Sandbox) -> None:
        """Make ``spare``, just renewed or opened with the same image and limits, into a fork of this box."""
        ...


@runtime_checkable
class Spawns(Protocol):
    """A box in which a service can run on between commands."""

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
        """Start a service, and return its process id in the box."""
        ...

    def relay(self, snapshot: Snapshot) -> None:
        """Make the workspace as it was at ``snapshot``. Services run on, and ``/tmp`` stays as it is."""
        ...


@runtime_checkable
class Lists(Protocol):
    """A box that can list its services."""

    def services(self) -> tuple[str, ...]:
        """Return the command lines of the services started since the box was opened or restored."""
        ...


@dataclass(frozen=True)
class Capability:
    """One thing that a backend can or can't do on this machine.

    ``why`` says how it does it, or what to do if it is not ``available``.
    """

    name: str
    available: bool
    why: str


class Backend(Protocol):
    """Opens boxes of one kind. Making a backend is cheap and changes nothing on the machine."""

    name: str

    def capabilities(self) -> tuple[Capability, ...]:
        """Return what this backend can do on this machine. The one named ``run`` says whether it works at all."""
        ...

    def require(self, image: str) -> None:
        """Raise :class:`~codegym.errors.ImageError`, with the remedy, if this machine does not have ``image``."""
        ...

    def open(self, tree: Tree, image: str, limits: Limits) -> Sandbox:
        """Open a box with ``tree`` at :data:`WORKDIR` and the toolchain of ``image``, a folder of ``sandboxes/``.

        Raises :class:`~codegym.errors.SandboxError`, with the remedy, if that is impossible on this machine.
        """
        ...
