"""One exam: which forms of the deciding tests are run for a grade, and what their results say.

An exam has a few *sheets*. A sheet is a run of the tests in which each examined test stands in one form: right
(it must pass) or wrong (it must fail), as chance has it, and each is right in one sheet at least and wrong in
another. A process sees one sheet only, and cannot tell what is asked of it: whoever passes what must fail is
answered by what the tests say, not by what the code does.

How many sheets and tests there are depends on the time that the tests take. One sheet holds all tests, the others
only those that are examined. In which sheets a test is right is drawn from all choices but none and all: whoever
knows the order of the sheets cannot know it either, nor can it be counted which form is the original.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from codegym.grade.form.bank import AWAITED, Bank, Form, Kind, Place
from codegym.grade.form.edit import Edit, edited, overlap
from codegym.sandbox.protocol import File
from codegym.task import TestPlan

MOST_SHEETS = 4
SPARE, LEAST_SPARE, LEAST_SPARE_OF_PROGRAMS = 0.2, 0.5, 1.2
"""Further sheets may take this part of the time of all tests, or so many seconds; more where each is a build."""
_RATHER = 0.85
"""How often a test is examined at the check at which the unpatched tree fails, and how often at a sealed one."""
LEAST_SHEETS = 3
"""Of these a check that awaits an exception is wrong in two at least: one other exception means nothing."""
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
    names: Mapping[str, str] = field(default_factory=dict)
    """What tests are called in these files, if not by their ids."""


class Setter:
    """Sets exams for one task: ``files`` are the test files as they are, by path."""

    def __init__(self, bank: Bank, plan: TestPlan, files: Mapping[str, File], chance: Random) -> None:
        self.bank, self.plan, self.files, self.chance = bank, plan, files, chance
        self.ids = plan.deciding
        self._numbers = {test: n for n, test in enumerate(bank.tests)}
        self._places: dict[str, list[Place]] = defaultdict(list)
        for place in bank.places:
            for test in {bank.tests[n] for n in tests_of(place)}:
                self._places[test].append(place)

    def exam(self) -> list[Sheet]:
        """Draw the sheets of one exam, in the order in which they are to be run."""
        count, examined = self._extent()
        places = self._chosen(examined)
        drawn: list[list[Active]] = [[] for _ in range(count)]
        for group in self._groups(places):
            for number, active in self._spread(group, count):
                drawn[number].append(active)
        touched = {self.bank.tests[n] for active in drawn for each in active for n in each.form.fails}
        others = tuple(test for test in self.ids if test in examined or test in touched)
        sheets = [self.sheet(active, others if n else self.ids) for n, active in enumerate(drawn)]
        self.chance.shuffle(sheets)
        return [sheet for sheet in sheets if sheet.ids]

    def sheet(self, active: Sequence[Active], ids: Iterable[str]) -> Sheet:
        """Return the sheet of ``ids`` with the forms in ``active``.

        All files that a form might change are written, so that none is seen to be older than another.
        """
        edits: dict[str, list[Edit]] = {place.path: [] for place in self.bank.places}
        edits |= {path: list(base) for path, base in self.bank.bases.items()}
        changed = {each.place for each in active}
        for place in self.bank.places:
            if place.right and place not in changed:
                edits.setdefault(place.path, []).extend(place.right)
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
        return Sheet(laid, asked, tuple(active), wrong, self.bank.aliases)

    def calm(self, suspects: Sequence[Active]) -> list[Sheet]:
        """Return whole sheets with at most one wrong place: none, then each of ``suspects``, then a few others."""
        core = [test for test in self.plan.fail_to_pass if test in self._places] or list(self._places)
        drawn = self.chance.sample(core, min(_CALM, len(core)))
        places = dict.fromkeys(self._one_of(self._places[test]) for test in drawn)
        forms = [(place, self.chance.sample(place.forms, 1 + (place.kind in AWAITED))) for place in places]
        others = (Active(place, form) for place, drawn_forms in forms for form in drawn_forms)
        return [self.sheet([], self.ids), *(self.sheet([each], self.ids) for each in (*suspects, *others))]

    def _extent(self) -> tuple[int, frozenset[str]]:
        """Return the number of sheets, and the tests that are examined."""
        whole, known = self.bank.seconds, self.bank.examinable
        core = [test for test in self.plan.fail_to_pass if test in known]
        if self.plan.framework != "pytest":
            spare = max(LEAST_SPARE_OF_PROGRAMS, SPARE * whole)
            return self._sheets(whole, spare), known.intersection(self.ids)
        spare = max(LEAST_SPARE, SPARE * whole)
        if whole - self.bank.core_seconds <= whole / 4:
            core, seconds = [test for test in self.ids if test in known], whole
        else:
            seconds = self.bank.core_seconds
        self.chance.shuffle(core)
        count = self._sheets(seconds, spare)
        if (LEAST_SHEETS - 1) * seconds > spare and core:
            core = core[: max(1, int(len(core) * spare / seconds / (LEAST_SHEETS - 1)))]
            seconds = spare / (LEAST_SHEETS - 1)
        left = max(0.0, spare - (count - 1) * seconds) / (count - 1)
        kept = [test for test in self.ids if test in known and test not in set(core)]
        more = int(len(kept) * left / whole) if whole else len(kept)
        return count, frozenset([*core, *self.chance.sample(kept, min(len(kept), max(1, more)))])

    @staticmethod
    def _sheets(seconds: float, spare: float) -> int:
        return MOST_SHEETS if (MOST_SHEETS - 1) * seconds <= spare else LEAST_SHEETS

    def _chosen(self, examined: frozenset[str]) -> list[Place]:
        """Draw a place at which each test is examined, unless another test's place makes it fail as well."""
        chosen: list[Place] = []
        covered: set[int] = set()
        waiting = sorted(examined)
        self.chance.shuffle(waiting)
        for test in waiting:
            options = [] if self._numbers[test] in covered else list(self._places.get(test, []))
            apart = [place for place in options if not covered & tests_of(place)]
            options = apart or (options if self.plan.framework == "pytest" else [])
            while options:
                place = self._one_of(options)
                options.remove(place)
                if not any(place.path == each.path and _overlap(place, each) for each in chosen):
                    chosen.append(place)
                    covered |= tests_of(place)
                    break
        return chosen

    def _one_of(self, options: Sequence[Place]) -> Place:
        """Draw a place: first one at which the unpatched tree fails; otherwise rather a sealed one."""
        for wanted in (lambda place: place.fails_unpatched, lambda place: place.kind is Kind.VALUE):
            liked = [place for place in options if wanted(place)]
            options = liked if liked and self.chance.random() < _RATHER else options
        return self.chance.choice(options)

    @staticmethod
    def _groups(places: Sequence[Place]) -> list[list[Place]]:
        """Divide places into groups that share tests; what is in one group is right in the same sheet."""
        groups: list[tuple[set[int], list[Place]]] = []
        for place in places:
            tests = tests_of(place)
            apart = [group for group in groups if not group[0] & tests]
            joined = [group for group in groups if group[0] & tests]
            whole = tests.union(*(group[0] for group in joined))
            groups = [*apart, (whole, [place, *(each for group in joined for each in group[1])])]
        return [group[1] for group in groups]

    def _spread(self, group: Sequence[Place], count: int) -> list[tuple[int, Active]]:
        """Draw the sheets in which a group is right, and those in which each of its places is wrong.

        No test is wrong at two places of one sheet, which could make up for each other. So each place gets one
        sheet first if it makes further tests fail, and then all get as many as are left. A place for which that
        leaves no sheet is not used in this exam.
        """
        taken: dict[int, set[int]] = {number: set() for number in self._wrong_sheets(group, count)}
        failing: set[int] = set()
        drawn: list[tuple[Place, list[Form], list[int]]] = []
        for place in self.chance.sample(group, len(group)):
            forms = self._in_order(place, failing)
            numbers = [] if failing.issuperset(forms[0].fails) else self._take(place, taken, 1)
            failing.update(forms[0].fails if numbers else ())
            drawn.append((place, forms, numbers))
        spread: list[tuple[int, Active]] = []
        for place, forms, numbers in drawn:
            numbers.extend(self._take(place, taken, count))
            spread += [(number, Active(place, forms[turn % len(forms)])) for turn, number in enumerate(numbers)]
        return spread

    def _wrong_sheets(self, group: Sequence[Place], count: int) -> list[int]:
        """Draw some of the sheets, neither none nor all, each choice as likely as any other.

        So whoever knows the order of the sheets, or tosses a coin in each, passes as seldom as can be.
        """
        least = max(min(len(group), count - 1), 2 if any(place.kind in AWAITED for place in group) else 1)
        choices = [n for n in range(1, 2**count - 1) if n.bit_count() >= least]
        drawn = self.chance.choice(choices)
        return [number for number in range(count) if drawn >> number & 1]

    def _in_order(self, place: Place, failing: set[int]) -> list[Form]:
        """Return the forms that a place takes in turn, first one that fails most tests beside ``failing``.

        It is one form, so that no other occurs more often; of exceptions it takes several to mean anything.
        """
        forms = self.chance.sample(place.forms, len(place.forms))
        forms.sort(key=lambda form: -len(failing.union(form.fails)))
        return forms if place.kind in AWAITED else forms[:1]

    def _take(self, place: Place, taken: dict[int, set[int]], most: int) -> list[int]:
        """Draw up to ``most`` sheets in which no test of ``place`` is wrong so far, and note that it is now."""
        tests = tests_of(place)
        free = [number for number, others in taken.items() if not others & tests]
        numbers = self.chance.sample(free, min(len(free), max(0, most)))
        for number in numbers:
            taken[number] |= tests
        return numbers


def tests_of(place: Place) -> set[int]:
    """Return the numbers of the tests that some form of a place makes fail."""
    return {n for form in place.forms for n in form.fails}


def _overlap(one: Place, other: Place) -> bool:
    return any(overlap(a.edits, b.edits) for a in one.forms for b in other.forms)
