"""The host's side of a keeper (``runner/keep.c``): the process that holds a box's mounts.

It is started with a byte stream for the runner and a control socket for itself. All it does on request is lay,
flatten and delete layers, empty the box's ``/tmp``, and share its layers with another keeper; see the C source
for the requests.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from codegym.errors import SandboxError
from codegym.sandbox.build import program
from codegym.sandbox.cgroup import Cgroup

_INODES_PER_MB = 256
_FEWEST_INODES = 16384
_PATIENCE = 30.0
_MOST_MOUNTS = 251


STAGE = "/tmp"  # noqa: S108  a path in the keeper's own mount namespace
"""Where every keeper mounts, in its own namespace, its box's stage; see the C source for what lies there."""


@dataclass(frozen=True)
class Sources:
    """What of the host a keeper takes: ``stores``, which hold base trees and appear on its stage at ``l/0``…, and
    ``binds`` (from, to) in the box's root, where ``links`` (text, path) are symbolic links besides. ``stage`` is
    an empty folder that is to be the stage, ``None`` where that is in memory.
    """

    stores: tuple[str, ...]
    binds: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    stage: Path | None = None


class Keeper:
    """A running keeper, and below it, once :meth:`start` was called and the runner has said hello, a box.

    ``box`` is the argv of what it starts.
    """

    def __init__(self, sources: Sources, box: Sequence[str], disk_mb: int) -> None:
        self._log: IO[bytes] = os.fdopen(os.memfd_create("codegym-keeper"), "r+b")
        self.stream, stream = socket.socketpair()
        self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_PATIENCE)
        memory_mb = 0 if sources.stage else disk_mb
        size = (memory_mb << 20, max(_FEWEST_INODES, memory_mb * _INODES_PER_MB))
        counts = (len(sources.stores), len(sources.binds), len(sources.links))
        stage = [sources.stage] if sources.stage else []
        pairs = [word for what, where in (*sources.binds, *sources.links) for word in (what, where.lstrip("/"))]
        head = (program("keep"), control.fileno(), os.getpid(), *size, *counts)
        argv = [*(str(word) for word in (*head, *stage)), *sources.stores, *pairs, *box]
        with stream, control:
            self._process = subprocess.Popen(
                argv,
                stdin=stream.fileno(),
                stdout=stream.fileno(),
                stderr=self._log,
                pass_fds=[control.fileno()],
                start_new_session=True,
                env={"PATH": os.environ.get("PATH", os.defpath)},
            )
        self.pid = self._process.pid
        self.ending = ""

    def start(self, group: Cgroup | None) -> None:
        """Start the box, in ``group`` if there is one; until then that can be made while the keeper works."""
        entries: list[int] = []
        try:
            for entry in group.entries if group else ():
                entries.append(os.open(entry, os.O_WRONLY | os.O_CLOEXEC))
            socket.send_fds(self._control, [b"g"], entries)
            answer = self._control.recv(4096).decode()
        except OSError as error:
            raise SandboxError(f"the box died as it started: {self.why_dead() or error}") from error
        finally:
            for opened in entries:
                os.close(opened)
        if answer != "0":
            raise SandboxError(f"the box died as it started: {self.why_dead() or answer}")

    def path(self, name: str) -> Path:
        """Return the host's path of ``name`` on the stage: ``u/0`` a layer, ``tmp`` the box's ``/tmp``."""
        return Path(f"/proc/{self.pid}/root{STAGE}/{name}")

    def lay(self, upper: str, lowers: Sequence[str]) -> None:
        """Lay a workspace: ``u/<upper>``, made if missing, over the lower folders, topmost first."""
        self._ask(f"m {upper} {':'.join(lowers)}")

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

        They stay as long as either keeper uses them.
        """
        descriptors: list[int] = []
        try:
            self._send("x")
            answer, descriptors, *_ = socket.recv_fds(self._control, 4096, _MOST_MOUNTS)
            self._check(answer.decode())
            socket.send_fds(other._control, [b"i"], descriptors)
            other._check(other._control.recv(4096).decode())
        except OSError as error:
            raise SandboxError(f"the box is gone: {self.why_dead() or other.why_dead() or error}") from error
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def why_dead(self) -> str:
        """Return what the keeper, bubblewrap and the runner had to say, for an error's message."""
        if self.ending or self._log.closed:
            return self.ending or "it was closed"
        self._log.seek(0)
        return self._log.read(2000).decode(errors="replace").strip()

    def close(self) -> None:
        """End the keeper and wait until every process of the box is gone."""
        self.stream.close()
        self._control.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _ask(self, request: str) -> None:
        try:
            self._send(request)
            answer = self._control.recv(4096).decode()
        except OSError as error:
            raise SandboxError(f"the box is gone: {self.why_dead() or error}") from error
        self._check(answer)

    def _send(self, request: str) -> None:
        self._control.send(request.encode())

    def _check(self, answer: str) -> None:
        if answer != "0":
            code, _, what = answer.partition(" ")
            why = os.strerror(int(code)) if code else self.why_dead()
            raise SandboxError(f"the box's workspace could not be changed: {what}: {why}")
