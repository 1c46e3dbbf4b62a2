"""Draws exams: which forms of the deciding tests are run for a grade.

An exam has three or four *sheets*. A sheet is one run of the tests, with each examined test in one form: a right
form, in which the test must pass, or a wrong one, in which it must fail. Chance decides which, but each examined
test is right in at least one sheet and wrong in at least one. A process sees a single sheet and cannot tell which
form it has. So code that passes a test in a wrong form is caught by the result alone.

The number of sheets and of examined tests depends on the time that the tests take. One sheet has all tests, the
others have only the examined ones. The sheets in which a test is right are any choice except none and all. So
neither the order of the sheets nor counting how often a form occurs tells which form is the original.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from codegym.grade.form.bank import AWAITED, Bank, Form, Kind, Place
from codegym.grade.form.edit import Edit, apply_edits, overlap
from codegym.sandbox.protocol import File
from codegym.task import TestPlan

MOST_SHEETS = 4
"""With four sheets code that guesses passes in one of fourteen grades."""
LEAST_SHEETS = 3
"""An awaited exception is right in one sheet and wrong in two: one other exception proves nothing."""
SPARE = 0.2
"""The further sheets together may take this fraction of the time that one run of all tests takes."""
LEAST_SPARE = 0.5
"""Or half a second if that is more: quick tests are examined in four sheets."""
LEAST_SPARE_OF_PROGRAMS = 1.2
"""For programs it is more, since each of their sheets is a build."""
_PREFERENCE = 0.85
"""How often a better place is preferred. Not always, or code could foresee which form is drawn."""
_CALM_TESTS = 3
"""After a disturbed exam each examined test costs a run of all tests, so only a few are examined."""


class ActiveForm(NamedTuple):
    """A wrong form in a sheet, and its place."""

    place: Place
    form: Form


@dataclass(frozen=True)
class Sheet:
    """One run of an exam: files to lay over the workspace, tests to run, and the wrong forms in the files."""

    files: dict[str, File]
    ids: tuple[str, ...]
    forms: tuple[ActiveForm, ...] = ()
    must_fail: Mapping[str, tuple[ActiveForm, ...]] = field(default_factory=dict)
    """Maps each test that must fail to the forms that make it fail. All other tests must pass."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Maps tests to their names in these files, if those are not their ids."""


