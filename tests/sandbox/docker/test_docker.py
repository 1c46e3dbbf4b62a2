"""What Docker boxes do beyond the protocol: refusals that say what to do, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from docker import DockerClient

from codegym.catalog import cache_dir
from codegym.errors import SandboxError
from codegym.sandbox.backend import backend
from codegym.sandbox.docker.abandoned import remove_abandoned
from codegym.sandbox.docker.backend import DockerBackend
from codegym.sandbox.docker.cell import NoStageError, start_cell
from codegym.sandbox.docker.engine_info import why_refused
from codegym.sandbox.docker.image import build_command, connect, image_tag, missing
from codegym.sandbox.docker.layers import owned_layer
from codegym.sandbox.layered.files import read_file
from codegym.sandbox.protocol import File, Tree
from codegym.task import Limits
from codegym.tree import store_tree

OWNER = """
import sys, time
from pathlib import Path
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import Tree
from codegym.task import Limits
box = backend(sys.argv[2]).open(Tree((Path(sys.argv[1]),), "t"), "python", Limits())
box.write("made", b"here")
print("open", flush=True)
box.exec("sleep 100")
"""


def test_no_engine_is_a_capability_and_an_error_that_say_what_to_do(tmp_path: Path) -> None:
    nobody = DockerBackend(base_url=f"unix://{tmp_path}/nobody.sock")
    (run,) = nobody.capabilities()
    assert (run.name, run.available) == ("run", False)
    assert "systemctl start docker" in run.why
    with pytest.raises(SandboxError, match="no Docker engine answers"):
        nobody.open(Tree((tmp_path,), "t"), "python", Limits())


def test_an_engine_far_away_is_refused() -> None:
    far = DockerBackend(base_url="tcp://127.0.0.1:1")
    (run,) = far.capabilities()
    assert not run.available


def test_an_engine_that_can_not_mount_or_limit_is_refused() -> None:
    rootless, podman = {"SecurityOptions": ["name=rootless"]}, {"SecurityOptions": []}
    for info, is_podman in ((rootless, False), (podman, True)):
        refused = partial(why_refused, info, "http+docker://localhost", None, podman=is_podman)
        assert refused(volume=False) is None
        assert "use the sandbox 'docker'" in (refused(volume=True) or "")
    unlimited = {"Rootless": True, "CgroupVersion": "1"}  # and Podman says that it limits memory
    assert "no limits" in (
        why_refused(unlimited, "http+docker://localhost", None, volume=False, podman=True) or ""
    )


def test_an_image_is_named_by_what_it_is_built_from() -> None:
    assert image_tag("python") != image_tag("cc").replace("cc", "python")
    assert image_tag("python") in build_command("python")
    with pytest.raises(SandboxError, match="Did you mean 'python'"):
        image_tag("pyhton")


as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may hand over mounts and see the runner")


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this module's own: what it counts and reaps is then its own, whoever else uses the engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def docker(own_cache: None) -> DockerBackend:
    docker = DockerBackend()
    run = docker.capabilities()[0]
    if not run.available:
        pytest.skip(run.why)
    return docker


@pytest.fixture(scope="module")
def client(docker: DockerBackend) -> Iterator[DockerClient]:
    engine = connect()
    if absent := missing(engine):
        pytest.skip(f"images are missing: {', '.join(build_command(name) for name in absent)}")
    yield engine
    engine.close()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree((store_tree({"a": File(b"a")}, tmp_path),), "t")


@pytest.mark.docker
def test_an_unknown_runtime_is_refused_by_name(docker: DockerBackend, client: DockerClient, tree: Tree) -> None:
    other = DockerBackend(runtime="no-such-runtime")
    assert "no-such-runtime" in other.capabilities()[0].why
    with pytest.raises(SandboxError, match="no-such-runtime"):
        other.open(tree, "python", Limits())


@pytest.mark.docker
def test_a_box_is_never_opened_in_a_weaker_way(
    docker: DockerBackend, client: DockerClient, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a container can't make namespaces, the backend fails, and names the one that can."""

    def fail(*_: object) -> None:
        raise NoStageError("unshare: Operation not permitted")

    monkeypatch.setattr("codegym.sandbox.docker.backend.start_cell", fail)
    with pytest.raises(SandboxError, match=r"unshare: Operation not permitted.*'docker-volume'"):
        docker.open(tree, "python", Limits())
    run = docker.capabilities()[0]
    assert (run.name, run.available) == ("run", False)
    assert "'docker-volume'" in run.why
    assert _settled(client, 0)


@pytest.mark.docker
def test_what_the_engine_was_asked_for(docker: DockerBackend, client: DockerClient, tree: Tree) -> None:
    with docker.open(tree, "python", Limits(memory_mb=256)):
        (container,) = _containers(client)
        settings = client.api.inspect_container(container["Id"])
    host = settings["HostConfig"]
    profile = host["SecurityOpt"].pop()
    assert host["NetworkMode"] == "none"
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert profile.startswith("seccomp={")
    assert host["Memory"] == host["MemorySwap"] == (256 + 512) << 20  # what is written is in memory
    assert host["PidsLimit"]
    assert host["NanoCpus"] == min(2, os.cpu_count() or 1) * 10**9
    assert settings["Config"]["NetworkDisabled"]
    assert not settings["Config"]["User"].startswith(("0", "root"))
    assert not any("docker.sock" in mount["Source"] for mount in settings["Mounts"])


