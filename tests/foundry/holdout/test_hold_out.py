"""What is hidden of a draft's tests, in a real box, and the tests that are made where there are too few."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codegym.episode import TestStatus
from codegym.foundry.holdout.hold_out import HoldOut, hold_out
from codegym.foundry.holdout.open_project import Noticed, OpenProject
from codegym.foundry.holdout.run_changed import run_changed
from codegym.foundry.record.record import Boundary
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import File, Sandbox, Tree
from codegym.task import Limits, TestPlan
from codegym.tree import store_tree
from tests.foundry.repositories import PYTHON

SOURCE, TESTS = "src/ledger/__init__.py", "tests/test_ledger.py"
FILES = {path: File(text.encode()) for path, text in PYTHON.items()}
PLAN = TestPlan(framework="pytest", fail_to_pass=(), command="--override-ini=pythonpath=src")
NAMES = (
    "parse", "parse_below_nothing", "split", "split_evenly", "total", "total_of_nothing", "largest",
    "largest_of_one",
)  # fmt: skip
IDS = tuple(f"{TESTS}::test_{name}" for name in NAMES)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    bwrap = backend("bwrap")
    run = next(c for c in bwrap.capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    tree = store_tree(FILES)
    with bwrap.open(Tree((tree,), tree.name), "python", Limits()) as box:
        yield box


def held(
    box: Sandbox, old: str, new: str, function: str, *, is_described: bool = False
) -> tuple[HoldOut, list[str]]:
    """Return what is hidden of the draft that writes ``new`` for ``old``, and the tests that fail with it."""
    changes = {SOURCE: File(FILES[SOURCE].content.replace(old.encode(), new.encode()))}
    opened = OpenProject(box, PLAN, FILES, IDS, 60)
    run = run_changed(box, PLAN, FILES, dict(changes), tests=IDS, seconds=60)
    failed = [test for test in IDS if run.results[test] is TestStatus.FAILED]
    passed = [test for test in IDS if test not in failed]
    noticed = Noticed(failed, passed, "a" * 64, dict(changes), [Boundary(SOURCE, function)], is_described)
    return hold_out(opened, noticed), failed


def test_a_part_of_the_failing_tests_is_hidden_and_examples_are_made(box: Sandbox) -> None:
    (hidden, made_tests), failed = held(box, "* 100 +", "* 10 +", "parse")
    assert any(map(hidden.contains, failed))
    assert not all(map(hidden.contains, failed))
    assert made_tests is not None
    text = hidden.new_files[made_tests.path]
    assert text.startswith('"""What `parse` returns and raises."""\n\nimport ledger\n')
    assert "    assert ledger.parse(" in text
    right = run_changed(box, PLAN, FILES, hidden.added_files, tests=made_tests.ids, seconds=60)
    assert right.passed(made_tests.ids)
    assert TestStatus.FAILED in made_tests.run.results.values()


def test_a_single_failing_test_stays_visible_beside_examples(box: Sandbox) -> None:
    (hidden, made_tests), failed = held(box, "amount > amounts", "amount >= amounts", "largest")
    assert failed == [f"{TESTS}::test_largest"]
    assert hidden.units == ()
    assert made_tests is not None
    assert "ledger.largest([" in made_tests.text


def test_the_examples_are_the_same_every_time(box: Sandbox) -> None:
    drafts = [held(box, "amount > amounts", "amount >= amounts", "largest") for _ in range(2)]
    assert drafts[0][0].hidden == drafts[1][0].hidden


def test_the_box_is_as_it_was(box: Sandbox) -> None:
    assert box.changes() == {} or all(file == FILES.get(path) for path, file in box.changes().items())
