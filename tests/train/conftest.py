"""Runs on the suite ``mini`` in embedded boxes: a tiny policy, two tasks, a few seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegym.suite import Suite

HEAD = """
name = "mini"
[policy]
context_tokens = 512
answer_tokens = 6
threads = 1
[env]
suite = "mini"
sandbox = "bwrap"
max_turns = 4
[rollout]
workers = 2
[eval]
split = "train"
samples = 2
"""
TINY = """
[policy.tiny]
vocabulary = 300
hidden_size = 32
num_hidden_layers = 2
intermediate_size = 64
"""
SFT = """
[[phase]]
name = "warmup"
algorithm = "sft"
budget_seconds = 0.5
[phase.data]
tasks = 2
samples = 1
[phase.trl]
per_device_train_batch_size = 2
"""
EVALUATE = """
[[phase]]
name = "{name}"
algorithm = "evaluate"
"""
GRPO = """
[[phase]]
name = "grpo"
algorithm = "grpo"
[phase.trl]
num_generations = 2
per_device_train_batch_size = 2
gradient_accumulation_steps = 2
max_steps = 2
save_steps = 1
"""

Train = Callable[..., dict[str, Any]]
WriteRun = Callable[..., Path]


@pytest.fixture(scope="session")
def train(mini: Suite) -> Train:
    """The function under test, where it can be imported and finds the suite ``mini``."""
    pytest.importorskip("trl", reason="needs the train extra")
    from codegym.train.run import train

    return train


@pytest.fixture
def write_run(tmp_path: Path) -> WriteRun:
    """Write a run's file: the head, and what a test adds."""

    def write(*parts: str, model: Path | None = None) -> Path:
        path = tmp_path / "run.toml"
        head = HEAD.replace("[policy]", f'[policy]\nmodel = "{model}"') if model else HEAD
        path.write_text(head + "".join(parts))
        return path

    return write


@pytest.fixture(scope="session")
def model(train: Train, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny policy, as a run with one supervised phase leaves it."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "run.toml").write_text(HEAD + TINY + SFT)
    train(folder / "run.toml", folder / "run")
    return folder / "run" / "phases" / "01-warmup" / "policy"
