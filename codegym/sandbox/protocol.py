"""The one seam between codegym and whatever isolates a process.

A box holds a copy-on-write workspace at :data:`WORKDIR`, laid over read-only trees. What happens inside is a
*result* (exit code, timeout, memory exhausted, output cut); only trouble with the box itself raises
:class:`~codegym.errors.SandboxError`. A backend that can't give what is asked refuses; it never runs weaker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from codegym.task import Limits

WORKDIR = "/work"
"""Where the repository lies in every box; relative paths given to a box are taken from here."""


@dataclass(frozen=True)
class Tree:
    """A base tree: read-only folders laid over each other, topmost first, and a digest of their union.

    In a layer above another, an overlayfs whiteout (a character device 0/0) hides a path: setup patches that
    delete files are flattened instead, so that layers made by :mod:`codegym.tree` hold plain files only.
    """

    layers: tuple[Path, ...]
    digest: str


@dataclass(frozen=True)
class File:
    """A regular file's content, or a symbolic link's target when ``link`` is set (``content`` is then empty)."""

    content: bytes
    executable: bool = False
    link: str | None = None


Changes = dict[str, File | None]
"""Path relative to :data:`WORKDIR` -> the new file, or ``None`` where the base tree's file is gone."""


@dataclass(frozen=True)
class ExecResult:
    """What a command did.

    ``exit_code`` is negative for a signal (as in :mod:`subprocess`). ``stdout`` and ``stderr`` are decoded as
    UTF-8 with replacement and hold at most ``Limits.output_kb`` each: the first and the last half, when
    ``truncated``. After a timeout they hold what was written until then. ``seconds`` is wall-clock.
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
    """A name for the workspace's content at one moment; valid for the box that made it and for its forks."""

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
        """Run a shell string (``/bin/sh -c``) or an argv to its end, or kill its whole tree after ``timeout``.

        ``timeout`` is in seconds, default ``Limits.command_seconds``. ``env`` is added to the box's own small
        environment; nothing of the host's environment is visible. A program that is not there is exit code 127.
        When the call returns, no process that the command started is left.
        """
        ...

    def read(self, path: str) -> bytes:
        """Return a file's content as a process in the box would read it.

        Raises ``FileNotFoundError``, ``IsADirectoryError`` or ``PermissionError`` like :func:`open`.
        """
        ...

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """Write a file inside the workspace, with its missing parent folders, as a process in the box would."""
        ...

    def remove(self, path: str) -> None:
        """Delete a file inside the workspace, and the folders that it leaves empty, as git does.

        Raises ``FileNotFoundError``.
        """
        ...

    def snapshot(self) -> Snapshot:
        """Name the workspace's present content. Copy-on-write: costs nothing per file of the base tree."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Make the workspace what it was at ``snapshot``; every process in the box is killed."""
        ...

    def fork(self) -> Sandbox:
        """Open a second, independent box with the same files. Processes are not carried over."""
        ...

    def open_base(self) -> Sandbox:
        """Open a second box of the same kind on the same base tree; nothing of this one's workspace is in it."""
        ...

    def changes(self) -> Changes:
        """Return what differs from the base tree, read from outside the box, whatever git in it may say."""
        ...

    def close(self) -> None:
        """Kill every process in the box and delete all that it holds. Closing twice is fine."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@runtime_checkable
class Reusable(Protocol):
    """What a box offers beyond :class:`Sandbox` so that :mod:`codegym.sandbox.pool.pool` can hand it out again."""

    def alive(self) -> bool:
        """Return whether the box, in which no command runs, still answers; takes no longer than a look."""
        ...

    def takes(self, tree: Tree) -> bool:
        """Return whether :meth:`renew` can lay ``tree``."""
        ...

    def renew(self, tree: Tree) -> None:
        """Make the box as ``open`` would return it for ``tree``: no process, no file, no snapshot of before."""
        ...

    def look(self) -> None:
        """Note what no command may change in the box just opened, for :meth:`residue` to compare with."""
        ...

    def residue(self) -> tuple[str, ...]:
        """Look, from where the box's processes can't interfere, at a box that was just renewed or opened.

        Return a line for each process, file, mount, limit or connection that does not belong there, and one if
        nobody called :meth:`look` before the first command.
        """
        ...

    def fork_to(self, spare: Sandbox) -> None:
        """Make ``spare``, just renewed or opened with the same image and limits, what ``fork`` would return."""
        ...


@runtime_checkable
class Spawns(Protocol):
    """A box in which a service can live on between commands."""

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
        """Start a service; returns its process id in the box."""
        ...

    def relay(self, snapshot: Snapshot) -> None:
        """Make the workspace what it was at ``snapshot`` while services live on; ``/tmp`` stays as it is."""
        ...


@runtime_checkable
class Lists(Protocol):
    """A box that knows what runs in it between commands."""

    def services(self) -> tuple[str, ...]:
        """Return the command lines of the services started since the box was opened or restored."""
        ...


@dataclass(frozen=True)
class Capability:
    """One thing that a backend does or can't do on this machine: ``why`` says how, or what to do about it."""

    name: str
    available: bool
    why: str


class Backend(Protocol):
    """Opens boxes of one kind. Making a backend is cheap and touches nothing."""

    name: str

    def capabilities(self) -> tuple[Capability, ...]:
        """Return what this backend gives here; the one named ``run`` says whether it works at all."""
        ...

    def require(self, image: str) -> None:
        """Raise :class:`~codegym.errors.ImageError`, with the remedy, if this machine does not have ``image``."""
        ...

    def open(self, tree: Tree, image: str, limits: Limits) -> Sandbox:
        """Open a box with ``tree`` at :data:`WORKDIR` and the toolchain of ``image``, named in ``sandboxes/``.

        Raises :class:`~codegym.errors.SandboxError`, with the remedy, if the machine can't.
        """
        ...
