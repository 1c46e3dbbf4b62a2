"""The sandbox bench, in miniature: its numbers are not looked at, that it measures what it says is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegym.bench.contenders import find_contender
from codegym.bench.orphan import Orphans
from codegym.bench.sandbox import Effort, measure
from codegym.bench.timing import Timing, repeat, timing
from codegym.bench.trace import Trace
from codegym.bench.workspace import repository
from codegym.cli.app import main
from codegym.errors import SandboxError
from codegym.sandbox.bwrap.capabilities import why_unavailable
from codegym.sandbox.protocol import Tree

TINY = Effort(times=2, slow=1, boxes=2, rounds=1, crowd=2)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return repository(3, tmp_path)


def test_medians_and_percentiles() -> None:
    assert timing([n / 1000 for n in range(1, 101)]) == Timing(51.0, 96.0, 100)
    assert timing([0.002]) == Timing(2.0, 2.0, 1)
    undone: list[int] = []
    assert repeat(3, lambda: 7, undone.append).count == 3
    assert undone == [7, 7, 7]


def test_a_repository_has_the_files_asked_for(tree: Tree) -> None:
    assert len(list(tree.layers[0].rglob("*.py"))) == 4


def test_a_trace_holds_what_a_program_started_and_nobody_else() -> None:
    before = Trace.now()
    with subprocess.Popen(["sleep", "30"]) as child:
        made = Trace.now().since(before, os.getpid(), containers=False)
        assert child.pid in {process.pid for process in made.processes}
        assert made.resident_mb() > 0
        nobody = 1 << 22  # the kernel gives no process a number as high
        assert not Trace.now().since(before, nobody, containers=False).processes
        child.kill()
    assert not made.still(Trace.now()).processes


def test_our_own_are_measured_and_leave_nothing(tree: Tree) -> None:
    if why := why_unavailable():
        pytest.skip(why)
    told: list[str] = []
    result = measure("bwrap", tree, TINY, told.append)
    assert result.trouble == ""
    assert told == [f"bwrap: {row}" for row in result.rows]
    assert {"fork into a waiting box", "pytest, warm", "MB an idle box, of 2"} <= set(result.rows)
    left = result.rows["left after kill -9"]
    assert isinstance(left, Orphans)
    assert not any(left.after_next_start[kind] for kind in ("processes", "cgroups", "folders"))


def test_what_can_not_be_measured_says_why(tree: Tree) -> None:
    with pytest.raises(SandboxError, match="Did you mean 'bwrap'"):
        find_contender("bwarp", tree)
    assert "Did you mean" in measure("mini-swe-agnet", tree, TINY, lambda _: None).trouble


def test_the_command_tells_the_machine_and_every_subject(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["bench", "sandbox", "--only", "", "--with", "host", "--quick", "--json", "--files", "3"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["machine"]["cores"] == len(os.sched_getaffinity(0))
    assert value["machine"]["python"] == sys.version.split()[0]
    (found,) = value["subjects"]
    assert (found["name"], found["trouble"]) == ("host", "")
    assert set(found["rows"]) == {"new workspace", "run true", "commands/s, 4 boxes", "left after kill -9"}
    assert main(["bench", "sandbx"]) == 2
    assert "Did you mean 'sandbox'?" in capsys.readouterr().err
