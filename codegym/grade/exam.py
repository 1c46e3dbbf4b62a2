"""One exam: which forms of the deciding tests are run for a grade, and what their results say.

An exam has a few *sheets*. A sheet is a run of the tests in which each examined test stands in one form: right
(it must pass) or wrong (it must fail), as chance has it, and each test is right in one sheet at least and wrong in
another. A process sees one sheet only, knows of no other, and cannot tell what is asked of it: whoever passes
what must fail is answered by what the tests say, not by what the code does.

How many sheets and tests there are depends on the time that the tests take. A first sheet holds all tests, the
others only those that are examined. Of the sheets of an examined place, half hold the original and half one other
form, so that even code that saw all sheets could not count which is which.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from codegym.grade.form.bank import Bank, Form, Kind, Place
from codegym.grade.form.edit import Edit, edited, overlap
from codegym.sandbox.protocol import File
from codegym.task import TestPlan

MOST_SHEETS = 4
SPARE, LEAST_SPARE, LEAST_SPARE_OF_PROGRAMS = 0.2, 0.5, 1.2
"""Further sheets may take this part of the time of all tests, or so many seconds; more where each is a build."""
_AT_THE_FAILURE = 0.8
"""How often a test is examined at the check at which the unpatched tree fails, if that is known."""
_PLACES = 2
"""At so many of its checks a test is examined."""
_CALM = 3
"""So many tests are examined one by one where an exam was disturbed."""


class Active(NamedTuple):
    """A form of a place, as one sheet holds it."""

    place: Place
    form: Form


@dataclass(frozen=True)
class Sheet:
    """Files to lay over the workspace, the tests to run, and the forms in them."""

    files: dict[str, File]
    ids: tuple[str, ...]
    active: tuple[Active, ...] = ()
    wrong: Mapping[str, tuple[Active, ...]] = field(default_factory=dict)
    """The tests that must fail, and the forms that make them fail."""


class Setter:
    """Sets exams for one task: ``files`` are the test files as they are, by path."""

    def __init__(self, bank: Bank, plan: TestPlan, files: Mapping[str, File], chance: Random) -> None:
        self.bank, self.plan, self.files, self.chance = bank, plan, files, chance
        self.ids = tuple(dict.fromkeys((*plan.fail_to_pass, *plan.pass_to_pass)))
        self._places: dict[str, list[Place]] = defaultdict(list)
        for place in bank.places:
            for test in {bank.tests[n] for form in place.forms for n in form.fails}:
                self._places[test].append(place)

    def exam(self) -> list[Sheet]:
        """Draw the sheets of one exam, in the order in which they are to be run."""
        count, examined = self._extent()
        drawn: list[list[Active]] = [[] for _ in range(count)]
        for group in self._groups(self._chosen(examined)):
            for number, active in self._spread(group, count):
                drawn[number].append(active)
        touched = {self.bank.tests[n] for active in drawn for each in active for n in each.form.fails}
        others = tuple(test for test in self.ids if test in examined or test in touched)
        sheets = [self.sheet(active, others if n else self.ids) for n, active in enumerate(drawn)]
        self.chance.shuffle(sheets)
        return [sheet for sheet in sheets if sheet.ids]

    def sheet(self, active: Sequence[Active], ids: Iterable[str]) -> Sheet:
        """Return the sheet of ``ids`` with the forms in ``active``."""
        edits: dict[str, list[Edit]] = {path: list(base) for path, base in self.bank.bases.items()}
        wrong: dict[str, tuple[Active, ...]] = {}
        asked = tuple(ids)
        for each in active:
            edits.setdefault(each.place.path, []).extend(each.form.edits)
            for test in {self.bank.tests[n] for n in each.form.fails} & set(asked):
                wrong[test] = (*wrong.get(test, ()), each)
        files = {path: self.files[path] for path in edits if path in self.files}
        laid = {
            path: File(edited(file.content, edits[path]), executable=file.executable)
            for path, file in files.items()
        }
        return Sheet(laid, asked, tuple(active), wrong)

    def again(self, ids: Iterable[str], active: Active) -> list[Sheet]:
        """Return sheets of ``ids`` with the other forms of the place in ``active``."""
        others = [form for form in active.place.forms if form != active.form]
        return [self.sheet([Active(active.place, form)], ids) for form in others]

    def calm(self, suspects: Sequence[Active]) -> list[Sheet]:
        """Return whole sheets with at most one wrong place: none, then each of ``suspects``, then a few others."""
        core = [test for test in self.plan.fail_to_pass if test in self._places] or list(self._places)
        drawn = self.chance.sample(core, min(_CALM, len(core)))
        places = dict.fromkeys(self._one_of(self._places[test], fresh=True) for test in drawn)
        others = [Active(place, self.chance.choice(place.forms)) for place in places]
        return [self.sheet([], self.ids), *(self.sheet([each], self.ids) for each in (*suspects, *others))]

    def _extent(self) -> tuple[int, frozenset[str]]:
        """Return the number of sheets, and the tests that are examined."""
        whole, core = self.bank.seconds, list(self.plan.fail_to_pass)
        if self.plan.framework != "pytest":
            spare = max(LEAST_SPARE_OF_PROGRAMS, SPARE * whole)
            return self._sheets(whole, spare), frozenset(self.ids)
        spare = max(LEAST_SPARE, SPARE * whole)
        if whole - self.bank.core_seconds <= whole / 4:
            core, seconds = list(self.ids), whole
        else:
            seconds = self.bank.core_seconds
        self.chance.shuffle(core)
        count = self._sheets(seconds, spare)
        if seconds > spare:
            core = core[: max(1, int(len(core) * spare / seconds))]
            seconds = spare
        left = max(0.0, spare - (count - 1) * seconds) / (count - 1)
        kept = [test for test in self.ids if test not in set(core)]
        more = int(len(kept) * left / whole) if whole else len(kept)
        return count, frozenset([*core, *self.chance.sample(kept, min(len(kept), max(1, more)))])

    @staticmethod
    def _sheets(seconds: float, spare: float) -> int:
        return next((n for n in range(MOST_SHEETS, 2, -1) if (n - 1) * seconds <= spare), 2)

    def _chosen(self, examined: frozenset[str]) -> list[Place]:
        """Draw the places at which the tests are examined."""
        chosen: list[Place] = []
        waiting = sorted(examined)
        self.chance.shuffle(waiting)
        for test in waiting:
            known = [place for place in self._places.get(test, []) if place in chosen]
            options = [place for place in self._places.get(test, []) if place not in chosen]
            while options and len(known) < _PLACES:
                place = self._one_of(options, fresh=not known)
                options.remove(place)
                if not any(place.path == each.path and _overlap(place, each) for each in chosen):
                    known.append(place)
                    chosen.append(place)
        return chosen

    def _one_of(self, options: Sequence[Place], *, fresh: bool) -> Place:
        """Draw a place: first one at which the unpatched tree fails; otherwise rather a sealed one."""
        failing = [place for place in options if place.fails_unpatched]
        if fresh and failing and self.chance.random() < _AT_THE_FAILURE:
            return self.chance.choice(failing)
        sealed = [place for place in options if place.kind is Kind.VALUE]
        return self.chance.choice(sealed if sealed and self.chance.random() < _AT_THE_FAILURE else options)

    @staticmethod
    def _groups(places: Sequence[Place]) -> list[list[Place]]:
        """Divide places into groups that share tests; what is in one group is right in the same sheet."""
        groups: list[tuple[set[int], list[Place]]] = []
        for place in places:
            tests = {n for form in place.forms for n in form.fails}
            apart = [group for group in groups if not group[0] & tests]
            joined = [group for group in groups if group[0] & tests]
            whole = tests.union(*(group[0] for group in joined))
            groups = [*apart, (whole, [place, *(each for group in joined for each in group[1])])]
        return [group[1] for group in groups]

    def _spread(self, group: Sequence[Place], count: int) -> list[tuple[int, Active]]:
        """Draw the sheet in which a group is right, and for each place those in which it is wrong.

        No test is wrong at two places of one sheet, which could make up for each other. A place for which that
        leaves no sheet is not used in this exam.
        """
        others = list(range(count))
        others.remove(self.chance.randrange(count))
        taken: dict[int, set[int]] = {number: set() for number in others}
        spread: list[tuple[int, Active]] = []
        for place in self.chance.sample(group, len(group)):
            tests = {n for form in place.forms for n in form.fails}
            free = [number for number in others if not taken[number] & tests]
            numbers = self.chance.sample(free, min(len(free), self._times(place, count)))
            one = self.chance.choice(place.forms)
            forms = self.chance.sample(place.forms, len(place.forms)) if place.kind is Kind.EXCEPTION else [one]
            for turn, number in enumerate(numbers):
                taken[number] |= tests
                spread.append((number, Active(place, forms[turn % len(forms)])))
        return spread

    def _times(self, place: Place, count: int) -> int:
        """Return in how many sheets a place is wrong: half of them, or once for each exception."""
        if place.kind is Kind.EXCEPTION:
            return min(count - 1, len(place.forms))
        return count // 2 + (count % 2) * self.chance.randrange(2)


def _overlap(one: Place, other: Place) -> bool:
    return any(overlap(a.edits, b.edits) for a in one.forms for b in other.forms)
