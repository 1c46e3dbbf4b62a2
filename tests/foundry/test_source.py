"""Sources of tasks: sdists, folders and commits are fetched without running any of their code."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from codegym.catalog import cache_dir
from codegym.errors import TaskError
from codegym.sdist import download, read_sdist
from codegym.source import fetch, source_tree
from codegym.task import FolderSource, GitSource, SdistSource
from codegym.tree import read_tree, tree_digest

from .conftest import SDIST, write_tar


def test_an_sdist_is_fetched_once_without_running_it(abacus: SdistSource, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = fetch(abacus)
    assert {path: file.content.decode() for path, file in read_tree(tree).items()} == SDIST
    assert tree.name == tree_digest(read_tree(tree))
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    assert fetch(abacus) == source_tree(abacus, Path("/suites/tiny")) == tree


def test_an_archive_with_another_hash_is_refused(abacus: SdistSource, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"abacus==1\.0"):
        download(abacus.model_copy(update={"sha256": "0" * 64}), tmp_path)


def test_the_error_for_a_missing_source_names_the_command(abacus: SdistSource) -> None:
    other = abacus.model_copy(update={"sha256": "1" * 64})
    with pytest.raises(TaskError, match="codegym build tiny"):
        source_tree(other, Path("/suites/tiny"))


def test_a_tree_that_was_deleted_is_fetched_again(abacus: SdistSource) -> None:
    tree = fetch(abacus)
    tree.rename(cache_dir() / "gone")
    assert fetch(abacus) == tree
    assert tree.is_dir()


def _link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def _device(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.CHRTYPE
    return info


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("p-1/../../evil"),
        tarfile.TarInfo("/etc/evil"),
        _link("p-1/link", "/etc/passwd"),
        _link("p-1/a/link", "../../up"),
        _device("p-1/null"),
    ],
    ids=lambda info: info.name,
)
def test_an_archive_member_outside_of_the_archive_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    with pytest.raises(TaskError, match="the archive contains"):
        read_sdist(write_tar(tmp_path / "p-1.tar.gz", [(member, b"")]))


def test_links_inside_and_executables_are_kept(tmp_path: Path) -> None:
    script = tarfile.TarInfo("p-1/bin/run")
    script.mode = 0o755
    archive = write_tar(tmp_path / "p.tar.gz", [(_link("p-1/a/link", "../bin/run"), b""), (script, b"#!")])
    files = read_sdist(archive)
    assert list(files) == ["a/link", "bin/run"]
    assert files["a/link"].link == "../bin/run"
    assert files["bin/run"].executable


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.tar.gz").write_bytes(b"no")
    with pytest.raises(TaskError, match="not a readable tar"):
        read_sdist(tmp_path / "p.tar.gz")


def test_a_folder_that_differs_from_its_digest_is_refused(abacus: SdistSource, tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "a.py").write_text("a = 1\n")
    digest = tree_digest(read_tree(tmp_path / "repo"))
    assert source_tree(FolderSource(path="repo", digest=digest), tmp_path).name == digest
    with pytest.raises(TaskError, match="has changed"):
        source_tree(FolderSource(path="repo", digest="0" * 64), tmp_path)
    with pytest.raises(TaskError, match="no folder"):
        source_tree(FolderSource(path="gone", digest=digest), tmp_path)


def test_a_commit_is_fetched_without_history(abacus: SdistSource, tmp_path: Path) -> None:
    nobody = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}

    def git(*arguments: str) -> str:
        argv = ["git", "-c", "user.name=n", "-c", "user.email=n@example.org", "-C", str(tmp_path), *arguments]
        return subprocess.run(argv, check=True, capture_output=True, text=True, env=nobody).stdout.strip()

    git("init", "-q")
    (tmp_path / "a.py").write_text("a = 1\n")
    git("add", "a.py")
    git("commit", "-qm", "one")
    first = git("rev-parse", "HEAD")
    (tmp_path / "a.py").write_text("a = 2\n")
    git("commit", "-qam", "two")
    tree = fetch(GitSource(url=str(tmp_path), commit=first))
    assert [(path, file.content) for path, file in read_tree(tree).items()] == [("a.py", b"a = 1\n")]
    assert not (tree / ".git").exists()
    with pytest.raises(TaskError, match="git fetch failed"):
        fetch(GitSource(url=str(tmp_path / "gone"), commit=first))
