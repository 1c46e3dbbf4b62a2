"""Runs that are killed or interrupted: nothing lost, nothing repeated, nothing left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codegym.env import CodeEnv
from codegym.policy.script.script import noop
from codegym.rollout.engine import rollout
from codegym.rollout.job import Job, make_jobs
from codegym.rollout.log import EpisodeLog, read_episodes
from codegym.sandbox.bwrap.census import open_boxes

RUN = """
import signal
import sys
from pathlib import Path
from codegym.env import CodeEnv
from codegym.policy.script.script import ScriptedPolicy
from codegym.rollout.engine import rollout
from codegym.rollout.job import make_jobs
from codegym.rollout.log import EpisodeLog
from codegym.tool.call import Call

signal.signal(signal.SIGINT, signal.default_int_handler)

def script(opening):
    if opening.seed % 2:
        yield Call("shell", {"command": sys.argv[3]})

make_env = lambda: CodeEnv("mini", sandbox=sys.argv[2], cache=None)
jobs = make_jobs(["clamp"], 12, run_seed=3)
with EpisodeLog(Path(sys.argv[1])) as log:
    for episode in rollout(jobs, ScriptedPolicy("noop", script), make_env, workers=3, log=log):
        print(episode.sample, flush=True)
"""

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path, third_party: Path, sandbox: str) -> Start:
    """Start a run as a program of its own; every second episode runs a command first."""

    def begin(command: str) -> "subprocess.Popen[str]":
        env = os.environ | {"PYTHONPATH": f"{third_party}:{Path(__file__).parents[2]}"}
        argv = [sys.executable, "-c", RUN, str(tmp_path / "run"), sandbox, command]
        return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return begin


def line(run: "subprocess.Popen[str]") -> str:
    """Wait for the next episode."""
    assert run.stdout is not None
    said = run.stdout.readline()
    if not said:
        pytest.fail(run.communicate()[1])
    return said


def test_a_killed_run_resumes_where_it_was(start: Start, make_env: Callable[[], CodeEnv], tmp_path: Path) -> None:
    path = tmp_path / "run" / "episodes-0.jsonl"
    for _ in range(2):
        recorded = len(list(read_episodes(path))) if path.exists() else 0
        with start("sleep 0.2") as run:
            for _ in range(recorded + 1):
                line(run)
            run.kill()
        with path.open("ab") as file:
            file.write(b'{"id": "torn')
    before = [Job.of(episode) for episode in read_episodes(tmp_path / "run")]
    jobs = make_jobs(["clamp"], 12, run_seed=3)
    assert 2 <= len(set(before)) == len(before) < 12
    with EpisodeLog(tmp_path / "run") as log:
        made = [Job.of(episode) for episode in rollout(jobs, noop(), make_env, workers=3, log=log)]
    assert made[: len(before)] == before
    assert sorted(made, key=jobs.index) == jobs
    assert [Job.of(episode) for episode in read_episodes(tmp_path / "run")] == made


def test_interrupt_leaves_nothing_running(start: Start, runs: Callable[..., list[int]]) -> None:
    with start("sleep 43.5") as run:
        line(run)
        assert runs("sleep 43.5", wait=10)
        run.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, errors = run.communicate(timeout=20)
    assert time.monotonic() - began < 8
    assert "KeyboardInterrupt" in errors
    assert not runs("sleep 43.5")
    assert not open_boxes()[run.pid]
