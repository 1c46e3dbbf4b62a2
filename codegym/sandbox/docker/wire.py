"""The streams to a container's runner: a socket of ours that the runner connects to, or the engine's attach call.

The socket is the faster one: it bypasses the engine, and carries descriptors. It is bound in a folder that the
container sees. The runner connects before any command runs, and the socket is deleted at once. The attach call
works with every runtime: the engine wraps what the runner writes in pieces with a head of eight bytes (stream,
length), and passes on unchanged what we send. In both cases only the runner has the other end: a program in the
box can't use it.
"""

from __future__ import annotations

import array
import os
import socket
import struct
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from docker import DockerClient

_HEAD = struct.Struct(">BxxxI")
"""The head of a piece of the attach stream: which stream (2 is stderr), and how many bytes follow."""

_CREDENTIALS = struct.Struct("3i")
_SEND_SECONDS = 15.0
"""How long the runner may take to read what is sent."""

_PIECE = 1 << 18
_FDS_AT_ONCE = 4


class Listener:
    """A socket ``s`` in ``folder``, to which one runner connects."""

    def __init__(self, folder: Path, uid: int) -> None:
        self._folder = folder
        self._sock = socket.socket(socket.AF_UNIX)
        place = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:  # by descriptor: the folder's path may be longer than the address of a socket can be
            self._sock.bind(f"/proc/self/fd/{place}/s")
        finally:
            os.close(place)
        if os.getuid() == 0:
            os.chown(folder / "s", uid, uid)
        self._sock.listen(1)

    def accept(self, seconds: float) -> RunnerWire:
        """Return the wire to the runner that connects. Raises ``TimeoutError`` after ``seconds``."""
        self._sock.settimeout(seconds)
        sock, _ = self._sock.accept()
        return RunnerWire(sock)

    def close(self) -> None:
        """Stop listening and delete the socket."""
        self._sock.close()
        (self._folder / "s").unlink(missing_ok=True)


class RunnerWire:
    """A :class:`~codegym.sandbox.layered.channel.Wire` over a unix socket, which also carries descriptors."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._enclosed: list[int] = []
        self._received: deque[int] = deque()
        self.pid, self.uid, _ = _CREDENTIALS.unpack(
            sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )

    def enclose(self, descriptor: int) -> None:
        """Send ``descriptor`` along with the next :meth:`send`."""
        self._enclosed.append(descriptor)

    def next_descriptor(self) -> int:
        """Return the next descriptor that the runner sent, in order of arrival. The caller closes it."""
        return self._received.popleft()

    def send(self, data: bytes) -> None:
        """Send all of ``data``, and the enclosed descriptors."""
        self._sock.settimeout(_SEND_SECONDS)
        enclosed, self._enclosed = self._enclosed, []
        sent = socket.send_fds(self._sock, [data], enclosed) if enclosed else 0
        self._sock.sendall(memoryview(data)[sent:])

    def receive(self, seconds: float) -> bytes:
        """Return the next bytes that the runner wrote, ``b""`` at the end; ``TimeoutError`` after ``seconds``."""
        self._sock.settimeout(max(seconds, 0))
        room = socket.CMSG_SPACE(_FDS_AT_ONCE * array.array("i").itemsize)
        try:
            data, sent, _, _ = self._sock.recvmsg(_PIECE, room, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError as error:
            raise TimeoutError from error
        for level, kind, content in sent:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._received.extend(array.array("i", content[: len(content) - len(content) % 4]))
        return data

    def cut(self) -> None:
        """End the stream, from any thread. A call that waits for it returns, and the runner ends with its box."""
        with suppress(OSError):  # the runner may be gone already
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the stream."""
        self.cut()
        self._sock.close()
        while self._received:
            os.close(self._received.popleft())


class AttachWire:
    """A wire (see :class:`~codegym.sandbox.layered.channel.Wire`) to the first process of ``container``."""

    def __init__(self, client: DockerClient, container: str) -> None:
        streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        attached: Any = client.api.attach_socket(container, params=streams)
        self._response = attached._response
        self._sock = socket.socket(fileno=os.dup(attached.fileno()))
        self._raw = bytearray()
        self.complaint = b""
        """What the runner wrote to stderr: the reason if it died, otherwise nothing."""

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        self._sock.settimeout(_SEND_SECONDS)
        self._sock.sendall(data)

    def receive(self, seconds: float) -> bytes:
        """Return the next bytes that the runner wrote, ``b""`` at the end; ``TimeoutError`` after ``seconds``."""
        deadline = time.monotonic() + seconds
        while True:
            data = self._unwrap()
            if data:
                return data
            self._sock.settimeout(max(deadline - time.monotonic(), 0.0001))
            piece = self._sock.recv(_PIECE)
            if not piece:
                return b""
            self._raw += piece

    def close(self) -> None:
        """Close the stream; the engine then closes the runner's stdin, which ends it and the box."""
        self._response.close()
        self._sock.close()

    def _unwrap(self) -> bytes:
        """Remove all complete pieces from the bytes received, and return those of stdout."""
        data, at = bytearray(), 0
        while len(self._raw) - at >= _HEAD.size:
            stream, size = _HEAD.unpack_from(self._raw, at)
            if len(self._raw) - at < _HEAD.size + size:
                break
            piece = self._raw[at + _HEAD.size : at + _HEAD.size + size]
            at += _HEAD.size + size
            if stream == 2:
                self.complaint = (self.complaint + bytes(piece))[-500:]
            else:
                data += piece
        del self._raw[:at]
        return bytes(data)
