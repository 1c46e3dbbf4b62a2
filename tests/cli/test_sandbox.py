"""``codegym sandbox``: a box by hand, and who holds which."""

import os
from pathlib import Path

import pytest

from codegym.sandbox.bwrap import BwrapBackend
from codegym.sandbox.protocol import Tree
from codegym.task import Limits
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


def test_list_counts_boxes(cli: Cli) -> None:
    def mine() -> int:
        return sum(row["boxes"] for row in cli("sandbox", "list", "--json").value if row["pid"] == os.getpid())

    with BwrapBackend().open(Tree((Path(__file__).parent,), ""), "cc", Limits()):
        more = mine()
    assert more >= 1
    assert mine() == more - 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sandbox exec", "exec needs a command"),
        ("sandbox shell --json", "shell has no JSON"),
        ("sandbox exec --task clamp -- ls", "SUITE/TASK"),
        ("sandbox exec --task mini/clam -- ls", "Did you mean 'clamp'?"),
        ("sandbox exec --task mini/clamp --tree . -- ls", "not both"),
        ("sandbox exec --sandbox bwarp -- ls", "Did you mean 'bwrap'?"),
    ],
)
def test_misuse_says_what_to_type(cli: Cli, line: str, said: str) -> None:
    ran = cli(*line.split())
    assert ran.code == 2
    assert said in ran.err
