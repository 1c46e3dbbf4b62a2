"""The host's side of the runner: frames over any byte stream, commands in, results out.

The runner (``runner/serve.c``) is the first process of a box, whatever isolates the box. It needs nothing of
the image. This module knows its frames (``runner/wire.h``) and nothing of how the box was made, so that every
backend that can hand over a byte stream to the runner's stdin and stdout runs commands in the same way.
"""

from __future__ import annotations

import itertools
import os
import posixpath
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from codegym.deadline import note
from codegym.errors import SandboxError
from codegym.sandbox.protocol import WORKDIR, ExecResult

VERSION = 1
_HEAD = struct.Struct("<IBI")
_REQUEST = struct.Struct("<BBHII")
_END = struct.Struct("<iIQQQQ")
_PIECE = 65536
_TICK = 0.02
_GRACE = 15.0
_MAX_REQUEST = 4 << 20
_MAX_FRAME = 1 << 20
_MAX_ERRNO = 4095
_BROKEN = "the box's runner broke its protocol; the box is lost"


class RefusedError(SandboxError):
    """The runner is there, and says that it can't do what is asked here."""


class Wire(Protocol):
    """A byte stream to a runner."""

    def send(self, data: bytes) -> None:
        """Send all of ``data``. Raises ``OSError`` when the other end is gone."""
        ...

    def receive(self, seconds: float) -> bytes:
        """Return the next bytes, ``b""`` at the end of the stream; ``TimeoutError`` after ``seconds``."""
        ...

    def close(self) -> None:
        """Close the stream: the runner exits and its box with it."""
        ...


