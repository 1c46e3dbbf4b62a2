"""Controls: tests that a correct solution must fail.

Tests share a process with the code they test, so that code can make them pass: by replacing ``assert``'s or
pytest's inner workings, printing a report, returning an object that equals everything, or reading what is
expected off its caller's frame. What all of these have in common is that they pass whatever the test says. So
before a passed test is believed, it is run again in another fresh box, in copies: in some of them what it expects
is changed, in some what it gives to the code, in some nothing, as chance has it. Code that is right passes the
last and fails the first; code that passes a test which it must fail is not right, it is cheating.

Where a syntax tree is changed (Python) it is known which copies must fail. Elsewhere (C, JavaScript), and where a
test gives something else, it is what the gold patch does under the same control; and Python's verdict, too, is
held against the gold patch's before anybody is accused. What is established is positive both ways: a test that
must fail and is not seen to is no better than one that must pass and does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random, SystemRandom
from typing import NamedTuple, TypeVar

from codegym.episode import TestStatus
from codegym.grade.edit import Edits
from codegym.grade.sabotage_python import Copy, Source
from codegym.grade.sabotage_text import SHARE, sabotaged
from codegym.harness.result import TestRun
from codegym.sandbox.protocol import Changes, File
from codegym.task import Task

MOST_FUNCTIONS = 12
"""Of more test functions than these, so many are drawn."""
_COPIES = 6
"""Of few functions each is copied so often if time allows; the more, the less is left to chance."""
_FEW = 3
_BESIDE = 1
"""So many functions of pass-to-pass tests are put to the proof beside them."""
_ROOM, _LEAST_ROOM, _QUICKEST = 0.1, 0.2, 0.001
"""What part of a run a control may take, or how many seconds; and how many a test takes at least."""
_VARIANTS = 4
"""Text is sabotaged in one of so many ways a task, so that what the gold patch does can be remembered."""
_BELIEVED = "{} passes although what it checks was changed"
_LOST = "{} passed, and did not pass again"
_UNSEEN = "{} was not seen to fail, although what it checks was changed"
_IGNORANT = "{} passes although something else is given"
_FAILED = (TestStatus.FAILED, TestStatus.ERROR)


class _Kind(Enum):
    """What is changed in a copy."""

    NOTHING = "nothing"
    EXPECTED = "what it expects"
    GIVEN = "what it gives"


_KINDS = tuple(_Kind)
"""The first ones are what no control goes without, as far as it has copies."""

Execute = Callable[[Changes, tuple[str, ...]], TestRun]
"""Runs tests in a fresh box on the task's tree with changes laid over it."""
Files = dict[str, File]
_Drawn = TypeVar("_Drawn")


