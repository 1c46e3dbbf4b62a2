"""The backend ``docker-volume``: the engine mounts the workspace; for engines that allow no namespaces."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.errors import SandboxError
from codegym.sandbox.docker.image import connect, missing
from codegym.sandbox.docker.volume import VolumeBox
from codegym.sandbox.docker.volume_backend import DockerVolumeBackend
from codegym.sandbox.protocol import File, Sandbox, Tree
from codegym.task import Limits
from codegym.tree import store_tree

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One box for all tests here: each leaves the workspace as it found it."""
    try:
        if "python" in missing(connect()):
            pytest.skip("image python is missing")
    except SandboxError as error:
        pytest.skip(str(error))
    store: Path = tmp_path_factory.mktemp("trees")
    tree = Tree((store_tree({"a": File(b"a"), "d/b": File(b"b")}, store),), "t")
    with DockerVolumeBackend().open(tree, "python", Limits(disk_mb=8, memory_mb=128)) as opened:
        assert isinstance(opened, VolumeBox)
        yield opened


def test_snapshots_and_forks(box: Sandbox) -> None:
    box.exec("echo x > a; rm -r d; mkdir d; touch d/c")
    snapshot = box.snapshot()
    with box.fork() as fork:
        fork.exec("echo fork > a")
        assert (fork.read("a"), box.read("a")) == (b"fork\n", b"x\n")
    box.exec("rm -r *")
    box.restore(snapshot)
    assert box.changes() == {"a": File(b"x\n"), "d/b": None, "d/c": File(b"")}


def test_sealed(box: Sandbox) -> None:
    status = dict(line.split(":", 1) for line in box.exec("cat /proc/self/status").stdout.splitlines())
    assert int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    assert box.exec("unshare -U true").exit_code != 0
    assert box.exec("echo x > /usr/x").exit_code != 0
    assert box.exec(["python3", "-c", "b = bytearray(1 << 28)"]).oom


def test_a_full_workspace_says_so_and_can_be_emptied(box: Sandbox) -> None:
    filled = box.exec("i=0; while [ $i -lt 3000 ]; do head -c 1000000 /dev/zero > f$i; i=$((i+1)); done")
    assert filled.exit_code == -9
    assert "the workspace grew beyond 8 MB" in filled.stderr
    assert box.exec("sleep 0.3; rm f*; sleep 0.3; echo fine").stdout == "fine\n"
