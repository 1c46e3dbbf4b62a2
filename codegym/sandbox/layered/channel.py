"""The host's side of the runner: sends commands and receives results, as frames over any byte stream.

The runner (``runner/serve.c``) is the first process of a box, whatever isolates the box. It needs nothing of the
image. This module knows its frames (``runner/wire.h``) and nothing about how the box was made: every backend that
has a byte stream to the runner's stdin and stdout runs commands in the same way.
"""

from __future__ import annotations

import itertools
import os
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
"""The version of the frames, which the runner's first frame reports."""

_HEAD = struct.Struct("<IBI")
"""The head of a frame: size of the payload, kind, number of the command."""

_REQUEST = struct.Struct("<BBHII")
"""The head of a command: operation, whether more stdin follows, padding, number of words, number of variables."""

_END = struct.Struct("<iIQQQQ")
"""How a command ended: exit code, padding, wall time in ns, user and system time in us, peak memory in KB."""

_PIECE = 65536
_TICK = 0.02
"""Seconds between two checks of a running command's limits."""

GRACE_SECONDS = 15.0
"""How long the runner may take to answer, or a killed command to end; after that the box is lost."""

_MAX_REQUEST = 4 << 20
_MAX_FRAME = 1 << 20
_MAX_ERRNO = 4095
_BROKEN = "the box's runner violated the protocol; the box is lost"


class RefusedError(SandboxError):
    """The runner answered that it can't do what was requested."""


class Wire(Protocol):
    """A byte stream to a runner."""

    def send(self, data: bytes) -> None:
        """Send all of ``data``. Raises ``OSError`` if the other end is gone."""
        ...

    def receive(self, seconds: float) -> bytes:
        """Return the next bytes, ``b""`` at the end of the stream; ``TimeoutError`` after ``seconds``."""
        ...

    def close(self) -> None:
        """Close the stream: the runner exits and its box with it."""
        ...