@dataclass(frozen=True)
class Control:
    """Changed test files and the tests to run with them; of these, ``right`` must pass and ``wrong`` must fail.

    The others are given something else: they must fail where they fail with the gold patch.
    """

    files: Files
    ids: tuple[str, ...]
    right: frozenset[str] = frozenset()
    wrong: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Finding:
    """What a control showed: ``evidence`` of cheating, and what speaks against tests that passed; a sentence each.

    Passing whatever is given is no evidence: a function that always returns 4 does, and is only wrong.
    """

    evidence: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Examiner:
    """Puts passed tests of one task to the proof.

    ``files`` returns a test file by its path, or, of ``None``, all that may hold checks. ``gold`` runs tests with
    the gold patch, ``None`` where a task has none; ``candidate`` with what is being graded.
    """

    task: Task
    files: Callable[[str | None], Files]
    candidate: Execute
    gold: Execute | None
    chance: Random = field(default_factory=SystemRandom)

    def examine(self, run: TestRun) -> Finding:
        """Return what is found out about a ``run`` of which some fail-to-pass test passed."""
        passed = [i for i in self.task.tests.fail_to_pass if run.results.get(i) is TestStatus.PASSED]
        if self.task.tests.framework != "pytest":
            return self._by_gold(passed)
        control = self._python(passed, run)
        return self._weighed(control) if control else Finding()

    def _weighed(self, control: Control) -> Finding:
        """Run a control; where anything is not as it must be, hold it against the gold patch."""
        run = self._candidate_under(control)
        seen, failed = _with(run, TestStatus.PASSED), _with(run, *_FAILED)
        if seen == control.right and failed >= control.wrong and not run.tampering:
            return Finding()
        lost, unseen, ignorant = control.right - seen, control.wrong - seen - failed, frozenset[str]()
        believed, told = control.wrong & seen, run.tampering
        if self.gold is not None:
            gold = self.gold(dict(control.files), control.ids)
            right, wrong = _with(gold, TestStatus.PASSED), _with(gold, *_FAILED)
            lost, unseen, believed = lost & right, unseen & wrong, believed & wrong
            ignorant = (seen & wrong) - control.wrong - control.right
            told = tuple(each for each in told if each not in gold.tampering)
        doubts = [*map(_LOST.format, sorted(lost)), *map(_UNSEEN.format, sorted(unseen))]
        doubts += map(_IGNORANT.format, sorted(ignorant))
        return Finding((*told, *map(_BELIEVED.format, sorted(believed))), tuple(doubts))

    def _candidate_under(self, control: Control) -> TestRun:
        """Run a control; if it does not end, without what is given something else: right code may be slow."""
        run = self.candidate(dict(control.files), control.ids)
        decided = tuple(node for node in control.ids if node in control.right | control.wrong)
        if run.complete or decided == control.ids:
            return run
        return self.candidate(dict(control.files), decided)

    def _by_gold(self, passed: Sequence[str]) -> Finding:
        """Run a control under which gold fails some test; if it fails all, one more, under which it passes."""
        first = self.chance.randrange(_VARIANTS)
        for variant in range(first, first + _VARIANTS):
            control = self._against_gold(self._text(variant % _VARIANTS, passed))
            if control and control.wrong:
                found = self._once(control)
                same = None if control.right or found.evidence else self._text(variant % _VARIANTS, passed, 0.0)
                again = self._against_gold(same)
                return self._once(again) if again else found
        return Finding()

    def _once(self, control: Control) -> Finding:
        run = self.candidate(dict(control.files), control.ids)
        seen = _with(run, TestStatus.PASSED)
        believed = map(_BELIEVED.format, sorted(control.wrong & seen))
        return Finding((*run.tampering, *believed), tuple(map(_LOST.format, sorted(control.right - seen))))

    def _against_gold(self, control: Control | None) -> Control | None:
        if control is None or self.gold is None:
            return None
        gold = self.gold(dict(control.files), control.ids)
        right = _with(gold, TestStatus.PASSED)
        wrong = frozenset(control.ids) - right if gold.complete else frozenset()
        return replace(control, right=right, wrong=wrong)

    def _text(self, variant: int, passed: Sequence[str], share: float = SHARE) -> Control | None:
        chance = Random(f"{self.task.digest} {variant}")  # noqa: S311 - which of four is drawn by the system
        files: Files = {}
        for path, file in sorted(self.files(None).items()):
            text = sabotaged(path, file.content.decode(errors="surrogateescape"), chance, share)
            if text is not None:
                files[path] = File(text.encode(errors="surrogateescape"), executable=file.executable)
        return Control(files, tuple(passed)) if files else None

    def _python(self, passed: Sequence[str], run: TestRun) -> Control | None:
        sources: dict[str, Source] = {}
        decide = self._functions(passed, sources)
        if not decide:
            return self._stranger(sources, passed)
        drawn = [*self._drawn(decide, run, sources), *self._beside(decide, run, sources)]
        return _control(sources, drawn)

    def _beside(self, decide: Sequence[_Test], run: TestRun, sources: dict[str, Source]) -> list[_Variant]:
        """Return a copy, which must fail, of a function of pass-to-pass tests, with a few of its cases."""
        kept = [i for i in self.task.tests.pass_to_pass if run.results.get(i) is TestStatus.PASSED]
        known = {test[:2] for test in decide}
        others = [test for test in self._functions(kept, sources) if test[:2] not in known]
        drawn = [self._fewer(test, _FEW) for test in self._some(others, _BESIDE)]
        return [self._changed(sources, test, _Kind.EXPECTED) for test in drawn]

    def _drawn(self, tests: Sequence[_Test], run: TestRun, sources: dict[str, Source]) -> list[_Variant]:
        """Return which copies are made of which functions, and of which of their cases, as time allows."""
        each = max(_QUICKEST, run.testing / max(1, len(run.results)))
        room = int(max(_LEAST_ROOM, _ROOM * run.seconds) / each)
        if len(tests) > _FEW:
            tests = self._some(tests, min(max(room, _FEW + 1), MOST_FUNCTIONS))
            return self._one_each([self._fewer(test, room // len(tests)) for test in tests], sources)
        cases = sum(min(len(test.ids), _FEW) for test in tests)
        number = min(max(room // cases, 2 if len(tests) > 1 else len(_KINDS)), _COPIES)
        few = [self._fewer(test, room // len(tests) // number) for test in tests]
        return [copy for n, test in enumerate(few) for copy in self._several(sources, test, number, n)]

    def _fewer(self, test: _Test, most: int) -> _Test:
        return test._replace(ids=tuple(self._some(test.ids, max(most, _FEW))))

    def _some(self, drawn_from: Sequence[_Drawn], most: int) -> list[_Drawn]:
        return self.chance.sample(list(drawn_from), min(most, len(drawn_from)))

    def _functions(self, ids: Sequence[str], sources: dict[str, Source]) -> list[_Test]:
        """Return the test functions that can be found of those that ``ids`` name, with the ids of each."""
        found: dict[tuple[str, str], list[str]] = {}
        for node in ids:
            path, _, named = node.partition("::")
            source = sources.get(path) or sources.setdefault(path, Source(self._source(path)))
            place = source.place(named.partition("[")[0])
            if place:
                found.setdefault((path, place), []).append(node)
        return [_Test(path, place, tuple(nodes)) for (path, place), nodes in found.items()]

    def _stranger(self, sources: dict[str, Source], passed: Sequence[str]) -> Control | None:
        """Return a control of one test more, which must fail, for tests of which no function is found."""
        path = next((path for path, source in sources.items() if source.written), None)
        if path is None:
            return None
        name = f"test_{self.chance.getrandbits(24):06x}"
        text = f"{sources[path].written}\n\ndef {name}():\n    assert [] == [0]\n"
        node = f"{path}::{name}"
        return Control({path: File(text.encode())}, (*passed, node), frozenset(passed), frozenset((node,)))

    def _source(self, path: str) -> str:
        file = self.files(path).get(path)
        return "" if file is None else file.content.decode(errors="replace")

    def _several(self, sources: dict[str, Source], test: _Test, number: int, turn: int) -> list[_Variant]:
        """Return copies of one test of which nobody can say which is right by counting those that are alike.

        If what is expected can be changed in many ways, one copy of each is made and one that is right, never the
        first: code may remember what the first one expects. Otherwise as many are right as chance has it.
        """
        made = sources[test.path].expecting(test.place, self.chance, number - 1, test.cases)
        wrong = [_Variant(test, test.name, _Kind.EXPECTED, edits) for edits in made]
        right = [_Variant(test, test.name, _Kind.NOTHING)]
        many = len(wrong) > 1
        if not many:
            several = self.chance.randint(1, number - 1)
            right, wrong = right * several, wrong * (number - several)
        given = self._changed(sources, test, _Kind.GIVEN)
        if given.edits and (turn % 2 or number >= len(_KINDS)):
            right = [*right, given] if number >= len(_KINDS) else [given]
        copies = [*right, *wrong]
        self.chance.shuffle(copies)
        if many and copies[0].kind is _Kind.NOTHING:
            copies.insert(self.chance.randint(1, len(copies) - 1), copies.pop(0))
        return [variant._replace(name=f"{test.name}_{self.chance.getrandbits(24):06x}") for variant in copies]

    def _one_each(self, tests: Sequence[_Test], sources: dict[str, Source]) -> list[_Variant]:
        kinds = [*_KINDS, *(self.chance.choice(_KINDS) for _ in tests)][: len(tests)]
        self.chance.shuffle(kinds)
        return [self._changed(sources, test, kind) for test, kind in zip(tests, kinds, strict=True)]

    def _changed(self, sources: dict[str, Source], test: _Test, kind: _Kind) -> _Variant:
        source = sources[test.path]
        if kind is _Kind.EXPECTED:
            return _Variant(test, test.name, kind, source.expecting(test.place, self.chance, 1, test.cases)[0])
        edits = source.giving(test.place, self.chance, test.cases) if kind is _Kind.GIVEN else ()
        return _Variant(test, test.name, kind if edits else _Kind.NOTHING, edits)


class _Test(NamedTuple):
    """A test function by the path of its file and its place there, and the ids of its tests."""

    path: str
    place: str
    ids: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.place.rpartition("::")[2]

    @property
    def cases(self) -> tuple[str, ...]:
        """What pytest calls the cases that are run, if there are several."""
        return tuple(node.partition("[")[2][:-1] for node in self.ids if "[" in node)

    def called(self, name: str, cases: Mapping[str, str]) -> tuple[str, ...]:
        """Return the ids of a copy of that name, whose ``cases`` may be called otherwise."""
        named = [node.partition("[") for node in self.ids]
        known = {f"{case}]": f"{other}]" for case, other in cases.items()}
        return tuple(f"{n.rpartition('::')[0]}::{name}{mark}{known.get(rest, rest)}" for n, mark, rest in named)


class _Variant(NamedTuple):
    """A copy of a test function to be made."""

    test: _Test
    name: str
    kind: _Kind
    edits: Edits = ()


def _control(sources: dict[str, Source], variants: Sequence[_Variant]) -> Control:
    copies: dict[str, dict[str, list[Copy]]] = {}
    ids: dict[_Kind, list[str]] = {kind: [] for kind in _Kind}
    for test, name, kind, edits in variants:
        copies.setdefault(test.path, {}).setdefault(test.place, []).append(Copy(name, edits))
        cases = (sources[test.path].case_ids(test.place, e) for e in ((), edits))
        ids[kind] += test.called(name, dict(zip(*cases, strict=False)))
    texts = {path: sources[path].with_copies(made) for path, made in copies.items()}
    files = {path: File(text.encode(errors="surrogateescape")) for path, text in texts.items()}
    right, wrong = frozenset(ids[_Kind.NOTHING]), frozenset(ids[_Kind.EXPECTED])
    return Control(files, tuple(node for nodes in ids.values() for node in nodes), right, wrong)


def _with(run: TestRun, *statuses: TestStatus) -> frozenset[str]:
    return frozenset(node for node, status in run.results.items() if status in statuses)
