"""Every kata is sound: its own solution resolves it, and doing nothing does not."""

from __future__ import annotations

import pytest

from codegym.episode import Outcome, TestStatus
from codegym.grade.grade import grade_empty, grade_gold
from codegym.sandbox.backend import backend
from codegym.suite import load_suite

KATA = load_suite("kata")
BWRAP = backend("bwrap")
PASSED = TestStatus.PASSED


@pytest.mark.parametrize("name", list(KATA.tasks))
def test_gold_resolves_and_nothing_does_not(name: str) -> None:
    task = KATA.task(name)
    gold = grade_gold(KATA, task, backend=BWRAP, cache=None)
    assert gold.outcome is Outcome.RESOLVED, gold.detail
    empty = grade_empty(KATA, task, backend=BWRAP, cache=None)
    assert empty.outcome is Outcome.UNRESOLVED, empty.detail
    assert PASSED not in empty.fail_to_pass.values()
    assert set(empty.pass_to_pass.values()) <= {PASSED}


def test_kinds_and_languages_are_mixed() -> None:
    kinds: dict[str, set[str]] = {}
    for task in KATA.tasks.values():
        kinds.setdefault(task.metadata["kind"], set()).add(task.metadata["language"])
    assert set(kinds) == {"bug", "implement", "compile", "performance", "refactor", "upgrade"}
    alone = {"refactor", "upgrade"}
    assert all(len(languages) >= 2 for kind, languages in kinds.items() if kind not in alone)
    for split in KATA.splits:
        assert {task.metadata["language"] for task in KATA.split(split)} == {"python", "c", "javascript"}


@pytest.mark.parametrize("name", list(KATA.tasks))
def test_visible_tests_are_not_the_hidden_ones(name: str) -> None:
    plan = KATA.task(name).tests
    assert plan.visible
    assert plan.hidden is not None
    assert not set(plan.visible) & set(plan.fail_to_pass)
