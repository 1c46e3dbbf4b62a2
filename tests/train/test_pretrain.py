"""The phase that makes a base model: it trains, goes on after a kill, and refuses what it can't read."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import fmean

import pytest

from codegym.errors import ConfigError, TaskError
from codegym.progress.display import Display
from tests.train.conftest import Train
from tests.train.test_phases import Interrupting

pytestmark = pytest.mark.train

RUN = """
name = "base"
[policy]
context_tokens = {context}
threads = 1
[policy.tiny]
vocabulary = 400
hidden_size = 32
num_hidden_layers = 2
intermediate_size = 64
[env]
suite = "drill"
dialect = "{dialect}"
[[phase]]
algorithm = "pretrain"
suite = "{suite}"
split = "{split}"
library_share = 0
tokenizer_episodes = 20
budget_seconds = 500
{keys}
[phase.trl]
max_steps = {steps}
per_device_train_batch_size = 2
logging_steps = 1
save_steps = 2
{more}
"""
DEFAULTS = {
    "context": 768,
    "dialect": "line",
    "suite": "drill",
    "split": "train-d1",
    "steps": 8,
    "keys": "",
    "more": "",
}


def write(folder: Path, **changes: object) -> Path:
    path = folder / "run.toml"
    path.write_text(RUN.format(**{**DEFAULTS, **changes}))
    return path


def test_a_base_model_is_made_and_its_loss_falls(train: Train, tmp_path: Path) -> None:
    summary = train(write(tmp_path, steps=40), tmp_path / "run")
    phase = tmp_path / "run" / "phases" / "01-pretrain"
    assert summary["policy"] == str(phase / "policy")
    (metrics,) = map(json.loads, (phase / "metrics.jsonl").read_text().splitlines())
    states = sorted(phase.rglob("trainer_state.json"), key=lambda path: path.stat().st_mtime)
    losses = [entry["loss"] for entry in json.loads(states[-1].read_text())["log_history"] if "loss" in entry]
    assert metrics["step"] == 40
    assert fmean(losses[-5:]) < fmean(losses[:5]) - 0.3


def test_activations_are_computed_again_if_the_policy_says_so(train: Train, tmp_path: Path) -> None:
    from codegym.train.algorithm.pretrain import PretrainPhase
    from codegym.train.config import load_config
    from codegym.train.run import open_run

    path = write(tmp_path, context="768\ngradient_checkpointing = true", steps=1)
    (phase,) = open_run(load_config(path), tmp_path / "run", Display()).phases
    assert isinstance(phase, PretrainPhase)
    assert phase.arguments().gradient_checkpointing
    assert train(path, tmp_path / "run")["metrics"]["pretrain"]["training"]["step"] == 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"dialect": "tagged"}, ConfigError, "writes the line dialect"),
        ({"suite": "kata"}, ConfigError, "'kata' is not a generated suite"),
        ({"split": "test"}, ConfigError, "split 'test' is for measuring"),
        ({"split": "val-d2"}, ConfigError, "split 'val-d2' is for measuring"),
        ({"split": "train-d9"}, TaskError, "train-d9"),
        ({"split": ""}, ConfigError, "split: String should have at least 1 character"),
        ({"keys": 'excluded = ["pyton-dateutil"]'}, ConfigError, "Did you mean 'python-dateutil'"),
        ({"steps": 0}, ConfigError, "phase 'pretrain': max_steps: a number above 0"),
        ({"more": 'optim = "sgd"'}, ConfigError, "optim: set optimizer ="),
        ({"more": 'lr_scheduler_type = "linear"'}, ConfigError, "lr_scheduler_type: leave it out"),
        ({"more": "num_train_epochs = 3"}, ConfigError, "num_train_epochs: leave it out: the stream has no end"),
        ({"more": "ignore_data_skip = false"}, ConfigError, "ignore_data_skip: leave it out"),
        ({"more": 'output_dir = "x"'}, ConfigError, "output_dir: checkpoints are in the run's folder"),
        ({"context": 40}, ConfigError, "at most 40 tokens: raise"),
    ],
)
def test_what_cannot_be_read_is_refused(
    train: Train, tmp_path: Path, changes: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        train(write(tmp_path, **changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # tests may run on one core
def test_a_run_that_was_interrupted_reads_what_an_unbroken_one_reads(train: Train, tmp_path: Path) -> None:
    path = write(tmp_path, more="gradient_accumulation_steps = 3\ndataloader_num_workers = 2")
    train(path, tmp_path / "unbroken")
    with pytest.raises(KeyboardInterrupt):
        train(path, tmp_path / "run", display=Interrupting("step 5,"))
    trainer = tmp_path / "run" / "phases" / "01-pretrain" / "trainer"
    shutil.copytree(trainer / "checkpoint-4", trainer / "checkpoint-6")
    (trainer / "checkpoint-6" / "trainer_state.json").write_text("")
    train(path, tmp_path / "run", resume=True)
    runs = (tmp_path / name / "phases" / "01-pretrain" / "metrics.jsonl" for name in ("unbroken", "run"))
    unbroken, resumed = (json.loads(run.read_text()) for run in runs)
    assert unbroken["num_input_tokens_seen"] == resumed["num_input_tokens_seen"]
    assert (unbroken["step"], resumed["step"]) == (8, 8)


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_last_checkpoint(train: Train, tmp_path: Path) -> None:
    path, run = write(tmp_path, steps=16), tmp_path / "run"
    start = "from codegym.cli import app; app()"
    command = [sys.executable, "-c", start, "train", str(path), "--out", str(run)]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, start_new_session=True)
    trainer = run / "phases" / "01-pretrain" / "trainer"
    deadline = time.monotonic() + 120
    while not list(trainer.glob("checkpoint-*/trainer_state.json")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = max(int(path.name.partition("-")[2]) for path in trainer.glob("checkpoint-*"))
    train(path, run, resume=True)
    (metrics,) = map(json.loads, (run / "phases" / "01-pretrain" / "metrics.jsonl").read_text().splitlines())
    assert before < 16
    assert metrics["step"] == 16
