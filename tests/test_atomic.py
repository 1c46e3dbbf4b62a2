"""Files and folders that appear whole or not at all, with a writer that fails or is killed in the middle."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codegym.atomic import publish_folder, whole_file, write_whole

WRITER = """
import sys
from pathlib import Path
from codegym.atomic import whole_file
with whole_file(Path(sys.argv[1])) as file:
    file.write(b"half of the ne")
    file.flush()
    print("half", flush=True)
    sys.stdin.read()
"""


def test_a_file_is_replaced_and_no_draft_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_whole(path, "caf\u00e9")
    write_whole(path, b"new", prefix=".draft-", mode=0o600)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_whole(path, "old")
    with pytest.raises(TypeError), whole_file(path) as file:
        file.writelines([b"half", "text"])  # type: ignore[list-item]
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_is_killed_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_whole(path, "old")
    argv = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half\n"
        os.kill(writer.pid, signal.SIGKILL)
    assert path.read_text() == "old"
    (draft,) = set(tmp_path.iterdir()) - {path}
    assert draft.name.startswith(".a.json.")


def test_the_folder_that_was_published_first_stays(tmp_path: Path) -> None:
    drafts = [tmp_path / name for name in ("one", "two", "three")]
    for draft in drafts:
        draft.mkdir()
        (draft / "name").write_text(draft.name)
    target = tmp_path / "target"
    publish_folder(drafts[0], target)
    publish_folder(drafts[1], target)
    assert ((target / "name").read_text(), drafts[1].is_dir()) == ("one", True)
    publish_folder(drafts[2], target, replace=True)
    assert (target / "name").read_text() == "three"
    with pytest.raises(FileNotFoundError):
        publish_folder(tmp_path / "nowhere", tmp_path / "other")
