"""The stream to a container's first process, through the engine's attach call.

The engine wraps what the process writes into pieces with a head of eight bytes (stream, length); what we send
goes in as it is. The runner holds both ends alone, so that a program in the box can't speak on them.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from typing import Any

from docker import DockerClient

_HEAD = struct.Struct(">BxxxI")
_SEND_SECONDS = 15.0


class DockerWire:
    """A wire (see :class:`codegym.sandbox.channel.Wire`) to the first process of container ``container``."""

    def __init__(self, client: DockerClient, container: str) -> None:
        streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        attached: Any = client.api.attach_socket(container, params=streams)
        self._response = attached._response
        self._sock = socket.socket(fileno=os.dup(attached.fileno()))
        self._raw = bytearray()
        self.complaint = b""
        """What the runner said on stderr: only ever why it died."""

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        self._sock.settimeout(_SEND_SECONDS)
        self._sock.sendall(data)

    def receive(self, seconds: float) -> bytes:
        """Return the next bytes that the runner wrote, ``b""`` at the end; ``TimeoutError`` after ``seconds``."""
        deadline = time.monotonic() + seconds
        while True:
            found = self._unwrap()
            if found:
                return found
            self._sock.settimeout(max(deadline - time.monotonic(), 0.0001))
            piece = self._sock.recv(1 << 18)
            if not piece:
                return b""
            self._raw += piece

    def close(self) -> None:
        """Close the stream; the engine then closes the runner's stdin, which ends it and the box."""
        self._response.close()
        self._sock.close()

    def _unwrap(self) -> bytes:
        """Take all whole pieces from what came in, and return those of stdout."""
        found, at = bytearray(), 0
        while len(self._raw) - at >= _HEAD.size:
            stream, size = _HEAD.unpack_from(self._raw, at)
            if len(self._raw) - at < _HEAD.size + size:
                break
            piece = self._raw[at + _HEAD.size : at + _HEAD.size + size]
            at += _HEAD.size + size
            if stream == 2:
                self.complaint = (self.complaint + bytes(piece))[-500:]
            else:
                found += piece
        del self._raw[:at]
        return bytes(found)
