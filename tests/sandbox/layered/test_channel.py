"""The host's side of the runner, over a plain socket: no box is needed to be strict."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegym.errors import SandboxError
from codegym.sandbox.layered.channel import Channel, Clip, RefusedError, SocketWire

HEAD = struct.Struct("<IBI")
END = struct.Struct("<iIQQQQ")
Ends = tuple[Channel, socket.socket]


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(2, 64))
def test_a_clip_keeps_the_first_and_the_last_half(pieces: list[bytes], size: int) -> None:
    clip = Clip(size)
    for piece in pieces:
        clip.add(piece)
    whole = b"".join(pieces)
    kept = clip.bytes()
    assert clip.truncated == (len(whole) > size)
    assert kept == (whole if len(whole) <= size else whole[: size - size // 2] + whole[-(size // 2) :])


def frame(kind: str, number: int, payload: bytes = b"") -> bytes:
    return HEAD.pack(len(payload), ord(kind), number) + payload


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(SocketWire(ours), lambda: "why"), theirs


def test_frames_may_arrive_in_pieces_and_late_ones_are_ignored(ends: Ends) -> None:
    channel, theirs = ends
    answer = frame("O", 7, b"stale") + frame("O", 1, b"out") + frame("E", 1, b"err")
    answer += frame("X", 1, END.pack(-9, 0, 2_000_000_000, 1_000_000, 500_000, 123))

    def dribble() -> None:
        theirs.recv(65536)
        for byte in answer:
            theirs.sendall(bytes([byte]))

    thread = threading.Thread(target=dribble)
    thread.start()
    ended = channel.run(["x"], timeout=10, keep=10)
    thread.join()
    assert (ended.code, ended.stdout, ended.stderr) == (-9, b"out", b"err")
    assert (ended.seconds, ended.user_seconds, ended.system_seconds, ended.peak_kb) == (2.0, 1.0, 0.5, 123)


def test_another_version_is_refused(ends: Ends) -> None:
    channel, theirs = ends
    theirs.sendall(frame("H", 0, struct.pack("<I", 99)))
    with pytest.raises(SandboxError, match="version"):
        channel.hello(5)


def test_a_runner_that_can_not_start_is_told_from_one_that_does_not_come(ends: Ends) -> None:
    channel, theirs = ends
    theirs.sendall(frame("F", 0, b"unshare: not here"))
    with pytest.raises(RefusedError, match="not here"):
        channel.hello(5)
    with pytest.raises(SandboxError, match=r"did not start within 0\.01 s: why") as late:
        channel.hello(0.01)
    assert not isinstance(late.value, RefusedError)


@pytest.mark.parametrize(
    "ask",
    [lambda channel: channel.spawn(["x"]), Channel.kill_all, lambda channel: channel.ask("M", b"\0\0")],
    ids=["spawn", "kill", "ask"],
)
def test_a_runner_that_does_not_answer_is_an_error_of_the_box(
    ends: Ends, ask: Callable[[Channel], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codegym.sandbox.layered.channel.GRACE_SECONDS", 0.01)
    with pytest.raises(SandboxError, match="did not answer"):
        ask(ends[0])


def test_a_frame_of_any_size_is_not_waited_for(ends: Ends) -> None:
    channel, theirs = ends
    theirs.sendall(HEAD.pack(0xFFFFFFFF, ord("O"), 1))
    with pytest.raises(SandboxError, match="protocol"):
        channel.run(["x"], timeout=10, keep=10)


def test_a_closed_stream_is_an_error_that_says_why(ends: Ends) -> None:
    channel, theirs = ends
    theirs.close()
    with pytest.raises(SandboxError, match="why"):
        channel.run(["x"], timeout=10, keep=10)


@pytest.mark.parametrize("argv", [[], ["a\0b"], ["x" * (5 << 20)]])
def test_what_can_not_be_sent_is_refused(ends: Ends, argv: list[str]) -> None:
    with pytest.raises(ValueError, match="command"):
        ends[0].run(argv, timeout=10, keep=10)