class Examiner:
    """Draws exams for one task. ``files`` maps paths to the original test files."""

    def __init__(self, bank: Bank, plan: TestPlan, files: Mapping[str, File], chance: Random) -> None:
        self.bank, self.plan, self.files, self.chance = bank, plan, files, chance
        self.ids = plan.deciding
        self._numbers = {test: n for n, test in enumerate(bank.tests)}
        self._places: dict[str, list[Place]] = defaultdict(list)
        for place in bank.places:
            for test in {bank.tests[n] for n in test_numbers(place)}:
                self._places[test].append(place)

    def draw_exam(self) -> list[Sheet]:
        """Draw the sheets of one exam, in the order in which they are to be run."""
        count, examined = self._draw_extent()
        places = self._draw_places(examined)
        forms: list[list[ActiveForm]] = [[] for _ in range(count)]
        for group in self._groups(places):
            for number, form in self._draw_wrong_forms(group, count):
                forms[number].append(form)
        affected = {self.bank.tests[n] for sheet_forms in forms for each in sheet_forms for n in each.form.fails}
        some_ids = tuple(test for test in self.ids if test in examined or test in affected)
        sheets = [
            self.make_sheet(sheet_forms, some_ids if number else self.ids)
            for number, sheet_forms in enumerate(forms)
        ]
        self.chance.shuffle(sheets)
        return [sheet for sheet in sheets if sheet.ids]

    def make_sheet(self, forms: Sequence[ActiveForm], ids: Iterable[str]) -> Sheet:
        """Return the sheet in which the tests ``ids`` are run with the wrong ``forms``.

        Every file with a place is written, changed or not, so that its age does not reveal whether it was changed.
        """
        edits: dict[str, list[Edit]] = {place.path: [] for place in self.bank.places}
        edits |= {path: list(base) for path, base in self.bank.bases.items()}
        wrong_places = {each.place for each in forms}
        for place in self.bank.places:
            if place.right and place not in wrong_places:
                edits.setdefault(place.path, []).extend(place.right)
        must_fail: dict[str, tuple[ActiveForm, ...]] = {}
        tests = tuple(ids)
        for each in forms:
            edits.setdefault(each.place.path, []).extend(each.form.edits)
            for test in {self.bank.tests[n] for n in each.form.fails} & set(tests):
                must_fail[test] = (*must_fail.get(test, ()), each)
        originals = {path: self.files[path] for path in edits if path in self.files}
        files = {
            path: File(apply_edits(file.content, edits[path]), executable=file.executable)
            for path, file in originals.items()
        }
        return Sheet(files, tests, tuple(forms), must_fail, self.bank.aliases)

    def calm_sheets(self, suspects: Sequence[ActiveForm]) -> list[Sheet]:
        """Return sheets of all tests: one without a wrong form, then sheets with a single wrong form each.

        These forms are ``suspects``, then forms at the places of a few tests drawn at random.
        """
        core = [test for test in self.plan.fail_to_pass if test in self._places] or list(self._places)
        tests = self.chance.sample(core, min(_CALM_TESTS, len(core)))
        places = dict.fromkeys(self._draw_place(self._places[test]) for test in tests)
        drawn = [(place, self.chance.sample(place.forms, 1 + (place.kind in AWAITED))) for place in places]
        others = (ActiveForm(place, form) for place, forms in drawn for form in forms)
        return [
            self.make_sheet([], self.ids),
            *(self.make_sheet([form], self.ids) for form in (*suspects, *others)),
        ]

    def _draw_extent(self) -> tuple[int, frozenset[str]]:
        """Return the number of sheets and the tests to examine: as many as the spare time allows.

        Under pytest these are fail-to-pass tests and at least one other test. If the fail-to-pass tests take
        nearly as long as all tests together, any tests may be drawn.
        """
        whole_seconds, examinable = self.bank.seconds, self.bank.examinable
        core = [test for test in self.plan.fail_to_pass if test in examinable]
        if self.plan.framework != "pytest":
            spare = max(LEAST_SPARE_OF_PROGRAMS, SPARE * whole_seconds)
            return self._sheet_count(whole_seconds, spare), examinable.intersection(self.ids)
        spare = max(LEAST_SPARE, SPARE * whole_seconds)
        if whole_seconds - self.bank.core_seconds <= whole_seconds / 4:
            core, seconds = [test for test in self.ids if test in examinable], whole_seconds
        else:
            seconds = self.bank.core_seconds
        self.chance.shuffle(core)
        count = self._sheet_count(seconds, spare)
        if (LEAST_SHEETS - 1) * seconds > spare and core:
            core = core[: max(1, int(len(core) * spare / seconds / (LEAST_SHEETS - 1)))]
            seconds = spare / (LEAST_SHEETS - 1)
        unused = max(0.0, spare - (count - 1) * seconds) / (count - 1)
        others = [test for test in self.ids if test in examinable and test not in set(core)]
        more = int(len(others) * unused / whole_seconds) if whole_seconds else len(others)
        return count, frozenset([*core, *self.chance.sample(others, min(len(others), max(1, more)))])

    @staticmethod
    def _sheet_count(seconds: float, spare: float) -> int:
        """Return the number of sheets if one further sheet takes ``seconds``, and all may take ``spare``."""
        return MOST_SHEETS if (MOST_SHEETS - 1) * seconds <= spare else LEAST_SHEETS

    def _draw_places(self, examined: frozenset[str]) -> list[Place]:
        """Draw a place for each examined test, except if the place of another test makes it fail as well."""
        chosen: list[Place] = []
        tests_of_chosen: set[int] = set()
        waiting = sorted(examined)
        self.chance.shuffle(waiting)
        for test in waiting:
            options = [] if self._numbers[test] in tests_of_chosen else list(self._places.get(test, []))
            separate = [place for place in options if not tests_of_chosen & test_numbers(place)]
            options = separate or (options if self.plan.framework == "pytest" else [])
            while options:
                place = self._draw_place(options)
                options.remove(place)
                if not any(place.path == each.path and _places_overlap(place, each) for each in chosen):
                    chosen.append(place)
                    tests_of_chosen |= test_numbers(place)
                    break
        return chosen

    def _draw_place(self, options: Sequence[Place]) -> Place:
        """Draw a place: preferably one at which the unpatched tree fails, and preferably one with a literal."""
        for is_preferred in (lambda place: place.fails_unpatched, lambda place: place.kind is Kind.VALUE):
            preferred = [place for place in options if is_preferred(place)]
            options = preferred if preferred and self.chance.random() < _PREFERENCE else options
        return self.chance.choice(options)

    @staticmethod
    def _groups(places: Sequence[Place]) -> list[list[Place]]:
        """Divide places into groups, so that two places that fail the same test are in one group.

        All places of a group are right in the same sheets.
        """
        groups: list[tuple[set[int], list[Place]]] = []
        for place in places:
            tests = test_numbers(place)
            separate = [group for group in groups if not group[0] & tests]
            joined = [group for group in groups if group[0] & tests]
            all_tests = tests.union(*(group[0] for group in joined))
            groups = [*separate, (all_tests, [place, *(each for group in joined for each in group[1])])]
        return [group[1] for group in groups]

    def _draw_wrong_forms(self, group: Sequence[Place], count: int) -> list[tuple[int, ActiveForm]]:
        """Draw the sheets in which each place of ``group`` is wrong, and its form there.

        No test is wrong at two places of one sheet: one could hide the other. So each place first gets one sheet
        if it makes further tests fail; then the places share the sheets that remain. A place that gets no sheet is
        not used in this exam.
        """
        wrong_tests: dict[int, set[int]] = {number: set() for number in self._draw_wrong_sheets(group, count)}
        failing: set[int] = set()
        drawn: list[tuple[Place, list[Form], list[int]]] = []
        for place in self.chance.sample(group, len(group)):
            forms = self._draw_forms(place, failing)
            numbers = [] if failing.issuperset(forms[0].fails) else self._take_sheets(place, wrong_tests, 1)
            failing.update(forms[0].fails if numbers else ())
            drawn.append((place, forms, numbers))
        spread: list[tuple[int, ActiveForm]] = []
        for place, forms, numbers in drawn:
            numbers.extend(self._take_sheets(place, wrong_tests, count))
            spread += [(number, ActiveForm(place, forms[n % len(forms)])) for n, number in enumerate(numbers)]
        return spread

    def _draw_wrong_sheets(self, group: Sequence[Place], count: int) -> list[int]:
        """Draw the sheets in which ``group`` is wrong: neither none nor all, each choice equally likely.

        So code that knows the order of the sheets, or guesses in each of them, passes as rarely as possible.
        """
        least = max(min(len(group), count - 1), 2 if any(place.kind in AWAITED for place in group) else 1)
        choices = [n for n in range(1, 2**count - 1) if n.bit_count() >= least]
        drawn = self.chance.choice(choices)
        return [number for number in range(count) if drawn >> number & 1]

    def _draw_forms(self, place: Place, failing: set[int]) -> list[Form]:
        """Return the forms that ``place`` has in its wrong sheets, in turn.

        It is a single form, one that fails most tests beside ``failing``, so that no form is rarer than another.
        At an awaited exception it is all forms, since a single one proves nothing.
        """
        forms = self.chance.sample(place.forms, len(place.forms))
        forms.sort(key=lambda form: -len(failing.union(form.fails)))
        return forms if place.kind in AWAITED else forms[:1]

    def _take_sheets(self, place: Place, wrong_tests: dict[int, set[int]], most: int) -> list[int]:
        """Draw up to ``most`` sheets in which no test of ``place`` is wrong yet, and mark its tests there.

        ``wrong_tests`` maps the number of each sheet to the tests that are wrong in it.
        """
        tests = test_numbers(place)
        free = [number for number, others in wrong_tests.items() if not others & tests]
        numbers = self.chance.sample(free, min(len(free), max(0, most)))
        for number in numbers:
            wrong_tests[number] |= tests
        return numbers


def test_numbers(place: Place) -> set[int]:
    """Return the numbers of the tests that the forms of ``place`` make fail."""
    return {n for form in place.forms for n in form.fails}


def _places_overlap(one: Place, other: Place) -> bool:
    return any(overlap(a.edits, b.edits) for a in one.forms for b in other.forms)
