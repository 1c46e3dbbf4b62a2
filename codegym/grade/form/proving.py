"""Makes a task's bank of forms: what a form is worth is found out by running it with the gold patch in place.

Proposed are edits of the checks in the files that decide, in Python also of helpers and fixtures. Each is run
under gold, and kept if tests fail because of it in an orderly run. At last whole exams are run under gold; what
does not do as it should there is dropped. Which checks the unpatched tree fails is read off its own run.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from random import Random

from codegym.digest import digest_bytes, digest_json
from codegym.episode import TestStatus
from codegym.grade.exam import Setter, Sheet
from codegym.grade.form.bank import (
    AWAITED,
    Bank,
    Form,
    Place,
    bank_key,
    remember_bank,
    remembered_bank,
    shipped_bank,
)
from codegym.grade.form.edit import Edit, Edits, edited, overlap
from codegym.grade.form.proposal import Proposal, bases, one_check_more, oracle_proposals, proposals
from codegym.grade.room import CannotLay, Room
from codegym.grade.subject import Subject, kind_of
from codegym.harness.cache import workspace_digest
from codegym.harness.result import TestRun
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import Changes, File
from codegym.tree import file_at, read_tree

_FAILED = (TestStatus.FAILED, TestStatus.ERROR)
_LINE = re.compile(r"([\w.+/-]{1,200}):([0-9]{1,6})\b")
_ENOUGH = 3
"""A test that can be made to fail at so many places needs no others."""
_ALONE = 150
"""At most so many forms are run one by one, where it is not known which test a check belongs to."""
_SECONDS = 60.0
"""Nor does that take longer than this."""
_EXAMS = 2
"""So many exams are run under gold at last."""


def bank_of(subject: Subject) -> Bank:
    """Return the bank of a task: that beside its certificate, or one that was or is made on this machine.

    Without a gold patch nothing can be proven, and the bank is empty.
    """
    key = bank_key(subject.task)
    if subject.gold is None:
        return Bank(key=key, tests=subject.tests)
    shipped = shipped_bank(subject.suite, subject.task)
    if shipped is not None:
        return shipped
    image = image_digest(subject.task.image)
    made_for = digest_json([key, _maker_digest(), subject.tests, image, subject.backend.name])
    kept = remembered_bank(made_for)
    if kept is None:
        kept = prove(subject)
        if not kept.gold_fails:
            remember_bank(made_for, kept)
    return kept


def prove(subject: Subject) -> Bank:
    """Make the bank of a task with a gold patch. Raises :class:`~codegym.errors.SandboxError` if a box fails."""
    bank = Bank(key=bank_key(subject.task), tests=subject.tests)
    changes = {**(subject.gold or {}), **subject.hidden}
    try:
        with Room(subject, changes) as room:
            return _Prover(subject, room, bank, _failing_lines(subject)).bank()
    except CannotLay as error:
        return bank.model_copy(update={"gold_fails": str(error)})


@dataclass
class _Kept:
    """What was kept of one proposal: its forms so far."""

    proposal: Proposal
    forms: list[Form] = field(default_factory=list)


class _Prover:
    """Makes one bank. ``failing`` are the lines, by file, at which the unpatched tree fails."""

    def __init__(self, subject: Subject, room: Room, bank: Bank, failing: Mapping[str, frozenset[int]]) -> None:
        self.subject, self.room, self._bank, self.failing = subject, room, bank, failing
        self.numbers = {test: n for n, test in enumerate(bank.tests)}
        self.chance = Random(bank.key)  # noqa: S311 - which of these is drawn is decided by each exam
        self.files = {**subject.deciding_files, **subject.helper_files}
        self.kept: dict[int, _Kept] = {}
        self.passing: frozenset[str] = frozenset()
        self.memory = _memory(_gold_key(subject))

    def bank(self) -> Bank:
        run = self.room.run({}, self._bank.tests)
        self._bank = self._bank.model_copy(update={"usual": run.tampering, "seconds": round(run.seconds, 3)})
        self.passing = _with(run, TestStatus.PASSED)
        if not run.passed(self._bank.tests):
            kind = kind_of(run)
            self._bank = self._bank.model_copy(update={"gold_fails": kind or "tests fail"})
            if not run.complete or not self.passing:
                return self._bank
        self.limit = min(self.subject.task.limits.grade_seconds, 10 + 5 * run.seconds)
        self._propose()
        return self._examined()

    def _propose(self) -> None:
        self._bank = self._with_bases(self._bank)
        based = frozenset(self._bank.bases)
        self.proposals = proposals(self.subject, self.passing, based, self.failing, self.chance)
        fixed = oracle_proposals(self.subject, self.passing, self.room, self.failing)
        self._in_rounds(
            [*fixed, *(each for each in self.proposals if each.tests and not self._fixed(each, fixed))]
        )
        self._by_codes([each for each in self.proposals if each.row])
        self._one_by_one([each for each in self.proposals if not each.tests and not each.row])
        self._in_rounds(one_check_more(self.subject, self._short_of(1)))

    def _fixed(self, proposal: Proposal, fixed: Sequence[Proposal]) -> bool:
        """Return whether a proposal changes text that stands as a literal in every form."""
        beside = [each for each in fixed if each.path == proposal.path]
        return any(overlap(way, each.right) for each in beside for way in proposal.ways)

    def _with_bases(self, bank: Bank) -> Bank:
        """Return ``bank`` with those bases of files under which all tests pass that did."""
        made = bases(self.subject, self.passing)
        if not made:
            return bank
        names = {test: name for base in made.values() for test, name in base.aliases.items()}
        files = {path: self._with(path, base.edits) for path, base in made.items()}
        run = self.room.run(files, bank.tests, names=names)
        lost = self.passing - _with(run, TestStatus.PASSED)
        sound = {
            path: base
            for path, base in made.items()
            if run.complete and not lost & base.aliases.keys() and path not in {t.partition("::")[0] for t in lost}
        }
        names = {test: name for base in sound.values() for test, name in base.aliases.items()}
        return bank.model_copy(
            update={"bases": {path: base.edits for path, base in sound.items()}, "aliases": names}
        )

    def _in_rounds(self, waiting: Sequence[Proposal]) -> None:
        """Run forms of different functions or cases together: each can only fail its own tests."""
        queues: dict[tuple[str, str, int | None], list[tuple[Proposal, Edits]]] = defaultdict(list)
        for proposal in waiting:
            if proposal.shared:
                for way in proposal.ways:
                    self._measure([(proposal, way)])
                continue
            queues[proposal.path, proposal.owner, proposal.case] += [(proposal, way) for way in proposal.ways]
        while any(queues.values()):
            together: list[tuple[Proposal, Edits]] = []
            bodies = {(path, owner) for (path, owner, case), queue in queues.items() if queue and case is None}
            for (path, owner, case), queue in queues.items():
                ready = queue and (case is None or (path, owner) not in bodies)
                if ready and not any(_collide(queue[0], other) for other in together):
                    together.append(queue.pop(0))
            self._measure(together)

    def _measure(self, forms: Sequence[tuple[Proposal, Edits]]) -> None:
        """Run forms together and keep those that fail tests; of a run without an orderly end, halves of them."""
        together = [form for form in forms if not self._remembered(*form)]
        if not together:
            return
        ids = tuple(dict.fromkeys(test for proposal, _ in together for test in proposal.tests))
        run = self._run([(proposal.path, way) for proposal, way in together], ids)
        if not run.complete and len(together) > 1:
            half = len(together) // 2
            self._measure(together[:half])
            self._measure(together[half:])
        elif run.complete:
            failed = _with(run, *_FAILED)
            for proposal, way in together:
                self._keep(proposal, way, failed.intersection(proposal.tests))
                seen = self.memory.setdefault((proposal.path, way), {})
                seen |= {test: test in failed for test in proposal.tests}

    def _remembered(self, proposal: Proposal, way: Edits) -> bool:
        """Keep a form that was run for another task with the same files; return whether one was."""
        seen = self.memory.get((proposal.path, way), {})
        if not seen.keys() >= set(proposal.tests):
            return False
        self._keep(proposal, way, [test for test in proposal.tests if seen[test]])
        return True

    def _by_codes(self, rows: Sequence[Proposal]) -> None:
        """Find out which tests each row of a table is about, in few runs.

        Each row has a number. For every bit of it the rows that have it are run in a wrong form, and then all the
        others: a test that is about one row fails in just one of these two runs, which tells a bit of its number.
        """
        rows = [row for row in rows if not self._touched(row)]
        numbers = dict.fromkeys(self.passing, 0)
        for bit in range(len(rows).bit_length()) if rows else ():
            having = self._failed([row for n, row in enumerate(rows, 1) if n >> bit & 1])
            lacking = self._failed([row for n, row in enumerate(rows, 1) if not n >> bit & 1])
            if having is None or lacking is None:
                return
            told = having ^ lacking
            numbers = {test: n | (test in having) << bit for test, n in numbers.items() if test in told}
        about = {row: [test for test, n in numbers.items() if n == number] for number, row in enumerate(rows, 1)}
        for way in range(2):
            having_it = [row for row in rows if about[row] and len(row.ways) > way]
            for row in self._sound(having_it, way, about):
                self._keep(row, row.ways[way], about[row])

    def _sound(self, rows: Sequence[Proposal], way: int, about: Mapping[Proposal, list[str]]) -> list[Proposal]:
        """Return the rows of which a wrong form fails just the tests that the row is about, found by halving.

        A value that the table can't be made with would break the file as a whole.
        """
        failed = self._failed(rows, way)
        if failed is not None and set(failed) == {test for row in rows for test in about[row]}:
            return list(rows)
        half = len(rows) // 2
        parts = (rows[:half], rows[half:]) if half else ()
        return [row for part in parts for row in self._sound(part, way, about)]

    def _failed(self, rows: Sequence[Proposal], way: int = 0) -> frozenset[str] | None:
        """Return the tests that fail with all ``rows`` in a wrong form; ``None`` if the run has no orderly end."""
        if not rows:
            return frozenset()
        run = self._run([(row.path, row.ways[way]) for row in rows if len(row.ways) > way], self._bank.tests)
        return _with(run, *_FAILED) & self.passing if run.complete else None

    def _touched(self, row: Proposal) -> bool:
        """Return whether a form that was kept changes the same text."""
        beside = (kept for kept in self.kept.values() if kept.proposal.path == row.path)
        return any(overlap(row.ways[0], kept.forms[0].edits) for kept in beside)

    def _one_by_one(self, waiting: Sequence[Proposal]) -> None:
        """Run a form of each alone, to see which tests it fails, until every test fails at enough places."""
        started = time.monotonic()
        enough = _ENOUGH if self.subject.task.tests.framework != "pytest" else 1
        for proposal in waiting[:_ALONE]:
            if not self._short_of(1 if proposal.loose else enough) or time.monotonic() - started > _SECONDS:
                break
            run = self._run([(proposal.path, proposal.ways[0])], self._bank.tests)
            failed = self._failing(run) & self.passing
            if run.complete and (proposal.callers is None or failed <= proposal.callers):
                self._keep(proposal, proposal.ways[0], failed)
        self._further_ways([each for each in waiting if id(each) in self.kept and len(each.ways) > 1])

    def _further_ways(self, waiting: Sequence[Proposal]) -> None:
        """Run another form of each that has one, those together that fail different tests."""
        left = list(waiting)
        while left:
            together: list[Proposal] = []
            for proposal in left:
                if not any(self._tests_of(proposal) & self._tests_of(other) for other in together):
                    together.append(proposal)
            left = [proposal for proposal in left if proposal not in together]
            run = self._run([(each.path, each.ways[1]) for each in together], self._bank.tests)
            failed = self._failing(run)
            tests = [{self._bank.tests[n] for n in self._tests_of(proposal)} for proposal in together]
            expected = set().union(*tests) >= failed & self.passing
            for proposal, own in zip(together, tests, strict=True) if run.complete and expected else ():
                if own <= failed:
                    self._keep(proposal, proposal.ways[1], own)

    def _failing(self, run: TestRun) -> frozenset[str]:
        """Return the tests that failed; not those of a file of C or JavaScript that broke as a whole."""
        return _with(run, *(_FAILED if self.subject.task.tests.framework == "pytest" else _FAILED[:1]))

    def _tests_of(self, proposal: Proposal) -> set[int]:
        return {n for form in self.kept[id(proposal)].forms for n in form.fails}

    def _short_of(self, count: int) -> list[str]:
        """Return the tests that can be made to fail at fewer than ``count`` places."""
        places = [{n for form in kept.forms for n in form.fails} for kept in self.kept.values()]
        return [test for test in self.passing if sum(self.numbers[test] in place for place in places) < count]

    def _keep(self, proposal: Proposal, way: Edits, failed: Iterable[str]) -> None:
        fails = tuple(sorted(self.numbers[test] for test in failed))
        if fails:
            self.kept.setdefault(id(proposal), _Kept(proposal)).forms.append(Form(edits=way, fails=fails))

    def _run(self, edits: Sequence[tuple[str, Edits]], ids: tuple[str, ...]) -> TestRun:
        by_path: dict[str, list[Edit]] = {path: list(base) for path, base in self._bank.bases.items()}
        for path, way in edits:
            by_path.setdefault(path, []).extend(way)
        files = {path: self._with(path, made) for path, made in by_path.items()}
        return self.room.run(files, ids, self.limit, self._bank.aliases)

    def _with(self, path: str, edits: Iterable[Edit]) -> File:
        file = self.files[path]
        return replace(file, content=edited(file.content, edits))

    def _examined(self) -> Bank:
        """Return the bank after whole exams under gold, without places that fail others' tests there."""
        bank = self._with_places(self.kept.values())
        bank = bank.model_copy(update={"core_seconds": self._core_seconds(bank)})
        for _ in range(_EXAMS):
            for sheet in Setter(bank, self.subject.task.tests, self.files, self.chance).exam():
                bank = self._without(bank, self._culprits(bank, sheet))
        return bank

    def _core_seconds(self, bank: Bank) -> float:
        core = self.subject.task.tests.fail_to_pass
        return round(self._run([], core).seconds, 3) if core != bank.tests else bank.seconds

    def _with_places(self, kept: Iterable[_Kept]) -> Bank:
        places = [
            Place(
                path=each.proposal.path,
                kind=each.proposal.kind,
                forms=tuple(each.forms),
                fails_unpatched=each.proposal.fails_unpatched,
                right=each.proposal.right,
            )
            for each in kept
            if each.proposal.kind not in AWAITED or len(each.forms) > 1
        ]
        return self._bank.model_copy(update={"places": tuple(places)})

    def _culprits(self, bank: Bank, sheet: Sheet) -> list[Place]:
        """Return the places without which ``sheet`` would do what it should, found by halving."""
        if not sheet.active or self._does(sheet):
            return []
        if len(sheet.active) == 1:
            return [sheet.active[0].place]
        setter = Setter(bank, self.subject.task.tests, self.files, self.chance)
        half = len(sheet.active) // 2
        parts = (sheet.active[:half], sheet.active[half:])
        found = [place for part in parts for place in self._culprits(bank, setter.sheet(part, sheet.ids))]
        return found or [active.place for active in sheet.active]

    def _does(self, sheet: Sheet) -> bool:
        run = self.room.run(sheet.files, sheet.ids, self.limit, sheet.names)
        asked = self.passing.intersection(sheet.ids)
        right = asked - sheet.wrong.keys()
        return run.complete and right <= _with(run, TestStatus.PASSED) and (asked - right) <= self._failing(run)

    @staticmethod
    def _without(bank: Bank, dropped: Sequence[Place]) -> Bank:
        kept = tuple(place for place in bank.places if place not in dropped)
        return bank.model_copy(update={"places": kept}) if dropped else bank


