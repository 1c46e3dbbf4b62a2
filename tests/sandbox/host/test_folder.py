"""Folders that an adversary filled: counted and deleted whatever is in them."""

import os
import sys
import threading
from pathlib import Path
from typing import Literal

import pytest

from codegym.sandbox.bwrap.backend import BwrapBackend
from codegym.sandbox.host.disk import DiskWatch
from codegym.sandbox.host.folder import remove_tree, usage
from codegym.sandbox.protocol import ExecResult, Tree
from codegym.task import Limits


def deep(folder: Path, levels: int) -> None:
    """Make folders in each other, each with a file, deeper than a path can say."""
    at = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.close(os.open("f", os.O_CREAT, dir_fd=at))
        os.mkdir("d" * 20, dir_fd=at)
        inner = os.open("d" * 20, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)


def test_a_folder_of_any_depth_and_mode_is_counted_and_deleted(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "closed/inner").mkdir(parents=True)
    (top / "closed/inner/file").write_bytes(b"x" * 9000)
    (top / "closed").chmod(0)
    (top / "link").symlink_to(tmp_path)
    (tmp_path / "kept").write_text("kept")
    assert 20_000 < usage(top) < 30_000
    deep(top, 1100)
    assert usage(top) == sys.maxsize
    remove_tree(top)
    remove_tree(top)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_folder_is_deleted_while_somebody_still_writes_in_it(tmp_path: Path) -> None:
    top, stop = tmp_path / "top", threading.Event()
    (top / "d").mkdir(parents=True)

    def write() -> None:
        number = 0
        while not stop.is_set():
            try:
                (top / "d" / str(number := number + 1)).mkdir()
            except FileNotFoundError:
                return

    writer = threading.Thread(target=write)
    writer.start()
    threading.Timer(0.1, stop.set).start()
    remove_tree(top)
    writer.join()
    assert not top.exists()


def test_what_a_killed_command_left_is_allowed_until_it_is_deleted(tmp_path: Path) -> None:
    watch, ended = DiskWatch(tmp_path, 1), ExecResult(0, "", "", oom=True)
    (tmp_path / "a").write_bytes(b"x" * (2 << 20))
    killed = watch.checked(ended)
    assert (killed.exit_code, killed.oom) == (-9, False)
    assert "grew beyond 1 MB" in killed.stderr
    watch._next = 0.0
    assert watch.checked(ended) is ended
    (tmp_path / "a").unlink()
    watch._next = 0.0
    assert watch.checked(ended) is ended
    (tmp_path / "a").write_bytes(b"x" * (2 << 20))
    watch._next = 0.0
    assert watch.checked(ended) is not ended


@pytest.mark.parametrize("stage", ["memory", "disk"])
def test_a_backend_says_where_its_boxes_write(stage: Literal["memory", "disk"], tree: Tree) -> None:
    backend = BwrapBackend(stage=stage)
    capabilities = {capability.name: capability for capability in backend.capabilities()}
    if not capabilities["run"].available:
        pytest.skip(capabilities["run"].why)
    assert ("disk" in capabilities["workspace"].why, "checked" in capabilities["disk limit"].why) == (
        (stage == "disk",) * 2
    )
    with backend.open(tree, "cc", Limits()) as box:
        kind = box.exec("stat -f -c %T /tmp").stdout.strip()
        assert (kind == "tmpfs") == (stage == "memory")