@pytest.mark.docker
@pytest.mark.parametrize("image", ["cc", "node", "python"])
def test_images_hold_their_toolchain(docker: DockerBackend, client: DockerClient, tree: Tree, image: str) -> None:
    program = {
        "cc": "echo 'int main(void) { return 7; }' > m.c && cc m.c -o m && ./m; echo $?; make -v | head -c 8",
        "node": "echo 'console.log(6 + 1)' > m.js && node m.js && node --test --help > /dev/null && echo GNU Make",
        "python": "python -c 'import pytest; print(7)' && pytest --version | head -c 0 && echo GNU Make",
    }[image]
    with docker.open(tree, image, Limits()) as box:
        assert box.exec(program).stdout.split("\n")[0] == "7"


@pytest.mark.docker
@pytest.mark.parametrize("kind", ["docker", "docker-volume"])
def test_nothing_survives_an_owner_that_is_killed(
    docker: DockerBackend, client: DockerClient, tree: Tree, kind: str
) -> None:
    with docker.open(tree, "python", Limits()) as ours:
        argv = [sys.executable, "-c", OWNER, str(tree.layers[0]), kind]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as owner:
            assert owner.stdout is not None
            assert owner.stdout.readline() == b"open\n"
            os.kill(owner.pid, signal.SIGKILL)
        assert _settled(client, 1)  # the stream ended, and so did the runner; no reaper was needed
        assert bool(remove_abandoned(client)) == (kind == "docker-volume")
        assert remove_abandoned(client) == []
        assert ours.exec("cat a").stdout == "a"
    assert _settled(client, 0)
    assert list((cache_dir() / "docker" / "boxes").glob("*/*")) == []
    assert not [v for v in client.volumes.list() if str(cache_dir() / "docker") in str(v.attrs["Options"])]


@pytest.mark.docker
def test_a_container_that_is_gone_is_an_error_of_the_box(
    docker: DockerBackend, client: DockerClient, tree: Tree
) -> None:
    with docker.open(tree, "python", Limits()) as box:
        (container,) = _containers(client)
        client.api.remove_container(container["Id"], force=True, v=True)
        with pytest.raises(SandboxError, match="the box is gone"):
            box.exec("true")


@pytest.mark.docker
def test_a_container_holds_one_workspace_after_another_and_nothing_of_the_one_before(
    client: DockerClient, own_cache: None, tree: Tree
) -> None:
    other = Tree((store_tree({"o": File(b"other")}, cache_dir() / "elsewhere"),), "o")
    with DockerBackend().open(tree, "python", Limits()) as box:
        (container,) = _containers(client)
        box.record_baseline()
        box.exec("echo x > a; mkdir -p /tmp/home/deep /dev/shm/b; echo y > /tmp/y; chmod 700 /tmp; (sleep 30 &)")
        box.snapshot()
        box.exec("rm a; echo z > z")
        box.renew(other)
        assert box.residue() == ()
        assert [running["Id"] for running in _containers(client)] == [container["Id"]]
        assert box.changes() == {}
        assert box.exec("cat o; find /tmp /dev/shm -mindepth 1; ls").stdout == "other/tmp/home\no\n"
        assert box.exec("cat /proc/[0-9]*/comm").stdout.split() == [".codegym-runner", "sh"]


MEDDLE = {
    "process": lambda box: box.cell.channel.spawn(["sleep", "30"]),
    "file: tmp": lambda box: box.exec("touch /tmp/x"),
    "mode: shm": lambda box: box.exec("chmod 700 /dev/shm"),
    "file: u/0": lambda box: box.write("x", b""),
    "file: l": lambda box: box.cell.attach(box.cell.share("none")),
    "priority": lambda box: os.setpriority(os.PRIO_PROCESS, box.cell.wire.pid, 7),
}


@pytest.mark.docker
@as_root
def test_the_look_from_outside_sees(client: DockerClient, own_cache: None, tree: Tree) -> None:
    with DockerBackend().open(tree, "python", Limits()) as box:
        assert box.residue() != (), "no baseline was recorded"
        box.record_baseline()
        for expected, meddle in MEDDLE.items():
            box.renew(tree)
            assert box.residue() == ()
            meddle(box)
            assert any(line.startswith(expected) for line in box.residue()), expected


@pytest.mark.docker
@pytest.mark.parametrize("kind", ["docker", "docker-volume"])
def test_closing_does_not_wait_for_a_command(client: DockerClient, own_cache: None, tree: Tree, kind: str) -> None:
    box = backend(kind).open(tree, "python", Limits())
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(box.exec, "sleep 30")
        time.sleep(0.3)
        began = time.monotonic()
        box.close()
        assert time.monotonic() - began < 5
        with pytest.raises(SandboxError, match=r"closed|gone"):
            running.result(5)
    assert _settled(client, 0)


@pytest.mark.docker
def test_layers_can_be_bound_when_they_can_not_be_handed_over(
    docker: DockerBackend, client: DockerClient, tree: Tree
) -> None:
    layers = tuple(owned_layer(layer, 900001000, cache_dir()) for layer in tree.layers)
    cell = start_cell(client, docker._engine.settings("python", Limits()), layers)
    try:
        cell.lay("0", cell.load(tree))
        assert read_file(cell.channel, "a", 100) == b"a"
        cell.lay("1", [cell.attach(cell.share(name)) for name in cell.load(tree)])
        assert read_file(cell.channel, "a", 100) == b"a"
    finally:
        cell.end()


def _settled(client: DockerClient, count: int) -> bool:
    """Whether as many containers are left, at most ten seconds from now."""
    deadline = time.monotonic() + 10
    while len(_containers(client)) != count and time.monotonic() < deadline:
        time.sleep(0.05)
    return len(_containers(client)) == count


def _containers(client: DockerClient) -> list[dict[str, str]]:
    return client.api.containers(all=True, filters={"label": f"codegym.cache={cache_dir()}"})
