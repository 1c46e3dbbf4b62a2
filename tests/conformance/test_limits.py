"""Limits, each met by something that tries to exceed it, one after the other in the same box."""

from collections.abc import Iterator

import pytest

from codegym.sandbox.protocol import Sandbox
from tests.conformance.conftest import ON_DISK, SEALED

pytestmark = pytest.mark.parametrize("sealed", [*SEALED, ON_DISK], indirect=True)


@pytest.fixture(autouse=True)
def _usable_afterwards(tight: Sandbox) -> Iterator[None]:
    yield
    after = tight.exec("rm -rf /work/big* /tmp/big /dev/shm/big; echo fine; cat calc.py >&2", timeout=20)
    assert (after.stdout, after.exit_code, after.oom) == ("fine\n", 0, False)
    assert after.stderr.startswith("def add")


def test_memory(tight: Sandbox) -> None:
    hog = "b = [bytearray(1 << 20) for _ in range(1024)]; print(len(b))"
    result = tight.exec(["python3", "-c", hog], timeout=30)
    assert result.exit_code != 0
    assert result.oom


def test_memory_of_many_processes_is_counted_together(tight: Sandbox) -> None:
    hog = "import time; b = bytearray(b'x' * (60 << 20)); time.sleep(2); print('kept')"
    result = tight.exec(f'for i in 1 2 3 4; do python3 -c "{hog}" & done; wait', timeout=30)
    assert result.stdout.count("kept") < 4


FILLED = """
import socket, sys, time
kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[sys.argv[1]]
pairs = []
for _ in range(400):
    server, sender = (socket.socket(type=kind) for _ in range(2))
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 30)
    server.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        server.listen()
    sender.connect(server.getsockname())
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
    sender.setblocking(False)
    pairs.append((server.accept()[0] if kind == socket.SOCK_STREAM else server, sender))
    try:
        for _ in range(200):
            sender.send(bytes(32768))
    except OSError:
        pass
time.sleep(1)
held = 0
for receiver, _ in pairs:
    receiver.setblocking(False)
    try:
        while piece := receiver.recv(1 << 16):
            held += len(piece)
    except OSError:
        pass
print(held >> 20)
"""


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_memory_in_buffers_of_sockets(tight: Sandbox, kind: str) -> None:
    """What was sent and never received is in nobody's address space."""
    result = tight.exec(["python3", "-c", FILLED, kind], timeout=30)
    assert result.oom or int(result.stdout) <= 128, result


def test_processes(tight: Sandbox) -> None:
    result = tight.exec("i=0; while [ $i -lt 200 ]; do sleep 5 & i=$((i+1)); done; echo all", timeout=20)
    assert "all" not in result.stdout
    assert result.exit_code != 0


def test_fork_bomb(tight: Sandbox) -> None:
    assert tight.exec("bomb() { bomb | bomb & }; bomb; sleep 1", timeout=3).seconds < 10


@pytest.mark.parametrize("place", ["/work/big", "/tmp/big", "/dev/shm/big"])
def test_disk_by_one_file(tight: Sandbox, place: str) -> None:
    result = tight.exec(f"head -c 100000000 /dev/zero > {place}", timeout=20)
    assert result.exit_code != 0
    assert int(tight.exec(f"stat -c %s {place} || echo 0", timeout=20).stdout) <= 20 << 20


def test_disk_by_many_files(tight: Sandbox) -> None:
    many = "for j in $(seq 1000); do : > big/$i.$j || exit 1; done"
    script = f"i=0; while [ $i -lt 400 ]; do {many}; i=$((i+1)); done"
    assert tight.exec(f"mkdir big; {script}", timeout=60).exit_code != 0


def test_open_files(tight: Sandbox) -> None:
    hoard = "import os; held = [os.dup(0) for _ in range(1025)]; print('all')"
    assert "all" not in tight.exec(["python3", "-c", hoard]).stdout
    assert tight.exec("ulimit -n 4096").exit_code != 0


def test_wall_time_by_default(tight: Sandbox) -> None:
    assert tight.exec("sleep 20").timed_out