class SocketWire:
    """A wire over a connected stream socket, which it owns."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send(self, data: bytes) -> None:
        """See :class:`Wire`."""
        self._sock.settimeout(_GRACE)
        self._sock.sendall(data)

    def receive(self, seconds: float) -> bytes:
        """See :class:`Wire`."""
        self._sock.settimeout(max(seconds, 0))
        try:
            return self._sock.recv(_PIECE)
        except BlockingIOError as error:
            raise TimeoutError from error

    def close(self) -> None:
        """See :class:`Wire`."""
        self._sock.close()


class Clip:
    """Keeps the first and the last half of what flows through, at most ``size`` bytes in all."""

    def __init__(self, size: int) -> None:
        self._room = size - size // 2
        self._tail_size = size // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.truncated = False

    def add(self, piece: bytes) -> None:
        """Take the next piece of the stream."""
        taken = piece[: self._room]
        self._head += taken
        self._room -= len(taken)
        self._tail += piece[len(taken) :]
        if len(self._tail) > 2 * self._tail_size + _PIECE:
            self._drop()

    def _drop(self) -> None:
        excess = len(self._tail) - self._tail_size
        if excess > 0:
            del self._tail[:excess]
            self.truncated = True

    def bytes(self) -> bytes:
        """Return what was kept."""
        self._drop()
        return bytes(self._head + self._tail)


@dataclass(frozen=True)
class Watch:
    """``exceeded``, asked some fifty times a second, says whether to kill a command for its use of memory."""

    exceeded: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Ended:
    """How a command ended. Times are in seconds, ``peak_kb`` is the largest resident set of one process."""

    code: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    timed_out: bool
    oom: bool
    seconds: float
    user_seconds: float
    system_seconds: float
    peak_kb: int


@dataclass
class _Running:
    """A command in flight on this side of the channel."""

    number: int
    stdin: memoryview
    out: Clip
    err: Clip
    deadline: float
    timed_out: bool = False
    oom: bool = False
    killed_at: float | None = None


class Channel:
    """Talks to one runner; used by one thread at a time. Any breach of the protocol closes the box."""

    def __init__(self, wire: Wire, why_dead: Callable[[], str] = lambda: "") -> None:
        self._wire = wire
        self._why_dead = why_dead
        self._buffer = bytearray()
        self._numbers = itertools.count(1)

    def hello(self, seconds: float = 30.0) -> None:
        """Wait until the runner is there. Raises :class:`~codegym.errors.SandboxError` if it does not come."""
        start = time.monotonic()
        try:
            kind, _, payload = self._frame(start + seconds)
        except TimeoutError:
            note("box start", seconds, time.monotonic() - start, fired=True)
            why = self._why_dead() or "the machine may have too much to do: let fewer boxes open at once"
            raise SandboxError(f"the box did not start within {seconds:g} s: {why}") from None
        note("box start", seconds, time.monotonic() - start, fired=False)
        if kind == "F":
            raise RefusedError(f"the box's runner could not start: {payload.decode(errors='replace')}")
        if kind != "H" or payload != struct.pack("<I", VERSION):
            raise SandboxError(f"the box's runner speaks another protocol than version {VERSION}")

    def run(
        self,
        argv: Sequence[str],
        *,
        op: str = "x",
        cwd: str = WORKDIR,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout: float,
        keep: int,
        watch: Watch | None = None,
    ) -> Ended:
        """Run one command to its end and return it; ``keep`` is the most bytes kept of each output."""
        number, first = next(self._numbers), stdin[:_PIECE]
        rest = memoryview(stdin)[len(first) :]
        request = _encode(op, bool(rest), cwd, argv, env or {}) + first
        self._send("X", number, request)
        deadline = time.monotonic() + timeout + _TICK  # it starts a moment after this, and is due all of its time
        running = _Running(number, rest, Clip(keep), Clip(keep), deadline)
        ended = self._follow(running, watch or Watch())
        if op == "x":
            note("command", timeout, ended.seconds, fired=ended.timed_out)
        return ended

    def spawn(self, argv: Sequence[str], *, cwd: str = "/", env: Mapping[str, str] | None = None) -> int:
        """Start a process that outlives commands, and return its pid in the box; output goes to /dev/null."""
        self._send("P", next(self._numbers), _encode("x", False, cwd, argv, env or {}))
        (pid,) = _unpack(struct.Struct("<i"), self._answer("S"))
        if pid < 0:
            why = os.strerror(min(-pid, _MAX_ERRNO))
            raise SandboxError(f"the box could not start the service {argv[0]!r}: {why}")
        return pid

    def kill_all(self) -> None:
        """Kill every process in the box but the runner, services too."""
        self._send("K", 0, b"")
        self._answer("Z")

    def ask(self, kind: str, payload: bytes) -> bytes:
        """Ask something of the runner's stage (``runner/stage.h``), between commands, and return the answer."""
        self._send(kind, next(self._numbers), payload)
        return self._answer("R")

    def alive(self) -> bool:
        """Return, between commands, whether the runner is there and has said nothing that nobody asked for."""
        try:
            self._wire.receive(0)
        except TimeoutError:
            return not self._buffer
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Close the wire."""
        self._wire.close()

    def _answer(self, kind: str) -> bytes:
        """Return what the next frame of ``kind`` holds; what a killed command still said is passed over."""
        deadline = time.monotonic() + _GRACE
        while True:
            try:
                answered, _, payload = self._frame(deadline)
            except TimeoutError as error:
                why = f"the box's runner did not answer within {_GRACE:.0f} s; the box is lost"
                raise SandboxError(why) from error
            if answered == kind:
                return payload

    def _follow(self, running: _Running, watch: Watch) -> Ended:
        look_at = self._next_look(running)
        while True:
            try:
                kind, number, payload = self._frame(look_at)
            except TimeoutError:
                kind, number, payload = "", running.number, b""
            if kind == "X" and number == running.number:
                return _ended(running, payload)
            if time.monotonic() >= look_at:
                self._look(running, watch)
                look_at = self._next_look(running)
            if number == running.number:
                self._take(running, kind, payload)

    def _take(self, running: _Running, kind: str, payload: bytes) -> None:
        if kind == "O":
            running.out.add(payload)
        elif kind == "E":
            running.err.add(payload)
        elif kind == "A":
            self._feed(running)

    def _next_look(self, running: _Running) -> float:
        soon = time.monotonic() + _TICK
        return soon if running.killed_at else min(soon, running.deadline)

    def _look(self, running: _Running, watch: Watch) -> None:
        now = time.monotonic()
        if running.killed_at is not None:
            if now > running.killed_at + _GRACE:
                raise SandboxError(f"a command could not be killed within {_GRACE:.0f} s; the box is lost")
            return
        running.timed_out = now >= running.deadline
        running.oom = not running.timed_out and watch.exceeded()
        if running.timed_out or running.oom:
            running.killed_at = now
            self._send("K", running.number, b"")

    def _feed(self, running: _Running) -> None:
        piece, running.stdin = running.stdin[:_PIECE], running.stdin[_PIECE:]
        self._send("I", running.number, bytes([bool(running.stdin)]) + bytes(piece))

    def _send(self, kind: str, number: int, payload: bytes) -> None:
        try:
            self._wire.send(_HEAD.pack(len(payload), ord(kind), number) + payload)
        except OSError as error:
            raise self._dead(error) from error

    def _frame(self, deadline: float) -> tuple[str, int, bytes]:
        while len(self._buffer) < _HEAD.size or len(self._buffer) < _HEAD.size + self._announced():
            try:
                data = self._wire.receive(deadline - time.monotonic())
            except TimeoutError:
                raise
            except OSError as error:
                raise self._dead(error) from error
            if not data:
                raise self._dead(None)
            self._buffer += data
        size, kind, number = _HEAD.unpack_from(self._buffer)
        payload = bytes(self._buffer[_HEAD.size : _HEAD.size + size])
        del self._buffer[: _HEAD.size + size]
        return chr(kind), number, payload

    def _announced(self) -> int:
        size = int(_HEAD.unpack_from(self._buffer)[0])
        if size > _MAX_FRAME:
            raise SandboxError(_BROKEN)
        return size

    def _dead(self, error: OSError | None) -> SandboxError:
        why = self._why_dead() or (str(error) if error else "its runner ended")
        return SandboxError(f"the box is gone: {why}")


def _encode(op: str, more: bool, cwd: str, argv: Sequence[str], env: Mapping[str, str]) -> bytes:
    strings = [cwd, *argv, *(f"{name}={value}" for name, value in env.items())]
    encoded = [os.fsencode(text) for text in strings]
    if not argv or any(b"\0" in text for text in encoded):
        raise ValueError("a command needs at least one word, and no word may hold a NUL character")
    body = b"\0".join(encoded) + b"\0"
    if len(body) > _MAX_REQUEST:
        raise ValueError(f"a command may be at most {_MAX_REQUEST} bytes long, this one has {len(body)}")
    return _REQUEST.pack(ord(op), more, 0, len(argv), len(env)) + body


def _unpack(form: struct.Struct, payload: bytes) -> tuple[int, ...]:
    """Decode a payload of fixed size."""
    if len(payload) != form.size:
        raise SandboxError(_BROKEN)
    return form.unpack(payload)


def _ended(running: _Running, payload: bytes) -> Ended:
    code, _, wall, user, system, peak = _unpack(_END, payload)
    out, err = running.out.bytes(), running.err.bytes()
    return Ended(
        code=code,
        stdout=out,
        stderr=err,
        truncated=running.out.truncated or running.err.truncated,
        timed_out=running.timed_out,
        oom=running.oom,
        seconds=wall / 1e9,
        user_seconds=user / 1e6,
        system_seconds=system / 1e6,
        peak_kb=peak,
    )


def as_argv(command: str | Sequence[str]) -> list[str]:
    """Return the argv of a command: a string is for the shell."""
    return ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)


def inside(path: str) -> str:
    """Return a path in the box as an absolute one; relative paths are taken from the workspace."""
    return posixpath.join(WORKDIR, path)


def as_result(ended: Ended, *, oom: bool) -> ExecResult:
    """Return the protocol's form of how a command ended."""
    return ExecResult(
        exit_code=ended.code,
        stdout=ended.stdout.decode(errors="replace"),
        stderr=ended.stderr.decode(errors="replace"),
        timed_out=ended.timed_out,
        oom=ended.oom or oom,
        truncated=ended.truncated,
        seconds=ended.seconds,
    )


def read_file(channel: Channel, path: str, most: int) -> bytes:
    """Read a file as a process in the box; raises ``OSError`` as :func:`open` does, ``EFBIG`` above ``most``."""
    ended = channel.run([inside(path)], op="r", timeout=_GRACE, keep=most)
    _raise_for(27 if ended.truncated else ended.code, path)
    return ended.stdout


def write_file(channel: Channel, path: str, content: bytes, *, executable: bool) -> None:
    """Write a file, with its parents, as a process in the box; raises ``OSError``."""
    mode = "755" if executable else "644"
    argv = [inside(path), mode]
    ended = channel.run(argv, op="w", stdin=content, timeout=_GRACE + len(content) / 1e7, keep=1024)
    _raise_for(ended.code, path)


def remove_file(channel: Channel, path: str) -> None:
    """Delete a file as a process in the box; raises ``OSError``."""
    _raise_for(channel.run([inside(path)], op="d", timeout=_GRACE, keep=1024).code, path)


def _raise_for(code: int, path: str) -> None:
    if code < 0:
        raise SandboxError(f"the box lost the process that handled {path!r} (signal {-code})")
    if code > 0:
        raise OSError(code, os.strerror(code), path)
