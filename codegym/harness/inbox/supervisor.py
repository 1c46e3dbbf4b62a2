# ruff: noqa: PLC0415
"""The process in the box that watches the one that runs pytest. It imports nothing of the repository.

It forks first and reads its own secret (the *nonce*) afterwards, so that the child never holds it. It gathers
the child's facts, adds what it saw itself (how the child ended, forged packets), and writes them in one line
that starts with the nonce. Nobody else in the box knows the nonce before the run is over.
"""

from __future__ import annotations

import os
import sys

sys.path[:] = [entry for entry in sys.path if entry]

import _socket  # noqa: E402
import select  # noqa: E402
import time  # noqa: E402

_MOST = 32 << 20
_PACKET = 1 << 20


def supervise() -> None:
    """Fork the child, hand it what stdin says, and report."""
    ours, theirs = (end.detach() for end in _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET))
    settings, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        os.close(tell)
        become_child()
        run_child(theirs, settings)  # type: ignore[name-defined]  # noqa: F821  the other file
        os._exit(70)
    os.close(theirs)
    os.close(settings)
    seal()
    with open(0, "rb") as stdin:
        asked = stdin.read()
    watch(child, ours, tell, asked, 1)


def become_child() -> None:
    """Let go of the supervisor's input and output; what is printed goes nowhere, complaints to stderr."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)


def seal() -> None:
    """Close this process's memory and descriptors to others of the same user."""
    import ctypes

    if ctypes.CDLL(None).prctl(4, 0, 0, 0, 0):
        os._exit(71)


def watch(child: int, channel: int, tell: int, asked: bytes, answer: int) -> None:
    """Send ``asked`` (nonce, seconds, the child's settings; a line each) on, gather facts, and answer."""
    nonce, seconds, body = asked.split(b"\n", 2)
    secret = os.urandom(16)
    with open(tell, "wb") as pipe:
        pipe.write(b'{"secret":"' + secret.hex().encode() + b'",' + body[1:])
    facts, forged, late = gather(child, channel, secret, time.monotonic() + float(seconds))
    if late:
        os.kill(child, 9)
    status = os.waitpid(child, 0)[1]
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    facts.append(b'["exit",%d,%d,%s]' % (code, forged, b"true" if late else b"false"))
    send(answer, nonce, facts)


def gather(child: int, channel: int, secret: bytes, deadline: float) -> tuple[list[bytes], int, bool]:
    """Return the child's facts, how many packets came without the secret, and whether time ran out."""
    facts: list[bytes] = []
    forged = size = 0
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    ended = False
    while time.monotonic() < deadline:
        if not poll.poll(10):
            if ended:
                return facts, forged, False
            ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            continue
        packet = os.read(channel, _PACKET)
        if not packet:
            return facts, forged, False
        if packet[:16] != secret:
            forged += 1
            continue
        facts.append(packet[16:])
        size += len(packet)
        if size > _MOST or packet[16:].startswith(b'["end"'):
            break
    return facts, forged, time.monotonic() >= deadline or size > _MOST


def send(answer: int, nonce: bytes, facts: list[bytes]) -> None:
    """Write the answer: the nonce, a space, and the facts, deflated and in base 64."""
    import binascii
    import zlib

    packed = zlib.compress(b"[" + b",".join(facts) + b"]", 6)
    line = b"\n" + nonce + b" " + binascii.b2a_base64(packed)
    while line:
        line = line[os.write(answer, line) :]
