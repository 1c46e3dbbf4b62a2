"""Runs whole exams under gold, and drops the places whose forms do not behave there as the bank says.

Each form was tried in a run with other forms than it meets in an exam. If a form fails a test only in the exam, or
a test passes there in a wrong form, a right solution would be accused.
"""

from __future__ import annotations

from random import Random

from codegym.episode import TestStatus
from codegym.grade.exam import Examiner, Sheet
from codegym.grade.form.bank import Bank, Place
from codegym.grade.form.trials import Trials, tests_with_status

_EXAMS = 2
"""One exam uses one place for each test; a second one reaches others. Each costs as much as a grade."""


def rehearse(trials: Trials, bank: Bank, chance: Random) -> Bank:
    """Return ``bank`` without the places that are at fault in exams under gold."""
    for _ in range(_EXAMS):
        for sheet in _examiner(trials, bank, chance).draw_exam():
            culprits = _culprits(trials, bank, sheet, chance)
            if culprits:
                places = tuple(place for place in bank.places if place not in culprits)
                bank = bank.model_copy(update={"places": places})
    return bank


def _culprits(trials: Trials, bank: Bank, sheet: Sheet, chance: Random) -> list[Place]:
    """Return the places without which gold would answer ``sheet`` rightly, found by halving its forms."""
    if not sheet.forms or _is_answered_rightly(trials, sheet):
        return []
    if len(sheet.forms) == 1:
        return [sheet.forms[0].place]
    examiner = _examiner(trials, bank, chance)
    half = len(sheet.forms) // 2
    parts = (sheet.forms[:half], sheet.forms[half:])
    culprits = [
        place for part in parts for place in _culprits(trials, bank, examiner.make_sheet(part, sheet.ids), chance)
    ]
    return culprits or [each.place for each in sheet.forms]


def _is_answered_rightly(trials: Trials, sheet: Sheet) -> bool:
    """Run ``sheet`` under gold; return whether tests pass where they must, and fail where they must."""
    run = trials.room.run(sheet.files, sheet.ids, trials.limit, sheet.aliases)
    tests = trials.passing.intersection(sheet.ids)
    must_pass = tests - sheet.must_fail.keys()
    passed = tests_with_status(run, TestStatus.PASSED)
    return run.complete and must_pass <= passed and (tests - must_pass) <= trials.failed_tests(run)


def _examiner(trials: Trials, bank: Bank, chance: Random) -> Examiner:
    return Examiner(bank, trials.subject.task.tests, trials.files, chance)
