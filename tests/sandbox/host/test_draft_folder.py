"""An unfinished folder is deleted once its process is gone, and never before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from codegym.sandbox.host.lease import draft_folder

WRITER = """
import sys
from pathlib import Path
from codegym.sandbox.host.lease import draft_folder

with draft_folder(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("unfinished")
    print(folder, flush=True)
    sys.stdin.read()
"""


def make_older(folder: Path) -> None:
    """Make a folder look a minute old: one that was just made may not be locked yet."""
    past = folder.stat().st_mtime - 60
    os.utime(folder, (past, past))


def test_the_folder_of_a_killed_process_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    (tmp_path / ".draft-notes-of-mine").mkdir()
    argv = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        folder = Path(writer.stdout.readline().strip())
        make_older(folder)
        with draft_folder(tmp_path) as own:
            assert (folder / "file").read_text() == "unfinished"
            assert own.parent == tmp_path
        assert not own.exists()
        writer.kill()
        writer.wait()
    with draft_folder(tmp_path):
        assert not folder.exists()
    assert [path.name for path in tmp_path.iterdir()] == [".draft-notes-of-mine"]
