"""The kill test, in small; ``codegym bench kill`` is the same over a thousand episodes."""

import json

import pytest

from codegym.cli.app import main
from codegym.sandbox.bwrap.capabilities import why_unavailable
from codegym.sandbox.host.cgroup import cgroup_roots


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_comes_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    if why_unavailable() or not cgroup_roots():
        pytest.skip(why_unavailable() or "without control groups nobody can tell whose a process is")
    line = "bench kill --policy gold --episodes 29 --every 8 --workers 3 --seed 309 --json"
    code = main(line.split())
    report = json.loads(capsys.readouterr().out)
    assert not report["wrong"], "\n".join(report["wrong"])
    assert code == 0
    assert report["episodes"] == 29  # one per task of kata
    assert report["kills"]["run"] >= 1  # with this seed the first while it starts
    assert report["starts"] >= 2
    assert report["beside"] >= 21
