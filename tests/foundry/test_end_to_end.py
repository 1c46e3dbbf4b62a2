"""The demo's path in miniature: forge a suite from a package, build it, warm up, measure, GRPO, measure, rank."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegym.foundry.recipe.make_lock import lock
from codegym.sandbox.backend import backend

CONFIG = """
name = "mini"

[policy]
context_tokens = 512
answer_tokens = 8

[policy.tiny]
vocabulary = 400
hidden_size = 32
num_hidden_layers = 2
intermediate_size = 64

[env]
suite = "tiny"
split = "test"
max_turns = 6

[rollout]
workers = 4

[warmup]
tasks = 2
samples = 2
budget_seconds = 6
reading_share = 0.5

[warmup.trl]
per_device_train_batch_size = 4

[eval]
split = "test"
samples = 8
every = 2
val_split = "test"
val_tasks = 1

[trl]
num_generations = 4
per_device_train_batch_size = 4
gradient_accumulation_steps = 2
max_steps = 2
save_steps = 1
"""


def codegym(root: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(root.parent)}
    command = [sys.executable, "-c", "from codegym.cli import app; app()", *argv]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=240, check=False)


@pytest.mark.train
@pytest.mark.slow
def test_from_a_package_to_a_board(recipe_root: Path, tmp_path: Path) -> None:
    pytest.importorskip("trl", reason="needs the train extra")
    bwrap = backend("bwrap")
    run = next(c for c in bwrap.capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    lock(recipe_root, bwrap)
    config, out = tmp_path / "mini.toml", tmp_path / "run"
    config.write_text(CONFIG)
    built = codegym(recipe_root, "build", "tiny")
    assert built.returncode == 0, built.stderr
    trained = codegym(recipe_root, "train", str(config), "--out", str(out), "--json")
    assert trained.returncode == 0, trained.stderr
    summary = json.loads((out / "summary.json").read_text())
    assert json.loads(trained.stdout) == summary
    assert (summary["suite"], summary["split"], summary["tasks"]) == ("tiny", "test", 4)
    assert (summary["samples_per_task"], summary["infra_errors"]) == (8, 0)
    for phase in ("before", "after"):
        assert 0 <= summary[phase]["pass@1"] <= summary[phase]["pass@8"] <= 1
    assert set(summary["gain"]) == {"pass@1", "ci95"}
    assert {"expert", "warmup", "before", "grpo", "after", "all"} <= set(summary["seconds"])
    assert [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    ranked = codegym(recipe_root, "board", "--folder", str(out))
    assert ranked.returncode == 0, ranked.stderr
    assert "mini-after" in (out / "README.md").read_text()
    assert (out / "index.html").stat().st_size > 2000
    again = codegym(recipe_root, "train", str(config), "--out", str(out), "--resume", "--json")
    assert json.loads(again.stdout) == summary
