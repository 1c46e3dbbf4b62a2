"""Backends by name, images, leases, and the machine's checks."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codegym.errors import ConfigError, SandboxError
from codegym.sandbox.backend import backend, backend_names
from codegym.sandbox.doctor import checks
from codegym.sandbox.host.cgroup import cgroup_roots, named_cgroup, sweep_cgroups
from codegym.sandbox.host.lease import lease_is_held, owner_lease, owners, reap
from codegym.sandbox.image.image import _folder, host_image, image_digest, image_names, load_image
from codegym.sandbox.layered.box import LaidBox
from codegym.sandbox.protocol import Tree
from codegym.task import Limits


def test_backends_by_name() -> None:
    assert {"bwrap", "docker", "docker-volume", "fake"} <= set(backend_names())
    assert backend("fake") is backend("fake")
    assert [c.name for c in backend("fake").capabilities() if not c.available]
    with pytest.raises(ConfigError, match="Did you mean 'bwrap'"):
        backend("bwarp")


def test_images_are_described_and_named_by_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # images of suites that were forged here
    assert image_names() == ["cc", "cmake", "node", "python"]
    digests = {image_digest(name) for name in image_names()}
    assert len(digests) == len(image_names())
    for name in image_names():
        assert load_image(name).provides
    with pytest.raises(SandboxError, match="Did you mean 'python'"):
        host_image("pyton")


@pytest.mark.parametrize(
    ("image", "command", "says"),
    [
        ("python", "python -m pytest --version", "pytest 9"),
        ("python", "pytest --version", "pytest 9"),
        (
            "python",
            "python -c 'import sys; print(sys.executable, sys.prefix)'",
            "/opt/python/bin/python /opt/python",
        ),
        ("python", "python -m coverage --version", "Coverage"),
        ("cc", "echo 'int main(void){return 0;}' > m.c && make m && ./m && echo built", "built"),
        ("node", "node -e 'console.log(6*7)'", "42"),
    ],
)
def test_images_provide_what_they_say(tree: Tree, image: str, command: str, says: str) -> None:
    with backend("bwrap").open(tree, image, Limits()) as box:
        result = box.exec(command)
    assert result.exit_code == 0, result.stderr
    assert says in result.stdout + result.stderr


def test_a_plain_pytest_finds_its_plugins_rewritten(tree: Tree) -> None:
    program = (
        "import sys, pytest, _pytest.assertion.rewrite as rewrite\n"
        "seen, rewritten = [], rewrite._rewrite_test\n"
        "rewrite._rewrite_test = lambda path, config: seen.append(str(path)) or rewritten(path, config)\n"
        "pytest.main(['test_it.py'])\n"
        "print('hypothesis.core' in sys.modules, seen)"
    )
    with backend("bwrap").open(tree, "python", Limits()) as box:
        box.write("test_it.py", b"def test(): pass")
        result = box.exec(["python", "-c", program])
    assert result.stdout.splitlines()[-1] == "True ['/work/test_it.py']"


def test_a_tool_brings_its_own_folder_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of a tool is bound whole: it must not be the one that holds everything else of the user's."""
    for folder in ("home/.local/bin", "tools/bin", "loose"):
        tool = tmp_path / folder / f"codegym-{folder.partition('/')[0]}"
        tool.parent.mkdir(parents=True)
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home/.local/share"))
    assert _folder("cc", "sh") is None
    assert _folder("cc", "codegym-tools") == tmp_path / "tools"
    for name in ("codegym-home", "codegym-loose"):
        with pytest.raises(SandboxError, match="contains more than a tool"):
            _folder("cc", name)


def test_a_lease_is_held_while_its_process_lives() -> None:
    script = "from codegym.sandbox.host.lease import owner_lease; print(owner_lease().id, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        name = other.stdout.readline().strip()
        assert name not in reap()
        assert lease_is_held(name)
        other.kill()
    reap()
    assert not lease_is_held(name)
    assert lease_is_held(owner_lease().id)


def test_a_lease_whose_owner_died_before_it_was_registered_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "codegym" / "leases"
    folder.mkdir(parents=True)
    old, young = folder / ".0123456789ab", folder / ".ba9876543210"
    for draft in (old, young):
        draft.touch()
    os.utime(old, (time.time() - 120,) * 2)
    reap()
    assert not old.exists()
    assert young.exists(), "its owner may be about to register it"


def test_many_may_clean_up_at_the_same_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "codegym" / "leases"
    folder.mkdir(parents=True)
    names = {f"{number:012x}" for number in range(200)}
    for name in names:
        (folder / f"{name}.lease").write_text(json.dumps({"pid": 1, "cgroups": []}))
    with ThreadPoolExecutor(8) as threads:
        passes = [threads.submit(reap if number % 2 else owners) for number in range(8)]
    gone = [name for done in passes[1::2] for name in done.result()]
    assert sorted(gone) == sorted(names), "each is cleaned up, and reported once"
    assert owners() == []


def test_what_a_writer_that_was_killed_began_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    program = (
        "import os, signal, codegym.tree as t\n"
        "t.write_file = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "t.store_tree({'a': t.File(b'a')})"
    )
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode == -9
    reaper = (
        "import os, signal, codegym.sandbox.host.lease as l\n"
        "l.remove_tree = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "l.reap()"
    )
    killed = subprocess.run([sys.executable, "-c", reaper], check=False)
    assert killed.returncode == -9
    assert [path.name[:7] for path in (tmp_path / "codegym" / "trees").iterdir()] == [".draft-"]
    assert len(reap()) == 1, "a reaper that is killed leaves the rest of its work to the next"
    assert not list((tmp_path / "codegym" / "trees").iterdir())


def test_groups_whose_cache_is_gone_are_removed_once_nobody_is_in_them(box: LaidBox) -> None:
    if not cgroup_roots():
        pytest.skip("no control groups may be made here")
    orphan = named_cgroup("0123456789ab-1")
    for folder in orphan.folders:
        folder.mkdir()
    assert sweep_cgroups() >= 0
    assert orphan.pids.is_dir(), "its box may be about to start"
    time.sleep(0.6)
    assert sweep_cgroups(age=0.5) >= 1
    assert not orphan.pids.is_dir()
    assert not orphan.memory.is_dir()
    assert box.exec("true").exit_code == 0


def test_the_doctor_looks_at_everything_and_knows_a_remedy() -> None:
    results = {check.name: check for check in checks()}
    assert {"bubblewrap", "overlayfs", "control groups", "runner", "image python", "docker", "disk"} <= set(
        results
    )
    assert all(check.detail for check in results.values())
    assert all(check.remedy for check in results.values() if not check.ok)
