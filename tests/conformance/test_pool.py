"""A pool over every backend that isolates: who comes second finds nothing of who came first."""

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from codegym.errors import SandboxError
from codegym.sandbox.pool.canary import view_from_inside
from codegym.sandbox.pool.pool import Pool
from codegym.sandbox.protocol import Backend, Reusable, Tree
from codegym.task import Limits

VANDAL = """
import fcntl, os, signal, socket, subprocess, sys
def set_flags(place):
    fcntl.ioctl(os.open(place, os.O_RDONLY), 0x40086602, bytes([0xC0]) + bytes(7))  # no dump, no access times
for place in ("/work", "/tmp", "/dev/shm", "/tmp/home", "/work/pkg", "/var/tmp", "/run", "/"):
    for path in (f"{place}/canary", f"{place}/.canary"):
        try:
            open(path, "w").write("dead")
        except OSError:
            pass
    for attack in (lambda: os.setxattr(place, "user.canary", b"dead"), lambda: os.chmod(place, 0o777),
                   lambda: os.utime(place, (1, 1)), lambda: os.symlink("/canary", f"{place}/link"),
                   lambda: set_flags(place)):
        try:
            attack()
        except OSError:
            pass
deep = "/tmp/" + "/".join(["d" * 100] * 30)
os.makedirs(deep, exist_ok=True)
for name in os.listdir("/work"):
    try:
        os.rename(f"/work/{name}", f"/work/canary-{name}")
    except OSError:
        pass
for attack in (lambda: os.setpriority(os.PRIO_PROCESS, 1, 19), lambda: os.setpriority(os.PRIO_USER, 0, 5),
               lambda: os.sched_setaffinity(1, {0}), lambda: os.kill(1, signal.SIGSTOP)):
    try:
        attack()
    except (OSError, AttributeError):
        pass
server = socket.socket(socket.AF_UNIX)
server.bind("\\0canary")
subprocess.Popen(["setsid", "sleep", "47.77"])
if os.fork() == 0:
    os.setsid()
    signal.pause()
"""

FLAGS = """
import fcntl, os
for place in ("/work", "/tmp", "/dev/shm"):
    try:
        print(place, fcntl.ioctl(os.open(place, os.O_RDONLY), 0x80086601, bytes(8)).hex())
    except OSError as error:
        print(error)
"""


@pytest.fixture
def pool(sealed: Backend) -> Iterator[Pool]:
    pool = Pool(sealed, spare=0)
    yield pool
    pool.close()


def test_the_canary_finds_no_trace_of_a_vandal(pool: Pool, tree: Tree) -> None:
    kind = (tree, "python", Limits())
    with pool.open(*kind) as box:
        clean, flags = view_from_inside(box), box.exec(["python3", "-c", FLAGS]).stdout
        listing = box.exec("ls -lnAR; stat -c '%n %a' / /tmp /dev/shm /work").stdout
        assert box.exec(["python3", "-c", VANDAL]).exit_code == 0
        assert box.exec("ls").stdout.startswith("canary")
    for _ in range(2):
        with pool.open(*kind) as box:
            assert view_from_inside(box) == clean
            assert box.exec("ls -lnAR; stat -c '%n %a' / /tmp /dev/shm /work").stdout == listing
            assert box.exec(["python3", "-c", FLAGS]).stdout == flags
            assert box.changes() == {}
            assert not box.exec("getfattr -d /tmp /dev/shm /work 2>/dev/null | grep canary").stdout
    assert (pool.counts.opened, pool.counts.reused, list(pool.counts.quarantined)) == (1, 2, [])


def test_snapshots_do_not_pass_from_user_to_user(pool: Pool, tree: Tree) -> None:
    kind = (tree, "python", Limits())
    with pool.open(*kind) as box:
        box.write("secret", b"mine")
        snapshot = box.snapshot()
    with pool.open(*kind) as box:
        if isinstance(box._slot.box, Reusable):
            with pytest.raises(SandboxError, match="snapshot"):
                box.restore(snapshot)
    with pytest.raises(SandboxError, match="closed"):
        box.exec("true")


def test_a_box_closed_under_its_command_is_not_used_again(pool: Pool, tree: Tree) -> None:
    box = pool.open(tree, "python", Limits())

    def work() -> None:
        with suppress(SandboxError):
            box.exec("sleep 3")

    thread = threading.Thread(target=work)
    thread.start()
    threading.Event().wait(0.3)
    box.close()
    thread.join(20)
    assert not thread.is_alive()
    assert (pool.ready(), pool.counts.retired) == (0, 1)
    with pool.open(tree, "python", Limits()) as other:
        assert other.exec("echo fine").stdout == "fine\n"


def test_forks_through_the_pool_diverge(pool: Pool, tree: Tree) -> None:
    with pool.open(tree, "python", Limits()) as box:
        box.write("common", b"common")
        with box.fork() as fork:
            fork.write("common", b"fork")
            assert box.read("common") == b"common"
            assert set(fork.changes()) == {"common"}
    with pool.open(tree, "python", Limits()) as box:
        assert box.changes() == {}
