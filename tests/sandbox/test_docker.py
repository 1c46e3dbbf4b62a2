"""What Docker boxes do beyond the protocol: refusals that say what to do, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from codegym.catalog import cache_dir
from codegym.errors import SandboxError
from codegym.sandbox.docker import DockerBackend
from codegym.sandbox.docker_image import build_command, connect, image_tag, missing
from codegym.sandbox.protocol import File, Tree
from codegym.task import Limits
from codegym.tree import store_tree

OWNER = """
import sys, time
from pathlib import Path
from codegym.sandbox.docker import DockerBackend
from codegym.sandbox.protocol import Tree
from codegym.task import Limits
box = DockerBackend().open(Tree((Path(sys.argv[1]),), "t"), "python", Limits())
box.write("made", b"here")
print("open", flush=True)
box.exec("sleep 100")
"""


def test_no_engine_is_a_capability_and_an_error_that_say_what_to_do(tmp_path):
    nobody = DockerBackend(base_url=f"unix://{tmp_path}/nobody.sock")
    (run,) = nobody.capabilities()
    assert (run.name, run.available) == ("run", False)
    assert "systemctl start docker" in run.why
    with pytest.raises(SandboxError, match="no Docker engine answers"):
        nobody.open(Tree((tmp_path,), "t"), "python", Limits())


def test_an_engine_far_away_is_refused():
    far = DockerBackend(base_url="tcp://127.0.0.1:1")
    (run,) = far.capabilities()
    assert not run.available


def test_an_image_is_named_by_what_it_is_built_from():
    assert image_tag("python") != image_tag("cc").replace("cc", "python")
    assert image_tag("python") in build_command("python")
    with pytest.raises(SandboxError, match="Did you mean 'python'"):
        image_tag("pyhton")


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this module's own: what it counts and reaps is then its own, whoever else uses the engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def docker(own_cache: None) -> DockerBackend:
    backend = DockerBackend()
    run = backend.capabilities()[0]
    if not run.available:
        pytest.skip(run.why)
    return backend


@pytest.fixture(scope="module")
def client(docker) -> Iterator[DockerClient]:
    engine = connect()
    if absent := missing(engine):
        pytest.skip(f"images are missing: {', '.join(build_command(name) for name in absent)}")
    yield engine
    engine.close()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree((store_tree({"a": File(b"a")}, tmp_path),), "t")


@pytest.mark.docker
def test_an_unknown_runtime_is_refused_by_name(docker, client, tree):
    other = DockerBackend(runtime="no-such-runtime")
    assert "no-such-runtime" in other.capabilities()[0].why
    with pytest.raises(SandboxError, match="no-such-runtime"):
        other.open(tree, "python", Limits())


@pytest.mark.docker
def test_what_the_engine_was_asked_for(docker, client, tree):
    with docker.open(tree, "python", Limits(memory_mb=256)):
        (found,) = _containers(client)
        asked = client.api.inspect_container(found["Id"])
    host = asked["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Memory"] == host["MemorySwap"] == 256 << 20
    assert host["PidsLimit"]
    assert not asked["Config"]["User"].startswith(("0", "root"))
    assert not any("docker.sock" in mount["Source"] for mount in asked["Mounts"])


@pytest.mark.docker
@pytest.mark.parametrize("image", ["cc", "node", "python"])
def test_images_hold_their_toolchain(docker, client, tree, image):
    program = {
        "cc": "echo 'int main(void) { return 7; }' > m.c && cc m.c -o m && ./m; echo $?; make -v | head -c 8",
        "node": "echo 'console.log(6 + 1)' > m.js && node m.js && node --test --help > /dev/null && echo GNU Make",
        "python": "python -c 'import pytest; print(7)' && pytest --version | head -c 0 && echo GNU Make",
    }[image]
    with docker.open(tree, image, Limits()) as box:
        assert box.exec(program).stdout.split("\n")[0] == "7"


@pytest.mark.docker
def test_nothing_survives_an_owner_that_is_killed(docker, client, tree):
    with docker.open(tree, "python", Limits()) as ours:
        argv = [sys.executable, "-c", OWNER, str(tree.layers[0])]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as owner:
            assert owner.stdout is not None
            assert owner.stdout.readline() == b"open\n"
            os.kill(owner.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while len(_containers(client)) > 1 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(_containers(client)) == 1  # the stream ended, and so did the runner; no reaper was needed
        assert docker.reap()
        assert docker.reap() == []
        assert ours.exec("cat a").stdout == "a"
    assert _containers(client) == []
    assert list((cache_dir() / "docker" / "boxes").glob("*/*")) == []
    assert not [v for v in client.volumes.list() if str(cache_dir() / "docker") in str(v.attrs["Options"])]


@pytest.mark.docker
def test_a_container_that_is_gone_is_an_error_of_the_box(docker, client, tree):
    with docker.open(tree, "python", Limits()) as box:
        (found,) = _containers(client)
        client.api.remove_container(found["Id"], force=True, v=True)
        with pytest.raises(SandboxError, match="the box is gone"):
            box.exec("true")


@pytest.mark.docker
def test_a_full_workspace_says_so_and_can_be_emptied(docker, client, tree):
    with docker.open(tree, "python", Limits(disk_mb=8)) as box:
        filled = box.exec("i=0; while [ $i -lt 3000 ]; do head -c 1000000 /dev/zero > f$i; i=$((i+1)); done")
        assert filled.exit_code == -9
        assert "the workspace grew beyond 8 MB" in filled.stderr
        assert box.exec("sleep 0.3; rm f*; sleep 0.3; echo fine").stdout == "fine\n"


def _containers(client: DockerClient) -> list[dict[str, str]]:
    return client.api.containers(all=True, filters={"label": f"codegym.cache={cache_dir()}"})
