# ruff: noqa: PLC0415, PTH123, PTH208
"""The process in the box that supervises the one that runs pytest. It imports nothing of the repository.

It forks first and reads its secret (the *nonce*) afterwards, so that the nonce is never in the child's memory. It
collects the child's facts, adds its own observations (how the child ended, forged packets), and writes them in one
line that starts with the nonce. No other process in the box knows the nonce before the run is over.
"""

from __future__ import annotations

import os
import sys

sys.path[:] = [entry for entry in sys.path if entry]

import _socket  # noqa: E402
import contextlib  # noqa: E402
import select  # noqa: E402
import time  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

if TYPE_CHECKING:  # in the box the programs are one text
    from collections.abc import Callable

    from codegym.harness.inbox.pytest_child import run_child

_MOST = 32 << 20
_PACKET = 1 << 20
_STDERR = 8000


def supervise(source: int, answer: Callable[[], int]) -> int:
    """Fork the child, send it the settings from ``source``, write its facts to the file that ``answer`` opens.

    Returns the child's exit code, negative for a signal.
    """
    channel, theirs = (end.detach() for end in _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET))
    settings, tell = os.pipe()
    stderr, complaints = os.pipe()
    child = os.fork()
    if child == 0:
        become_child(complaints)
        for fd in (channel, tell, stderr, source):
            if fd > 2:
                os.close(fd)
        run_child(theirs, settings)
        os._exit(70)
    for fd in (theirs, settings, complaints):
        os.close(fd)
    seal()
    with open(source, "rb") as stdin:
        request = stdin.read()
    return watch(child, FactCollector(channel, stderr, answer()), tell, request)


def become_child(complaints: int) -> None:
    """Close the supervisor's input and output: stdout is discarded, stderr goes to the pipe ``complaints``.

    A sealed server's child becomes dumpable again, since tests may need its ``/proc/self``.
    """
    set_dumpable(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.dup2(complaints, 2)


def seal() -> None:
    """Forbid the same user's processes to read this one's memory and descriptors; adopt orphaned descendants."""
    import ctypes

    set_dumpable(0)
    if ctypes.CDLL(None).prctl(36, 1, 0, 0, 0):
        os._exit(71)


def set_dumpable(value: int) -> None:
    """Set whether processes of the same user may access this process's memory and descriptors."""
    import ctypes

    if ctypes.CDLL(None).prctl(4, value, 0, 0, 0):
        os._exit(71)


def watch(child: int, collector: FactCollector, tell: int, request: bytes) -> int:
    """Send the child its settings, listen, and answer. ``request``: nonce, seconds, settings, a line each."""
    nonce, seconds, body = request.split(b"\n", 2)
    secret = os.urandom(16)
    with open(tell, "wb") as pipe:
        pipe.write(b'{"secret":"' + secret.hex().encode() + b'",' + body[1:])
    late = collector.listen(child, secret, time.monotonic() + float(seconds))
    if late:
        os.kill(child, 9)
    status = os.waitpid(child, 0)[1]
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    note_end(kill_descendants(), code < 0 and not late)
    collector.send(nonce, code, late)
    return code


def kill_descendants() -> bool:
    """Kill every descendant of this process, which adopts orphans. Return whether none is left."""
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return True
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        time.sleep(0.001)
    return False


def descendants(top: int) -> set[int]:
    """Return the processes below ``top``: its children, their children, and so on."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat") as file:
                parents[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
    below = {top}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return below - {top}


def note_end(clean: bool, killed: bool) -> None:
    """Handle processes that a run left behind. Does nothing: the box kills what outlives a command."""


class FactCollector:
    """Collects the child's facts, the end of its stderr, and the number of packets without the secret."""

    def __init__(self, channel: int, stderr: int, answer: int) -> None:
        self.channel, self.stderr, self.answer = channel, stderr, answer
        self.facts: list[bytes] = []
        self.complaints = b""
        self.forged = self.size = 0
        self.began = self.tested = 0.0

    def listen(self, child: int, secret: bytes, deadline: float) -> bool:
        """Listen until the child reports its end, or ends. Return whether it has to be killed."""
        poll = select.poll()
        poll.register(self.channel, select.POLLIN)
        poll.register(self.stderr, select.POLLIN)
        poll.register(self.answer, 0)
        has_ended = False
        while time.monotonic() < deadline and self.size < _MOST:
            ready = dict(poll.poll(10))
            if self.answer in ready:
                return True
            if not ready and has_ended:
                return False
            if self.stderr in ready:
                self._complaint(poll)
            if self.channel in ready and self._ended(secret):
                return False
            if not ready:
                has_ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        return True

    def send(self, nonce: bytes, code: int, late: bool) -> None:
        """Write the answer: the nonce, a space, and the facts, compressed and in base 64."""
        import binascii
        import zlib

        self.facts.append(b'["stderr","%s"]' % binascii.hexlify(self.complaints))
        self.facts.append(b'["took",%d]' % int(1000 * max(0.0, self.tested - self.began)))
        self.facts.append(b'["exit",%d,%d,%s]' % (code, self.forged, b"true" if late else b"false"))
        packed = zlib.compress(b"[" + b",".join(self.facts) + b"]", 6)
        line = b"\n" + nonce + b" " + binascii.b2a_base64(packed)
        while line:
            line = line[os.write(self.answer, line) :]

    def _complaint(self, poll: select.poll) -> None:
        piece = os.read(self.stderr, 65536)
        self.complaints = (self.complaints + piece)[-_STDERR:]
        if not piece:
            poll.unregister(self.stderr)

    def _time(self, fact: bytes) -> None:
        if fact.startswith(b'["start"'):
            self.began = self.began or time.monotonic()
        if fact.startswith(b'["test"'):
            self.tested = time.monotonic()

    def _ended(self, secret: bytes) -> bool:
        packet = os.read(self.channel, _PACKET)
        if packet[:16] == secret:
            self._time(packet[16:27])
            self.facts.append(packet[16:])
            self.size += len(packet)
        else:
            self.forged += bool(packet)
        return not packet or (packet[16:].startswith(b'["end"') and packet[:16] == secret)
