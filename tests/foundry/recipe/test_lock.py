"""The lock of a recipe: made in boxes, read back, built, and certified."""

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

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made_lock(recipe_root: Path) -> Lock:
    """The lock made from the recipe by running mutants in boxes."""
    bwrap = backend("bwrap")
    run = next(c for c in bwrap.capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    return lock(recipe_root, bwrap)


@pytest.fixture(scope="module")
def tasks(made_lock: Lock) -> list[Task]:
    lines = (build("tiny") / "tasks.jsonl").read_text().splitlines()
    return [Task.model_validate_json(line) for line in lines]


def test_the_lock_reads_back(made_lock: Lock, recipe_root: Path) -> None:
    assert read_lock(recipe_root / "lock.jsonl") == made_lock
    assert len(made_lock.tasks) == 4
    assert len({task.id for task in made_lock.tasks}) == 4


def test_tasks_break_some_tests_and_leave_some(tasks: list[Task]) -> None:
    for task in tasks:
        assert task.tests.fail_to_pass
        assert task.tests.pass_to_pass
        assert not set(task.tests.fail_to_pass) & set(task.tests.pass_to_pass)


def test_the_instruction_names_the_failing_test_and_not_the_bug(tasks: list[Task]) -> None:
    for task in tasks:
        assert task.tests.fail_to_pass[0] in task.instruction
        assert "src/abacus" not in task.instruction
        assert str(task.metadata["operator"]) not in task.instruction


def test_a_rebuild_gives_the_same_bytes(tasks: list[Task], made_lock: Lock) -> None:
    folder = build("tiny")
    first = (folder / "tasks.jsonl").read_bytes()
    shutil.rmtree(folder)
    assert (build("tiny") / "tasks.jsonl").read_bytes() == first
    assert [task.digest for task in tasks] == [task.digest for task in made_lock.tasks]


def test_a_lock_with_a_wrong_digest_is_refused(tasks: list[Task], recipe_root: Path) -> None:
    path = recipe_root / "lock.jsonl"
    text = path.read_text()
    try:
        path.write_text(text.replace(tasks[-1].digest, "0" * 64))
        with pytest.raises(TaskError, match=tasks[-1].id):
            build("tiny")
    finally:
        path.write_text(text)


def test_all_tasks_of_the_lock_are_certified(tasks: list[Task]) -> None:
    steps: list[tuple[str, int, int]] = []
    certificate = certify(load_suite("tiny"), progress=lambda *step: steps.append(step))
    assert certificate.holds
    assert (certificate.tasks, certificate.gold_resolved, certificate.empty_resolved, certificate.flaky) == (
        4,
        4,
        0,
        0,
    )
    assert steps[-1] == ("certifying tiny", 4, 4)


def test_a_task_whose_gold_patch_does_nothing_gets_no_certificate(tasks: list[Task]) -> None:
    liar = tasks[0].model_copy(update={"gold_patch": ""})
    certificate = certify(load_suite("tiny"), tasks=[liar], repeats=1)
    assert not certificate.holds
    assert certificate.results[0].gold is Outcome.UNRESOLVED
    assert "gold patch" in certificate.results[0].why


def test_a_suite_without_a_lock_is_not_built() -> None:
    with pytest.raises(TaskError, match="nothing to build"):
        build("kata")