class SocketWire:
    """A wire over a connected stream socket, which :meth:`close` closes."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send(self, data: bytes) -> None:
        """See :class:`Wire`."""
        self._sock.settimeout(GRACE_SECONDS)
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
    """Keeps the first and the last bytes of a stream, half of ``size`` each."""

    def __init__(self, size: int) -> None:
        self._head_left = size - size // 2
        self._tail_size = size // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.truncated = False

    def add(self, piece: bytes) -> None:
        """Add the next piece of the stream."""
        head = piece[: self._head_left]
        self._head += head
        self._head_left -= len(head)
        self._tail += piece[len(head) :]
        if len(self._tail) > 2 * self._tail_size + _PIECE:
            self._drop()

    def _drop(self) -> None:
        excess = len(self._tail) - self._tail_size
        if excess > 0:
            del self._tail[:excess]
            self.truncated = True

    def bytes(self) -> bytes:
        """Return the bytes kept."""
        self._drop()
        return bytes(self._head + self._tail)


@dataclass(frozen=True)
class CommandEnd:
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
class _RunningCommand:
    """A running command: the stdin still to send, the output so far, its deadline, and why it was killed."""

    number: int
    stdin: memoryview
    out: Clip
    err: Clip
    deadline: float
    is_over_limit: Callable[[], bool]
    timed_out: bool = False
    oom: bool = False
    killed_at: float | None = None


class Channel:
    """Talks to one runner; used by one thread at a time.

    ``why_dead`` returns the reason if the box has died, for an error's message.
    """

    def __init__(self, wire: Wire, why_dead: Callable[[], str] = lambda: "") -> None:
        self._wire = wire
        self._why_dead = why_dead
        self._buffer = bytearray()
        self._numbers = itertools.count(1)

    def hello(self, seconds: float = 30.0) -> None:
        """Wait for the runner's first frame.

        Raises :class:`~codegym.errors.SandboxError` after ``seconds``, and :class:`RefusedError` if the runner
        reports that it can't start.
        """
        start = time.monotonic()
        try:
            kind, _, payload = self._frame(start + seconds)
        except TimeoutError:
            note("box start", seconds, time.monotonic() - start, fired=True)
            why = self._why_dead() or "the machine may be overloaded: open fewer boxes at once"
            raise SandboxError(f"the box did not start within {seconds:g} s: {why}") from None
        note("box start", seconds, time.monotonic() - start, fired=False)
        if kind == "F":
            raise RefusedError(f"the box's runner could not start: {payload.decode(errors='replace')}")
        if kind != "H" or payload != struct.pack("<I", VERSION):
            raise SandboxError(f"the box's runner does not use version {VERSION} of the protocol")

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
        is_over_limit: Callable[[], bool] = lambda: False,
    ) -> CommandEnd:
        """Run one command to its end, and return how it ended.

        ``op`` is the runner's operation: ``x`` to execute, ``r``, ``w`` and ``d`` to read, write and delete a
        file. ``keep`` is how many bytes of each output are kept. ``is_over_limit`` is called about every
        20 ms; once it returns true, the command is killed and counts as out of memory.
        """
        number, first = next(self._numbers), stdin[:_PIECE]
        rest = memoryview(stdin)[len(first) :]
        request = _encode(op, bool(rest), cwd, argv, env or {}) + first
        self._send("X", number, request)
        deadline = time.monotonic() + timeout + _TICK  # the command starts a moment later and gets its full time
        end = self._follow(_RunningCommand(number, rest, Clip(keep), Clip(keep), deadline, is_over_limit))
        if op == "x":
            note("command", timeout, end.seconds, fired=end.timed_out)
        return end

    def spawn(self, argv: Sequence[str], *, cwd: str = "/", env: Mapping[str, str] | None = None) -> int:
        """Start a process that runs on between commands, and return its pid in the box.

        Its output is discarded.
        """
        self._send("P", next(self._numbers), _encode("x", False, cwd, argv, env or {}))
        (pid,) = _unpack(struct.Struct("<i"), self._answer("S"))
        if pid < 0:
            why = os.strerror(min(-pid, _MAX_ERRNO))
            raise SandboxError(f"the box could not start the service {argv[0]!r}: {why}")
        return pid

    def kill_all(self) -> None:
        """Kill every process in the box except the runner; services too."""
        self._send("K", 0, b"")
        self._answer("Z")

    def ask(self, kind: str, payload: bytes) -> bytes:
        """Send a request about the stage (``runner/stage.h`` lists them) and return the answer.

        Not during commands.
        """
        self._send(kind, next(self._numbers), payload)
        return self._answer("R")

    def is_alive(self) -> bool:
        """Return whether the runner is connected and has sent nothing unasked. Not during commands."""
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
        """Return the payload of the next frame of ``kind``. Skip other frames: late output of a killed command."""
        deadline = time.monotonic() + GRACE_SECONDS
        while True:
            try:
                answered, _, payload = self._frame(deadline)
            except TimeoutError as error:
                raise SandboxError(
                    f"the box's runner did not answer within {GRACE_SECONDS:.0f} s; the box is lost"
                ) from error
            if answered == kind:
                return payload

    def _follow(self, command: _RunningCommand) -> CommandEnd:
        """Receive a command's frames until it ends, and check its limits meanwhile."""
        check_at = self._next_check(command)
        while True:
            try:
                kind, number, payload = self._frame(check_at)
            except TimeoutError:
                kind, number, payload = "", command.number, b""
            if kind == "X" and number == command.number:
                return _end_of(command, payload)
            if time.monotonic() >= check_at:
                self._check_limits(command)
                check_at = self._next_check(command)
            if number == command.number:
                self._handle(command, kind, payload)

    def _handle(self, command: _RunningCommand, kind: str, payload: bytes) -> None:
        """Keep a piece of output, or send more stdin if the runner asks for it."""
        if kind == "O":
            command.out.add(payload)
        elif kind == "E":
            command.err.add(payload)
        elif kind == "A":
            self._feed(command)

    def _next_check(self, command: _RunningCommand) -> float:
        soon = time.monotonic() + _TICK
        return soon if command.killed_at else min(soon, command.deadline)

    def _check_limits(self, command: _RunningCommand) -> None:
        now = time.monotonic()
        if command.killed_at is not None:
            if now > command.killed_at + GRACE_SECONDS:
                raise SandboxError(f"a command could not be killed within {GRACE_SECONDS:.0f} s; the box is lost")
            return
        command.timed_out = now >= command.deadline
        command.oom = not command.timed_out and command.is_over_limit()
        if command.timed_out or command.oom:
            command.killed_at = now
            self._send("K", command.number, b"")

    def _feed(self, command: _RunningCommand) -> None:
        piece, command.stdin = command.stdin[:_PIECE], command.stdin[_PIECE:]
        self._send("I", command.number, bytes([bool(command.stdin)]) + bytes(piece))

    def _send(self, kind: str, number: int, payload: bytes) -> None:
        try:
            self._wire.send(_HEAD.pack(len(payload), ord(kind), number) + payload)
        except OSError as error:
            raise self._dead(error) from error

    def _frame(self, deadline: float) -> tuple[str, int, bytes]:
        """Return the next frame: kind, number, payload. Raises ``TimeoutError`` at ``deadline``."""
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
        """Return the size of the payload that the next frame's head announces."""
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
        raise ValueError("a command needs at least one word, and no word may contain a NUL character")
    body = b"\0".join(encoded) + b"\0"
    if len(body) > _MAX_REQUEST:
        raise ValueError(f"a command may be at most {_MAX_REQUEST} bytes long, this one has {len(body)}")
    return _REQUEST.pack(ord(op), more, 0, len(argv), len(env)) + body


def _unpack(form: struct.Struct, payload: bytes) -> tuple[int, ...]:
    """Decode a payload. Raises :class:`SandboxError` if its size is not that of ``form``."""
    if len(payload) != form.size:
        raise SandboxError(_BROKEN)
    return form.unpack(payload)


def _end_of(command: _RunningCommand, payload: bytes) -> CommandEnd:
    code, _, wall, user, system, peak = _unpack(_END, payload)
    out, err = command.out.bytes(), command.err.bytes()
    return CommandEnd(
        code=code,
        stdout=out,
        stderr=err,
        truncated=command.out.truncated or command.err.truncated,
        timed_out=command.timed_out,
        oom=command.oom,
        seconds=wall / 1e9,
        user_seconds=user / 1e6,
        system_seconds=system / 1e6,
        peak_kb=peak,
    )


def as_argv(command: str | Sequence[str]) -> list[str]:
    """Return the argv of a command. A string is run by the shell."""
    return ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)


def as_result(end: CommandEnd, *, oom: bool) -> ExecResult:
    """Return the protocol's result of a command that ended. ``oom``: the kernel killed it for lack of memory."""
    return ExecResult(
        exit_code=end.code,
        stdout=end.stdout.decode(errors="replace"),
        stderr=end.stderr.decode(errors="replace"),
        timed_out=end.timed_out,
        oom=end.oom or oom,
        truncated=end.truncated,
        seconds=end.seconds,
    )
