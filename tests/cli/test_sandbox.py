"""``codegym sandbox``: a box by hand, and who holds which."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _embedded(sandbox: str) -> None:
    if sandbox != "bwrap":
        pytest.skip("the embedded sandbox does not run here")


def test_a_command_in_a_tasks_box(cli: Cli) -> None:
    ran = cli("sandbox", "exec", "--task", "mini/clamp", "--", "sh", "-c", "ls; echo oops >&2; exit 7")
    assert (ran.code, ran.out, ran.err) == (7, "src\ntests\n", "oops\n")
    value = cli("sandbox", "exec", "--json", "--timeout", "0.2", "--", "sleep", "9")
    assert value.code == 124
    assert value.value["timed_out"]


def test_lines_of_a_shell_share_folder_and_files(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a").write_text("a")
    lines = "cd here; touch b\nls; pwd\nfalse\nexit\necho never\n"
    ran = cli("sandbox", "shell", "--tree", tmp_path, "--image", "cc", typed=lines)
    assert (ran.code, ran.out) == (1, "a\nb\n/work/here\n")
    assert not (tmp_path / "here" / "b").exists()


OWNER = """
import sys
from pathlib import Path
from codegym.sandbox.bwrap.backend import BwrapBackend
from codegym.sandbox.protocol import Tree
from codegym.task import Limits
with BwrapBackend().open(Tree((Path(sys.argv[1]),), ""), "cc", Limits()):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_list_counts_boxes(cli: Cli) -> None:
    """Of another process: this one's pool opens and closes boxes as it sees fit."""
    argv = [sys.executable, "-c", OWNER, str(Path(__file__).parent)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "open\n"
        rows = cli("sandbox", "list", "--json").value
        owner.communicate("")
    assert [row["boxes"] for row in rows if row["pid"] == owner.pid] == [1]
    assert not any(row["boxes"] for row in cli("sandbox", "list", "--json").value if row["pid"] == owner.pid)
