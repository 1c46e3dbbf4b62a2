"""An engine of our own, killed and started again under a run, with an image that holds nothing at all."""

import io
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codegym.errors import SandboxError
from codegym.sandbox.docker.backend import DockerBackend
from codegym.sandbox.docker.image import connect, image_tag
from codegym.sandbox.pool.pool import Pool
from codegym.sandbox.protocol import File, Sandbox, Tree
from codegym.task import Limits
from codegym.tree import store_tree

pytestmark = [pytest.mark.docker, pytest.mark.slow]


class Engine:
    """A ``dockerd`` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/s"
        self._argv = ["dockerd", "--host", self.url, "--pidfile", f"{folder}/pid", "--bridge=none"]
        self._argv += ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--storage-driver=vfs"]
        self._argv += ["--iptables=false", "--ip6tables=false", "--ip-forward=false"]
        self._log = (folder / "log").open("wb")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers: one whose containerd was too slow gives up, and is started again."""
        for _ in range(3):
            self._process = subprocess.Popen(self._argv, stdout=self._log, stderr=self._log)
            while self._process.poll() is None:
                if self.up():
                    return
                time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def up(self) -> bool:
        try:
            connect(self.url, timeout=10).close()
        except SandboxError:
            return False
        return True

    def end(self, how: int) -> None:
        """Send a signal and wait until the engine is gone, and the containerd that it started."""
        assert self._process is not None
        containerd = int((self.folder / "exec/containerd/containerd.pid").read_text())
        self._process.send_signal(how)
        self._process.wait(60)
        deadline = time.monotonic() + 60
        while Path(f"/proc/{containerd}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def close(self) -> None:
        self.end(signal.SIGTERM)
        self._log.close()
        for line in reversed(Path("/proc/mounts").read_text().splitlines()):
            if line.split()[1].startswith(f"{self.folder}/"):
                subprocess.run(["umount", "-l", line.split()[1]], check=True)
        shutil.rmtree(self.folder)


@pytest.fixture
def engine() -> Iterator[Engine]:
    if os.getuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("only root can start an engine, and only where dockerd is installed")
    engine = Engine(Path(tempfile.mkdtemp(prefix="codegym-engine-")))
    engine.start()
    yield engine
    engine.close()


def _with_empty_image(url: str) -> DockerBackend:
    nothing = io.BytesIO()
    with tarfile.open(fileobj=nothing, mode="w"):
        pass
    client = connect(url)
    name, _, tag = image_tag("python").partition(":")
    client.api.import_image_from_data(nothing.getvalue(), repository=name, tag=tag)
    client.close()
    return DockerBackend(base_url=url)


def _until_gone(box: Sandbox) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        box.read("a")
        time.sleep(0.05)


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # docker-py's own, on a failed connect
def test_an_engine_that_is_killed_costs_its_boxes_and_nothing_else(engine: Engine, tmp_path: Path) -> None:
    tree = Tree((store_tree({"a": File(b"a")}, tmp_path),), "t")
    backend = _with_empty_image(engine.url)
    pool = Pool(backend, spare=0)
    pool.open(tree, "python", Limits()).close()
    assert pool.ready() == 1
    box = backend.open(tree, "python", Limits())
    assert box.read("a") == b"a"  # in a box without a single program
    engine.end(signal.SIGKILL)
    assert box.read("a") == b"a"  # the engine is not asked
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(backend.open, tree, "python", Limits())  # by who comes meanwhile
        engine.start()
        with waiting.result(60) as other:
            assert other.read("a") == b"a"
    with pytest.raises(SandboxError, match="gone"):
        _until_gone(box)  # an engine that starts ends what it finds
    box.close()
    with pool.open(tree, "python", Limits()) as another:  # not the box that waited in the old engine
        assert another.read("a") == b"a"
    pool.close()
