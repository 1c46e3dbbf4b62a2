"""Makes banks for tests, without running any form in a box."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from string import ascii_lowercase

from codegym.grade.exam import Examiner, Sheet
from codegym.grade.form.bank import Bank, Form, Kind, Place
from codegym.grade.form.edit import Edit
from codegym.sandbox.protocol import File
from codegym.task import TestPlan

PATHS = ("tests/test_a.py", "tests/test_b.py")
SLOT = 10
"""Each place of such a bank has ten bytes of its file to itself."""


def text(places: int) -> dict[str, File]:
    return {path: File(b"." * SLOT * (places + 1)) for path in PATHS}


def place(number: int, *forms: Sequence[int], kind: Kind = Kind.VALUE, **fields: object) -> Place:
    """Return a place at the slot ``number``; each of ``forms`` lists the tests that it makes fail."""
    edits = [(Edit(number * SLOT, number * SLOT + 1, letter),) for letter in ascii_lowercase]
    made = tuple(Form(edits=edit, fails=tuple(fails)) for edit, fails in zip(edits, forms, strict=False))
    return Place(path=PATHS[number % 2], kind=kind, forms=made, **fields)


def names(count: int) -> tuple[str, ...]:
    return tuple(f"{PATHS[n % 2]}::test_{n}" for n in range(count))


def bank_of_places(tests: int, places: Sequence[Place], seconds: float = 0.01, core: float | None = None) -> Bank:
    core_seconds = seconds if core is None else core
    return Bank(key="k", tests=names(tests), places=tuple(places), seconds=seconds, core_seconds=core_seconds)


def made_up(chance: Random, *, apart: bool = False) -> Bank:
    """Draw a bank of up to 12 tests. If ``apart``, no two places fail the same test."""
    tests = chance.randint(1, 12)
    left, places = list(range(tests)), []
    for number in range(chance.randint(1, 16)):
        few = chance.sample(left, min(len(left), chance.randint(1, 3)))
        if not few:
            break
        left = [test for test in left if test not in few] if apart else left
        kind = chance.choice(list(Kind))
        forms = [few if apart else few[: chance.randint(1, 3)] for _ in range(chance.randint(2, 4))]
        places.append(place(number, *forms, kind=kind, fails_unpatched=chance.random() < 0.3))
    return bank_of_places(tests, places, chance.choice([0.01, 0.1, 0.2, 1.0, 9.0]))


def examiner_of(bank: Bank, chance: Random, framework: str = "pytest", core: int = 1) -> Examiner:
    """Return an examiner whose first ``core`` tests are fail-to-pass tests."""
    plan = TestPlan(
        framework=framework,
        command="run",
        fail_to_pass=bank.tests[:core],
        pass_to_pass=bank.tests[core:],
    )
    return Examiner(bank, plan, text(len(bank.places)), chance)


def rights(sheets: Sequence[Sheet], test: str) -> list[int]:
    """Return the numbers of the sheets in which ``test`` must pass."""
    return [n for n, sheet in enumerate(sheets) if test in sheet.ids and test not in sheet.must_fail]


def wrongs(sheets: Sequence[Sheet], test: str) -> list[int]:
    """Return the numbers of the sheets in which ``test`` must fail."""
    return [n for n, sheet in enumerate(sheets) if test in sheet.must_fail]
