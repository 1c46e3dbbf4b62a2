"""The host's side of a keeper (``runner/keep.c``): the process in whose namespaces a box's mounts are.

It is started with a byte stream for the runner and a control socket for itself. It obeys a few requests: lay,
merge and delete layers, empty the box's ``/tmp``, and share its layers with another keeper. The C source defines
them.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from codegym.errors import SandboxError
from codegym.sandbox.runner.build import program

_INODES_PER_MB = 256
_FEWEST_INODES = 16384
_ANSWER_SECONDS = 30.0
"""How long a keeper may take to answer, or to end."""

_MOST_MOUNTS = 251
"""How many mounts a keeper shares at most: its own layers and those of 250 forks."""

STAGE = "/tmp"  # noqa: S108  a path in the keeper's own mount namespace
"""Where every keeper mounts its box's stage, in its own namespace; the C source lists the folders there."""


@dataclass(frozen=True)
class Sources:
    """The parts of the host that a keeper mounts.

    - ``stores`` contain base trees; they appear on the stage as ``l/0``, ``l/1`` and so on.
    - ``binds`` are (from, to) in the box's root, ``links`` are symbolic links (text, path) there, and the folders
      ``hidden`` appear empty.
    - ``emptied`` are paths below ``/proc`` that appear empty; ``/proc`` becomes read-only when the first workspace
      is laid.
    - ``stage`` is an empty folder in which the box writes; ``None``: it writes in memory.
    """

    stores: tuple[str, ...]
    binds: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    stage: Path | None = None


class Keeper:
    """A running keeper and the box that it starts.

    ``box`` is the argv that starts the box. ``writes`` come first: see :meth:`Cgroup.setup_writes`.
    """

    def __init__(
        self, sources: Sources, box: Sequence[str], disk_mb: int, writes: Sequence[tuple[str, str]] = ()
    ) -> None:
        argv = [*_keeper_argv(sources, disk_mb, writes), *box]
        self.ending = ""
        self._unanswered: list[str] = []
        self._log = os.memfd_create("codegym-keeper")
        self.stream, stream = socket.socketpair()
        self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_ANSWER_SECONDS)
        self._pidfd: int | None = None
        try:
            with stream, control:
                self.pid = _spawn(argv, (stream.fileno(), stream.fileno(), self._log, control.fileno()))
            self._pidfd = os.pidfd_open(self.pid)
        except OSError as error:
            self.close()
            os.close(self._log)
            raise SandboxError(f"a box can't be started: {error}") from error

    def path(self, name: str) -> Path:
        """Return this process's path of ``name`` on the stage, such as a layer ``u/0`` or the box's ``tmp``."""
        return Path(f"/proc/{self.pid}/root{STAGE}/{name}")

    def lay(self, upper: str, lowers: Sequence[str]) -> None:
        """Lay a workspace: the folder ``u/<upper>``, made if missing, over ``lowers``, topmost first."""
        self._ask(_lay_request(upper, lowers))

    def lay_soon(self, upper: str, lowers: Sequence[str]) -> None:
        """Request the workspace that the next :meth:`lay` will ask for, without waiting for the box to start."""
        with suppress(OSError):  # the keeper is dead; waiting for the runner fails with the reason
            self._send(_lay_request(upper, lowers))

    def flatten(self, upper: str, layers: Sequence[str]) -> None:
        """Make ``u/<upper>`` with the merged content of ``layers`` (topmost first), which boxes wrote."""
        self._ask(f"f {upper} {':'.join(layers)}")

    def drop(self, upper: str) -> None:
        """Delete the layer ``u/<upper>``, which no workspace may use any more."""
        self._ask(f"d {upper}")

    def clean(self) -> None:
        """Empty the box's ``/tmp`` and ``/dev/shm``."""
        self._ask("c")

    def forget(self) -> None:
        """Unmount the workspace, delete the box's layers, detach those of other boxes, and empty ``/tmp``."""
        self._ask("r")

    def share(self, other: Keeper) -> None:
        """Share the layers on this stage with ``other``.

        The folder ``u`` appears there as ``f/0``, ``f/0`` as ``f/1``, and so on. They exist as long as either
        keeper uses them. If ``other`` can't mount them, its next request fails.
        """
        descriptors: list[int] = []
        try:
            self._send("x")
            answer, descriptors, *_ = socket.recv_fds(self._control, 4096, _MOST_MOUNTS)
            self._unanswered.pop()
            self._check(answer.decode())
            other._send("i", descriptors)
        except OSError as error:
            raise SandboxError(f"the box is gone: {self.why_dead() or other.why_dead() or error}") from error
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def why_dead(self) -> str:
        """Return why the box died, for an error's message: what the keeper, bubblewrap and the runner logged."""
        if self.ending or self._pidfd is None:
            return self.ending or "it was closed"
        return os.pread(self._log, 2000, 0).decode(errors="replace").strip()

    def close(self) -> None:
        """End the keeper and wait until every process of the box is gone."""
        self.stream.close()
        self._control.close()
        pidfd, self._pidfd = self._pidfd, None
        if pidfd is not None:
            _wait(self.pid, pidfd)
            os.close(pidfd)
            os.close(self._log)

    def _ask(self, request: str) -> None:
        """Send a request, unless it was sent already, and wait for the answers to all requests."""
        try:
            if request not in self._unanswered:
                self._send(request)
            while self._unanswered:
                answer = self._control.recv(4096).decode()
                self._unanswered.pop(0)
                self._check(answer)
        except OSError as error:
            raise SandboxError(f"the box is gone: {self.why_dead() or error}") from error

    def _send(self, request: str, descriptors: Sequence[int] = ()) -> None:
        """Send a request, with ``descriptors``, without waiting: the next :meth:`_ask` checks its answer."""
        socket.send_fds(self._control, [request.encode()], list(descriptors))
        self._unanswered.append(request)

    def _check(self, answer: str) -> None:
        if answer != "0":
            code, _, step = answer.partition(" ")
            why = os.strerror(int(code)) if code else self.why_dead()
            raise SandboxError(f"the box's workspace could not be changed: {step}: {why}")


