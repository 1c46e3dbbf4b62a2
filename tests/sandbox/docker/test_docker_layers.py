"""Folders on the host's disk for Docker: the owner of layers, copies, sizes, removal."""

import os
from pathlib import Path

import pytest

from codegym.errors import SandboxError
from codegym.sandbox.docker.layers import copy_tree, overlay_options, owned_layer, remove_folder
from codegym.sandbox.host.folder import usage

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of another user")


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    folder = tmp_path / "layer"
    (folder / "pkg").mkdir(parents=True)
    (folder / "pkg" / "a.py").write_text("a")
    (folder / "link").symlink_to("pkg/a.py")
    return folder


def test_a_layer_of_the_right_owner_is_used_as_it_is(layer: Path, tmp_path: Path) -> None:
    assert owned_layer(layer, os.getuid(), tmp_path / "store") == layer


@as_root
def test_a_layer_of_another_owner_is_copied_once(layer: Path, tmp_path: Path) -> None:
    first = owned_layer(layer, 1000, tmp_path / "store")
    assert first != layer
    assert (first / "pkg/a.py").read_text() == "a"
    assert {path.lstat().st_uid for path in (first, first / "link", first / "pkg/a.py")} == {1000}
    assert {path.lstat().st_uid for path in (layer, layer / "pkg/a.py")} == {0}
    assert owned_layer(layer, 1000, tmp_path / "store") == first
    assert list((tmp_path / "store").iterdir()) == [first]


@as_root
def test_copies_keep_what_overlayfs_marks(tmp_path: Path) -> None:
    upper = tmp_path / "upper"
    (upper / "folder").mkdir(parents=True)
    os.mknod(upper / "gone", 0o020000, os.makedev(0, 0))
    os.setxattr(upper / "folder", "user.overlay.opaque", b"y")
    copy_tree(upper, tmp_path / "copy")
    assert (tmp_path / "copy/gone").lstat().st_rdev == 0
    assert os.getxattr(tmp_path / "copy/folder", "user.overlay.opaque") == b"y"


def test_a_copy_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="No such file"):
        copy_tree(tmp_path / "missing", tmp_path / "copy")


def test_usage_counts_contents_and_entries(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    assert usage(tmp_path) == 4096
    (tmp_path / "d" / "big").write_bytes(b"x" * 1_000_000)
    assert 1_000_000 <= usage(tmp_path) < 1_100_000
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 40)
    assert usage(tmp_path) < 1_200_000


def test_what_was_closed_is_removed_too(tmp_path: Path) -> None:
    (tmp_path / "box/closed/inner").mkdir(parents=True)
    (tmp_path / "box/closed").chmod(0)
    remove_folder(tmp_path / "box")
    assert not (tmp_path / "box").exists()
    remove_folder(tmp_path / "box")


@pytest.mark.parametrize("name", ["a,b", "a:b", "a\\b"])
def test_paths_that_the_mount_options_can_not_hold_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SandboxError, match="move the cache"):
        overlay_options((tmp_path / name,), tmp_path / "u", tmp_path / "w")


def test_too_many_layers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="flatten"):
        overlay_options((tmp_path,) * 500, tmp_path / "u", tmp_path / "w")
