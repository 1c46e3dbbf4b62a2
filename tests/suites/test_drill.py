"""Drill is graded like any other suite: the gold patch resolves, an empty or a memorising one does not."""

from __future__ import annotations

import gymnasium
import pytest

from codegym.episode import Outcome, TestStatus
from codegym.grade.grade import grade, grade_empty, grade_gold
from codegym.sandbox.backend import backend
from codegym.suite import load_suite
from tests.generator.modules import memorising, patch_to

DRILL = load_suite("drill")
BWRAP = backend("bwrap")
SAMPLE = [
    "d1-000101", "d1-800102", "d1-900103", "d2-000104", "d2-900105", "d3-000106", "d3-900107", "d4-000108",
    "d4-900109", "d5-000110", "d5-800111", "d5-900112",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_gold_resolves_and_neither_nothing_nor_memory_does(name: str) -> None:
    task = DRILL.task(name)
    gold = grade_gold(DRILL, task, backend=BWRAP, cache=None)
    assert gold.outcome is Outcome.RESOLVED, gold.detail
    assert gold.unproven == 0
    empty = grade_empty(DRILL, task, backend=BWRAP, cache=None)
    assert empty.outcome is Outcome.UNRESOLVED, empty.detail
    assert TestStatus.PASSED not in empty.fail_to_pass.values()
    assert set(empty.pass_to_pass.values()) <= {TestStatus.PASSED}
    cheat = grade(DRILL, task, patch_to(task, memorising(task)), backend=BWRAP, cache=None)
    assert cheat.outcome in (Outcome.UNRESOLVED, Outcome.TAMPERED), cheat.detail


def test_gymnasium_draws_a_new_task_for_each_seed() -> None:
    env = gymnasium.make("codegym/drill-v3", split="train-d2")
    drawn = {env.reset(seed=seed)[1]["task"] for seed in range(5)}
    assert len(drawn) == 5
    assert {task_id[:3] for task_id in drawn} == {"d2-"}
    again = env.reset(seed=3)[1]["task"]
    assert again in drawn
    _, info = env.reset(options={"task": "d2-654321"})
    assert info["task"] == "d2-654321"
    env.close()
