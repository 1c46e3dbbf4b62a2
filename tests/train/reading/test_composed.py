"""Families that are made up: each has tasks, whose reference solution the visible and hidden calls tell apart."""

import random

import pytest

from codegym.generator.family import load_families
from codegym.generator.make import task_of
from codegym.suite import load_suite
from codegym.task import Task
from codegym.train.reading.composed import compose
from tests.generator.modules import broken, failed_tests, hidden_tests, repaired, visible_tests

DRILL = load_suite("drill")
LIBRARY = load_families(DRILL.root, DRILL.env_id).library


def task(seed: int) -> Task | None:
    family = compose(random.Random(seed))
    return task_of(LIBRARY, family, DRILL.task("d1-000000").source, f"composed-{seed}")


@pytest.mark.parametrize("seed", range(40))
def test_a_task_fails_with_its_fault_and_passes_without(seed: int) -> None:
    drawn = task(seed)
    assert drawn is not None
    for tests in (visible_tests(drawn), hidden_tests(drawn)):
        assert failed_tests(broken(drawn), tests)
        assert failed_tests(repaired(drawn), tests) == []


def test_a_seed_gives_the_same_task() -> None:
    assert task(3) == task(3)
    assert task(3) != task(4)


def test_docstrings_have_no_mark_left() -> None:
    for seed in range(300):
        text = compose(random.Random(seed)).code
        assert not any(mark in text for mark in ("@", "~", "!", "#", "&")), text


def test_none_is_a_family_of_the_suite() -> None:
    bodies = {"\n".join(family.lines) for family in LIBRARY.family}
    assert bodies.isdisjoint("\n".join(compose(random.Random(seed)).lines) for seed in range(2000))