def _lay_request(upper: str, lowers: Sequence[str]) -> str:
    return f"m {upper} {':'.join(lowers)}"


def _keeper_argv(sources: Sources, disk_mb: int, writes: Sequence[tuple[str, str]]) -> list[str]:
    """Return the keeper's argv, without the program that it starts."""
    memory_mb = 0 if sources.stage else disk_mb
    size = (memory_mb << 20, max(_FEWEST_INODES, memory_mb * _INODES_PER_MB))
    lists = (writes, sources.stores, sources.binds, sources.links, sources.hidden, sources.emptied)
    head = (program("keep"), os.getpid(), *size, *map(len, lists))
    stage = [str(sources.stage)] if sources.stage else []
    pairs = [word for source, path in (*sources.binds, *sources.links) for word in (source, path.lstrip("/"))]
    hidden = [path.lstrip("/") for path in sources.hidden]
    write_words = [word for write in writes for word in write]
    return [*map(str, head), *stage, *write_words, *sources.stores, *pairs, *hidden, *sources.emptied]


def _spawn(argv: list[str], descriptors: Sequence[int]) -> int:
    """Start a program in a new session, with ``descriptors`` as its descriptors 0, 1, and so on.

    Return its pid.
    """
    high: list[int] = []
    try:
        high.extend(fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, len(descriptors)) for number in descriptors)
        return os.posix_spawn(
            argv[0],
            argv,
            {"PATH": os.environ.get("PATH", os.defpath)},
            file_actions=[(os.POSIX_SPAWN_DUP2, descriptor, number) for number, descriptor in enumerate(high)],
            setsid=True,
            setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
        )
    finally:
        for descriptor in high:
            os.close(descriptor)


def _wait(pid: int, pidfd: int) -> None:
    """Wait until process ``pid`` ends, and kill it if it does not end in time."""
    end = select.poll()
    end.register(pidfd, select.POLLIN)
    if not end.poll(_ANSWER_SECONDS * 1000):
        os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):  # this process ignores SIGCHLD, so that the kernel keeps no exit status
        os.waitpid(pid, 0)
