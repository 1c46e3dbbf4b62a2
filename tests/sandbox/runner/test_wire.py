"""The wire format from both ends: ``runner/wire.c``, built into a peer that runs nothing, and ``channel.py``."""

import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegym.errors import SandboxError
from codegym.sandbox.layered.channel import Channel, SocketWire
from codegym.sandbox.runner.build import SOURCE, compiler

HEAD = struct.Struct("<IBI")
REQUEST = struct.Struct("<BBHII")
COUNTS = struct.Struct("<BBII")
PIECE = 65536
MAX_FRAME = 8 << 20
WHOLE, BROKEN, UNEXPECTED = 0, 72, 73
"""Exit codes: the stream ended between frames; a frame was too long or broke off; input did not come when due."""

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
Decoded = tuple[int, bool, bytes, list[bytes], list[bytes], bytes]
"""A request: op, more, cwd, argv, env, input."""


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cc = compiler()
    if cc is None:
        pytest.skip("no C compiler: apt-get install gcc libc6-dev")
    built = tmp_path_factory.mktemp("wire") / "peer"
    sources = [str(Path(__file__).with_name("wire_peer.c")), str(SOURCE / "wire.c")]
    argv = [cc, "-O1", "-Wall", "-Wextra", "-Werror", f"-I{SOURCE}", "-o", str(built), *sources]
    if subprocess.run([*argv, *SANITIZERS], capture_output=True, check=False).returncode:
        subprocess.run(argv, check=True)  # a compiler without sanitizers
    return built


class Peer:
    """A running peer on the other end of ``sock``."""

    def __init__(self, program: Path, *words: str) -> None:
        self.sock, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen([program, *words], stdin=theirs, stdout=theirs)

    def end(self) -> tuple[bytes, int]:
        """End the stream; return what the peer still wrote, and its exit code."""
        rest = b""
        with self.sock, suppress(ConnectionError):  # it leaves what follows a broken frame unread
            self.sock.shutdown(socket.SHUT_WR)
            while piece := self.sock.recv(PIECE):
                rest += piece
        return rest, self._process.wait(10)


@pytest.fixture(scope="module")
def channel(peer: Path) -> Iterator[Channel]:
    running = Peer(peer)
    yield Channel(SocketWire(running.sock))
    assert running.end() == (b"", WHOLE)


def frame(kind: int | str, number: int, payload: bytes = b"") -> bytes:
    return HEAD.pack(len(payload), ord(kind) if isinstance(kind, str) else kind, number) + payload


def frames(stream: bytes) -> list[tuple[str, int, bytes]]:
    found, at = [], 0
    while at < len(stream):
        size, kind, number = HEAD.unpack_from(stream, at)
        at += HEAD.size + size
        found.append((chr(kind), number, stream[at - size : at]))
    return found


def decoded(payload: bytes) -> Decoded | None:
    """Decode a request as the format is specified; ``None`` if it is malformed."""
    if len(payload) < REQUEST.size:
        return None
    op, more, _, argc, envc = REQUEST.unpack_from(payload)
    if argc == 0 or max(argc, envc) > len(payload):
        return None
    cwd, *strings = payload[REQUEST.size :].split(b"\0", 1 + argc + envc)
    if len(strings) < argc + envc + 1:
        return None
    return op, bool(more), cwd, strings[:argc], strings[argc : argc + envc], strings[-1]


def reported(report: bytes) -> Decoded:
    """Read how the peer reports a request."""
    op, more, argc, envc = COUNTS.unpack_from(report)
    at, strings = COUNTS.size, []
    for _ in range(1 + argc + envc):
        (size,) = struct.unpack_from("<I", report, at)
        at += 4 + size
        strings.append(report[at - size : at])
    return op, bool(more), strings[0], strings[1 : 1 + argc], strings[1 + argc :], report[at:]


words = st.binary(max_size=40).map(lambda word: os.fsdecode(word.replace(b"\0", b"")))
names = words.map(lambda word: word.replace("=", ""))


@given(
    op=st.sampled_from("xrwd"),
    cwd=words,
    argv=st.lists(words, min_size=1, max_size=6),
    env=st.dictionaries(names, words, max_size=4),
    stdin=st.binary(max_size=100),
)
def test_the_runner_reads_what_the_channel_sends(
    channel: Channel, *, op: str, cwd: str, argv: list[str], env: dict[str, str], stdin: bytes
) -> None:
    ended = channel.run(argv, op=op, cwd=cwd, env=env, stdin=stdin, timeout=10, keep=1 << 20)
    settings_of_env = [os.fsencode(f"{name}={value}") for name, value in env.items()]
    expected = (ord(op), False, os.fsencode(cwd), [os.fsencode(word) for word in argv], settings_of_env, stdin)
    assert reported(ended.stdout) == expected
    assert (ended.code, ended.stderr, ended.truncated) == (0, b"", False)


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 1_000_000])
def test_input_of_any_length_arrives_in_pieces(channel: Channel, size: int) -> None:
    stdin = bytes(i * 7 % 251 for i in range(size))
    ended = channel.run(["w"], stdin=stdin, timeout=60, keep=1 << 22)
    _, more, *_, first = reported(ended.stdout)
    assert more == (size > PIECE)
    assert first + ended.stderr == stdin


def test_the_longest_command_fits_into_a_frame(channel: Channel) -> None:
    ended = channel.run(["x" * ((4 << 20) - 10), "y"], cwd="/", timeout=60, keep=1 << 23)
    assert [len(word) for word in reported(ended.stdout)[3]] == [(4 << 20) - 10, 1]


u64 = st.integers(0, 2**64 - 1)


