"""The host's side of a keeper (``runner/keep.c``): the process that holds a box's mounts.

It is started with a byte stream for the runner and a control socket for itself. All it does on request is lay,
flatten and delete layers, empty the box's ``/tmp``, and share its layers with another keeper; see the C source
for the requests.
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
_PATIENCE = 30.0
_MOST_MOUNTS = 251


STAGE = "/tmp"  # noqa: S108  a path in the keeper's own mount namespace
"""Where every keeper mounts, in its own namespace, its box's stage; see the C source for what lies there."""


@dataclass(frozen=True)
class Sources:
    """What of the host a keeper takes: ``stores``, which hold base trees and appear on its stage at ``l/0``…, and
    ``binds`` (from, to) in the box's root, where ``links`` (text, path) are symbolic links besides, and the
    folders ``hidden`` are empty. Before the first workspace is laid ``/proc`` becomes read-only there, and what
    is ``covered`` below it empty. ``stage`` is an empty folder that is to be the stage, ``None`` where that is in
    memory.
    """

    stores: tuple[str, ...]
    binds: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    stage: Path | None = None


class Keeper:
    """A running keeper, and below it, once the runner has said hello, a box.

    ``box`` is the argv of what it starts; ``writes`` are done first (see :meth:`Cgroup.making`).
    """

    def __init__(
        self, sources: Sources, box: Sequence[str], disk_mb: int, writes: Sequence[tuple[str, str]] = ()
    ) -> None:
        argv = [*_plan(sources, disk_mb, writes), *box]
        self.ending = ""
        self._unanswered: list[str] = []
        self._log = os.memfd_create("codegym-keeper")
        self.stream, stream = socket.socketpair()
        self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_PATIENCE)
        self._life: int | None = None
        try:
            with stream, control:
                self.pid = _spawn(argv, (stream.fileno(), stream.fileno(), self._log, control.fileno()))
            self._life = os.pidfd_open(self.pid)
        except OSError as error:
            self.close()
            os.close(self._log)
            raise SandboxError(f"a box can't be started: {error}") from error

    def path(self, name: str) -> Path:
        """Return the host's path of ``name`` on the stage: ``u/0`` a layer, ``tmp`` the box's ``/tmp``."""
        return Path(f"/proc/{self.pid}/root{STAGE}/{name}")

    def lay(self, upper: str, lowers: Sequence[str]) -> None:
        """Lay a workspace: ``u/<upper>``, made if missing, over the lower folders, topmost first."""
        self._ask(_laying(upper, lowers))

    def lay_soon(self, upper: str, lowers: Sequence[str]) -> None:
        """Ask for what :meth:`lay` will be called with next, once there is a box, and do not wait for it."""
        with suppress(OSError):  # it is dead; whoever waits for the runner is told why
            self._send(_laying(upper, lowers))

    def flatten(self, upper: str, layers: Sequence[str]) -> None:
        """Make ``u/<upper>``, which holds what ``layers`` (topmost first), written by boxes, hold together."""
        self._ask(f"f {upper} {':'.join(layers)}")

    def drop(self, upper: str) -> None:
        """Delete the layer ``u/<upper>``, which no workspace uses any more."""
        self._ask(f"d {upper}")

    def clean(self) -> None:
        """Empty the box's ``/tmp`` and ``/dev/shm``."""
        self._ask("c")

    def forget(self) -> None:
        """Take the workspace away and delete all that the box and those it was forked from wrote."""
        self._ask("r")

    def share(self, other: Keeper) -> None:
        """Give ``other`` the layers on this stage: there, ``u`` appears as ``f/0``, ``f/0`` as ``f/1``, and so on.

        They stay as long as either keeper uses them. If ``other`` can't take them it says so when asked next.
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
        """Return what the keeper, bubblewrap and the runner had to say, for an error's message."""
        if self.ending or self._life is None:
            return self.ending or "it was closed"
        return os.pread(self._log, 2000, 0).decode(errors="replace").strip()

    def close(self) -> None:
        """End the keeper and wait until every process of the box is gone."""
        self.stream.close()
        self._control.close()
        life, self._life = self._life, None
        if life is not None:
            _wait(self.pid, life)
            os.close(life)
            os.close(self._log)

    def _ask(self, request: str) -> None:
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
        """Send a request, with ``descriptors``, whose answer :meth:`_ask` looks at, for this one or the next."""
        socket.send_fds(self._control, [request.encode()], list(descriptors))
        self._unanswered.append(request)

    def _check(self, answer: str) -> None:
        if answer != "0":
            code, _, what = answer.partition(" ")
            why = os.strerror(int(code)) if code else self.why_dead()
            raise SandboxError(f"the box's workspace could not be changed: {what}: {why}")


def _laying(upper: str, lowers: Sequence[str]) -> str:
    return f"m {upper} {':'.join(lowers)}"


def _plan(sources: Sources, disk_mb: int, writes: Sequence[tuple[str, str]]) -> list[str]:
    """Return the keeper's argv, but for what it starts."""
    memory_mb = 0 if sources.stage else disk_mb
    size = (memory_mb << 20, max(_FEWEST_INODES, memory_mb * _INODES_PER_MB))
    lists = (writes, sources.stores, sources.binds, sources.links, sources.hidden, sources.covered)
    head = (program("keep"), os.getpid(), *size, *map(len, lists))
    stage = [str(sources.stage)] if sources.stage else []
    pairs = [word for what, where in (*sources.binds, *sources.links) for word in (what, where.lstrip("/"))]
    hidden = [path.lstrip("/") for path in sources.hidden]
    orders = [word for write in writes for word in write]
    return [*map(str, head), *stage, *orders, *sources.stores, *pairs, *hidden, *sources.covered]


def _spawn(argv: list[str], given: Sequence[int]) -> int:
    """Start a program in a session of its own with the descriptors ``given`` as 0, 1…; it closes all others."""
    high: list[int] = []
    try:
        high.extend(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, len(given)) for descriptor in given)
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


def _wait(pid: int, life: int) -> None:
    """Wait for the end of process ``pid``, whose pidfd is ``life``, which is about to come."""
    end = select.poll()
    end.register(life, select.POLLIN)
    if not end.poll(_PATIENCE * 1000):
        os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):  # whoever embeds us ignores the ends of children, which are not kept then
        os.waitpid(pid, 0)
