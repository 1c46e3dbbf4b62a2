"""GRPO's own settings: the optimiser, and a rate that falls with the clock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.train.conftest import GRPO, Train, WriteRun

pytestmark = pytest.mark.train


def rates(run: Path) -> list[float]:
    lines = (run / "phases" / "01-grpo" / "metrics.jsonl").read_text().splitlines()
    return [step["learning_rate"] for step in map(json.loads, lines) if "learning_rate" in step]


def test_the_rate_falls_with_the_clock(train: Train, write_run: WriteRun, model: Path, tmp_path: Path) -> None:
    timed = GRPO.replace("[phase.trl]", 'optimizer = "muon"\nbudget_seconds = 6.0\n[phase.trl]')
    train(write_run(timed.replace("max_steps = 2", "max_steps = 500"), model=model), tmp_path / "run")
    found = rates(tmp_path / "run")
    assert 2 < len(found) < 500
    assert found == sorted(found, reverse=True)
    assert found[-1] < found[0] / 2


def test_a_rate_of_the_runs_own_is_kept(train: Train, write_run: WriteRun, model: Path, tmp_path: Path) -> None:
    own = GRPO.replace("[phase.trl]", 'budget_seconds = 500.0\n[phase.trl]\nlr_scheduler_type = "constant"')
    train(write_run(own, model=model), tmp_path / "run")
    first, second = rates(tmp_path / "run")
    assert first == second