@given(st.integers(-64, 255), st.tuples(u64, u64, u64, u64))
def test_the_channel_reads_how_a_command_ended(
    channel: Channel, code: int, numbers: tuple[int, int, int, int]
) -> None:
    wall, user, system, peak = numbers
    argv = [str(number) for number in (code, *numbers)]
    ended = channel.run(argv, op="e", timeout=10, keep=1 << 16)
    assert (ended.code, ended.peak_kb) == (code, peak)
    assert (ended.seconds, ended.user_seconds, ended.system_seconds) == (wall / 1e9, user / 1e6, system / 1e6)


payloads = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda argc, envc, body: REQUEST.pack(ord("x"), 0, 0, argc, envc) + body,
        st.one_of(st.integers(0, 6), st.integers(0, 2**32 - 1)),
        st.one_of(st.integers(0, 6), st.integers(0, 2**32 - 1)),
        st.lists(st.sampled_from([b"\0", b"a", b"bc\0"]), max_size=16).map(b"".join),
    ),
)


@given(st.lists(payloads.filter(lambda payload: payload[1:2] in {b"", b"\0"}), min_size=1, max_size=8))
def test_a_malformed_request_is_refused_and_nothing_else(channel: Channel, requests: list[bytes]) -> None:
    """The runner agrees with the specified format on which payloads are requests, and on what they say."""
    for number, payload in enumerate(requests, 1):
        channel._wire.send(frame("X", number, payload))
        kinds, report = "", b""
        while kinds[-1:] not in {"F", "X"}:
            kind, answered, piece = channel._frame(time.monotonic() + 10)
            assert answered == number
            kinds += kind
            report += piece if kind == "O" else b""
        assert (reported(report) if kinds[-1] == "X" else None) == decoded(payload)


others = st.integers(0, 255).filter(lambda kind: kind != ord("X"))
returned = st.tuples(others, st.integers(0, 2**32 - 1), st.binary(max_size=200))


@settings(max_examples=40, deadline=None)
@given(st.booleans(), st.lists(returned, max_size=5), returned, st.data())
def test_a_stream_may_break_off_anywhere(
    peer: Path,
    sockets: bool,
    whole: list[tuple[int, int, bytes]],
    last: tuple[int, int, bytes],
    data: st.DataObject,
) -> None:
    """Whole frames come back as they were; a stream may end in a head, but not in a payload."""
    cut = data.draw(st.integers(0, len(frame(*last)) - 1))
    running = Peer(peer, *(["sockets"] if sockets else []))
    running.sock.sendall(b"".join(frame(*item) for item in whole) + frame(*last)[:cut])
    answered, code = running.end()
    assert frames(answered) == [(chr(kind), number, payload) for kind, number, payload in whole]
    assert code == (WHOLE if cut < HEAD.size else BROKEN)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.binary(min_size=HEAD.size, max_size=60), min_size=1))
def test_noise_ends_the_runner_and_does_not_crash_it(peer: Path, noise: list[bytes]) -> None:
    running = Peer(peer)
    with suppress(BrokenPipeError):
        running.sock.sendall(b"".join(noise))
    assert running.end()[1] in {WHOLE, BROKEN, UNEXPECTED}


@pytest.mark.parametrize(("size", "code"), [(MAX_FRAME, WHOLE), (MAX_FRAME + 1, BROKEN), (2**32 - 1, BROKEN)])
def test_a_frame_has_a_longest_size(peer: Path, size: int, code: int) -> None:
    running = Peer(peer)
    running.sock.sendall(HEAD.pack(size, ord("?"), 1))
    if code == WHOLE:
        running.sock.sendall(bytes(size))
    assert running.end() == (b"", code)


def test_a_descriptor_travels_with_its_frame_only(peer: Path, tmp_path: Path) -> None:
    running = Peer(peer, "sockets")
    with (tmp_path / "layer").open("w") as layer:
        socket.send_fds(running.sock, [frame("T", 1, b"l/0\0\0")], [layer.fileno()])
        head, came, _, _ = socket.recv_fds(running.sock, 1, 1)
        assert os.fstat(came[0]).st_ino == os.fstat(layer.fileno()).st_ino
        os.close(came[0])
    running.sock.sendall(frame("G", 2, b"l/0\0\0"))
    answered, code = running.end()
    assert frames(head + answered) == [("T", 1, b"l/0\0\0"), ("G", 2, b"l/0\0\0")]
    assert code == WHOLE


hostile = st.one_of(
    st.binary(max_size=120),
    st.lists(
        st.builds(frame, st.sampled_from("HFOEAXSZR?"), st.integers(0, 2), st.binary(max_size=44)), max_size=6
    ).map(b"".join),
)
calls = st.sampled_from(
    [
        lambda channel: channel.hello(5),
        lambda channel: channel.run(["x"], stdin=bytes(PIECE + 1), timeout=5, keep=10),
        lambda channel: channel.spawn(["x"]),
        Channel.kill_all,
        lambda channel: channel.ask("M", b"\0\0"),
    ]
)


@settings(max_examples=300)
@given(calls, hostile)
def test_whatever_a_runner_sends_the_channel_answers_or_loses_the_box(
    call: Callable[[Channel], object], stream: bytes
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(stream)
        theirs.shutdown(socket.SHUT_WR)
        reader = threading.Thread(target=read_to_end, args=(theirs,))  # otherwise a full buffer is waited for
        reader.start()
        with suppress(SandboxError):
            call(Channel(SocketWire(ours)))
        ours.close()
        reader.join()


def read_to_end(end: socket.socket) -> None:
    while end.recv(1 << 16):
        pass


def test_every_source_fits_into_the_line_length() -> None:
    long = [
        f"{path.name}:{number}"
        for path in sorted(SOURCE.glob("*.[ch]"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > 115
    ]
    assert long == []
