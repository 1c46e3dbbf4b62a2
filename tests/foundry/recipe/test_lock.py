import shutil
from pathlib import Path

import pytest

from codegym.episode import Outcome
from codegym.errors import TaskError
from codegym.foundry.certify.certify import certify
from codegym.foundry.recipe.build import build
from codegym.foundry.recipe.lock import Lock, read_lock
from codegym.foundry.recipe.make_lock import lock
from codegym.sandbox.backend import backend
from codegym.suite import load_suite
from codegym.task import Task


@pytest.fixture(scope="module")
def forged(recipe_root: Path) -> Lock:
    """The lock made from the recipe by running mutants in boxes."""
    bwrap = backend("bwrap")
    run = next(c for c in bwrap.capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    return lock(recipe_root, bwrap)


@pytest.fixture(scope="module")
def tasks(forged: Lock) -> list[Task]:
    lines = (build("tiny") / "tasks.jsonl").read_text().splitlines()
    return [Task.model_validate_json(line) for line in lines]


def test_the_lock_reads_back(forged: Lock, recipe_root: Path) -> None:
    assert read_lock(recipe_root / "lock.jsonl") == forged
    assert len(forged.tasks) == 4
    assert len({task.id for task in forged.tasks}) == 4


def test_tasks_break_some_tests_and_leave_some(tasks: list[Task]) -> None:
    for task in tasks:
        assert task.tests.fail_to_pass
        assert task.tests.pass_to_pass
        assert not set(task.tests.fail_to_pass) & set(task.tests.pass_to_pass)


def test_the_instruction_says_what_fails_and_not_where(tasks: list[Task]) -> None:
    for task in tasks:
        assert task.tests.fail_to_pass[0] in task.instruction
        assert "src/abacus" not in task.instruction
        assert str(task.metadata["operator"]) not in task.instruction


def test_a_rebuild_gives_the_same_bytes(tasks: list[Task], forged: Lock) -> None:
    folder = build("tiny")
    first = (folder / "tasks.jsonl").read_bytes()
    shutil.rmtree(folder)
    assert (build("tiny") / "tasks.jsonl").read_bytes() == first
    assert [task.digest for task in tasks] == [task.digest for task in forged.tasks]


def test_a_lock_that_says_otherwise_is_refused(tasks: list[Task], recipe_root: Path) -> None:
    path = recipe_root / "lock.jsonl"
    text = path.read_text()
    try:
        path.write_text(text.replace(tasks[-1].digest, "0" * 64))
        with pytest.raises(TaskError, match=tasks[-1].id):
            build("tiny")
    finally:
        path.write_text(text)


def test_certificates_hold(tasks: list[Task]) -> None:
    seen: list[tuple[str, int, int]] = []
    found = certify(load_suite("tiny"), progress=lambda *step: seen.append(step))
    assert found.holds
    assert (found.tasks, found.gold_resolved, found.empty_resolved, found.flaky) == (4, 4, 0, 0)
    assert seen[-1] == ("certifying tiny", 4, 4)


def test_a_task_that_lies_gets_no_certificate(tasks: list[Task]) -> None:
    liar = tasks[0].model_copy(update={"gold_patch": ""})
    found = certify(load_suite("tiny"), tasks=[liar], repeats=1)
    assert not found.holds
    assert found.results[0].gold is Outcome.UNRESOLVED
    assert "gold patch" in found.results[0].why


def test_a_suite_that_keeps_its_tasks_is_not_built() -> None:
    with pytest.raises(TaskError, match="nothing to build"):
        build("kata")