def _collide(one: tuple[Proposal, Edits], other: tuple[Proposal, Edits]) -> bool:
    """Return whether two forms change the same text, as cases do that two tests share."""
    return one[0].path == other[0].path and overlap(one[1], other[1])


@lru_cache(maxsize=8)
def _memory(_gold_key: str) -> dict[tuple[str, Edits], dict[str, bool]]:
    """Return what forms did to tests under gold: the same for all tasks whose solved tree is the same."""
    return {}


def _gold_key(subject: Subject) -> str:
    """Return the digest of what lies in the box under gold, and of how tests are run there."""
    layers, task = subject.suite.tree(subject.task).layers, subject.task
    changed: Changes = {path: file for layer in reversed(layers[:-1]) for path, file in read_tree(layer).items()}
    changed |= {**(subject.gold or {}), **subject.hidden}
    real = {path: file for path, file in changed.items() if file != file_at(layers[-1], path)}
    digest = workspace_digest(layers[-1].name, dict(sorted(real.items())))
    return digest_json([digest, task.image, task.tests.framework, task.tests.command, subject.backend.name])


def _failing_lines(subject: Subject) -> dict[str, frozenset[int]]:
    """Return the lines of test files, by path, that the unpatched tree's failures name."""
    lines: dict[str, set[int]] = defaultdict(set)
    with Room(subject, dict(subject.hidden)) as room:
        run = room.run({}, subject.task.tests.fail_to_pass)
    files = {**subject.deciding_files, **subject.helper_files}
    for named, line in _LINE.findall("\n".join([run.output, *run.failures.values()])):
        for path in files:
            if named == path or named.endswith(f"/{path}") or (path.endswith(f"/{named}") and "/" not in named):
                lines[path].add(int(line))
    return {path: frozenset(numbers) for path, numbers in lines.items()}


def _with(run: TestRun, *statuses: TestStatus) -> frozenset[str]:
    return frozenset(test for test, status in run.results.items() if status in statuses)


def _maker_digest() -> str:
    here = Path(__file__).parent
    made_by = [*sorted(here.glob("*.py")), here.parent / "exam.py", here.parent / "room.py"]
    return digest_json([[path.name, digest_bytes(path.read_bytes())] for path in made_by])
