"""Messages from one box to the next in what both read: which pages of the host's files are in memory.

A grader's box could leave a line of a hidden test to the agent of the next episode in this way.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from codegym.sandbox.backend import backend as backend_named
from codegym.sandbox.bwrap.backend import BwrapCell
from codegym.sandbox.docker.cell import DockerCell
from codegym.sandbox.image.toolchain import warm
from codegym.sandbox.layered.box import LaidBox
from codegym.sandbox.pool.pool import Pool
from codegym.sandbox.protocol import Backend, Sandbox, Tree
from codegym.task import Limits
from codegym.tree import store_tree
from tests.attack.test_kernel import SEALED

MESSAGE = "1011001110001101"
WRITE = """
import os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
for number, bit in enumerate(sys.argv[2]):
    if bit == "1":
        os.pread(file, 1, (16 * number + 8) << 12)
"""
READ = """
import mmap, os, resource, sys
file = os.open(sys.argv[1], os.O_RDONLY)
pages = mmap.mmap(file, 0, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE)
pages.madvise(mmap.MADV_RANDOM)
for number in range(16):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_majflt
    pages[(16 * number + 8) << 12]
    print(int(resource.getrusage(resource.RUSAGE_SELF).ru_majflt == before), end="")
"""
FIND = "find /usr/share /usr/lib -type f -size +1100k -size -9000k | sort | head -1"


@pytest.fixture(scope="module", params=SEALED)
def sealed(request: pytest.FixtureRequest) -> Backend:
    backend = backend_named(request.param)
    run = next(c for c in backend.capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"{request.param}: {run.why}")
    return backend


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree((store_tree({}, tmp_path_factory.mktemp("trees")),), "")


@pytest.fixture
def cold(sealed: Backend, tree: Tree) -> str:
    """A file that boxes share, of which no page is in memory."""
    with sealed.open(tree, "python", Limits()) as box:
        assert isinstance(box, LaidBox)
        cell = box.cell
        assert isinstance(cell, BwrapCell | DockerCell)
        if cell.group is None or os.geteuid() != 0:
            pytest.skip("no control groups that this process may write to")
        path = box.exec(FIND).stdout.strip()
        runner = cell.own_processes.runner if isinstance(cell, BwrapCell) else cell.wire.pid
        with Path(f"/proc/{runner}/root{path}").open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return path


def write(box: Sandbox, path: str) -> None:
    assert box.exec(["python3", "-c", WRITE, path, MESSAGE]).exit_code == 0


def read(box: Sandbox, path: str) -> str:
    told = box.exec(["python3", "-c", READ, path])
    assert told.exit_code == 0, told
    return told.stdout


def test_the_message_can_be_read_where_it_was_written(sealed: Backend, tree: Tree, cold: str) -> None:
    """Otherwise the tests below would show nothing."""
    with sealed.open(tree, "python", Limits()) as box:
        write(box, cold)
        assert read(box, cold) == MESSAGE


def test_a_box_leaves_no_pages_behind(sealed: Backend, tree: Tree, cold: str) -> None:
    with sealed.open(tree, "python", Limits()) as box:
        write(box, cold)
    with sealed.open(tree, "python", Limits()) as box:
        assert read(box, cold) == "0" * 16


def test_a_box_that_is_handed_out_again_holds_no_pages(sealed: Backend, tree: Tree, cold: str) -> None:
    pool = Pool(sealed)
    try:
        with pool.open(tree, "python", Limits()) as box:
            write(box, cold)
        with pool.open(tree, "python", Limits()) as box:
            assert read(box, cold) == "0" * 16
        assert pool.counts.reused == 1
    finally:
        pool.close()


def test_what_the_host_has_read_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Boxes would read their tools from disk again and again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (library := tmp_path / "library").mkdir()
    (library / "module.py").write_bytes(bytes(1 << 20))
    os.sync()
    with (library / "module.py").open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        assert not is_in_memory(file.fileno())
        warm("an/image", ["sh", "no-such-command"], [library])
        deadline = time.monotonic() + 10
        while not is_in_memory(file.fileno()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert is_in_memory(file.fileno())


def is_in_memory(file: int) -> bool:
    try:
        return os.preadv(file, [bytearray(1)], 1 << 19, os.RWF_NOWAIT) == 1
    except BlockingIOError:
        return False
