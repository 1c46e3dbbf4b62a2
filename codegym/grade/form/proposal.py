"""What could be changed in the tests that decide a task: edits to be tried under gold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from codegym.grade.form.bank import Kind
from codegym.grade.form.cases import case_ids
from codegym.grade.form.certain import calls_of
from codegym.grade.form.edit import Edit, Edits
from codegym.grade.form.python_checks import Check, Module
from codegym.grade.form.text_checks import text_checks
from codegym.grade.subject import Subject

_CHECKS = 8
"""So many checks of one function are tried, those first at which the unpatched tree fails."""
_WAYS = 3
_ALWAYS = frozenset({"setUp", "tearDown", "setUpClass", "tearDownClass", "setup_method", "teardown_method"})


@dataclass(frozen=True, eq=False)
class Proposal:
    """A check in the file ``path``, and edits of it that may make tests fail.

    ``tests`` are those that it can fail, where that is known: it stands in their function, or is about their case.
    A ``row`` of a table is about few tests, which no other row is about. A check in a helper counts for its
    ``callers`` only, the tests that call it whatever the code under test does; ``None`` where that is not known.
    """

    path: str
    kind: Kind
    ways: tuple[Edits, ...]
    owner: str = ""
    case: int | None = None
    tests: tuple[str, ...] = ()
    fails_unpatched: bool = False
    row: bool = False
    callers: frozenset[str] | None = None


def bases(subject: Subject, passing: Iterable[str]) -> dict[str, tuple[Edit, ...]]:
    """Return edits, by file, after which parametrized cases keep their names whatever their values become."""
    if subject.task.tests.framework != "pytest":
        return {}
    made: dict[str, tuple[Edit, ...]] = {}
    for path, owners in _owners(subject, passing).items():
        module = Module(subject.deciding_files[path].content)
        named = ((module.cases(owner), tests) for owner, tests in owners.items())
        usable = [(cases, ids) for cases, tests in named if cases and (ids := case_ids(cases, tests))]
        made[path] = tuple(edit for cases, ids in usable for edit in cases.named(module.text, ids))
    return made


def proposals(
    subject: Subject,
    passing: Iterable[str],
    based: frozenset[str],
    failing: Mapping[str, frozenset[int]],
    chance: Random,
) -> list[Proposal]:
    """Return what can be tried for the tests in ``passing``, in the order in which it should be.

    ``based`` are the files whose cases have fixed names, ``failing`` the lines at which the unpatched tree fails.
    """
    if subject.task.tests.framework == "pytest":
        own = list(_python(subject, list(passing), based, failing, chance))
        return [*own, *_tables(subject, failing, chance), *_helpers(subject, failing, chance)]
    drawn = [
        Proposal(path, check.kind, check.ways, fails_unpatched=check.line in failing.get(path, ()))
        for path, file in subject.deciding_files.items()
        for check in text_checks(path, file.content, chance)
    ]
    chance.shuffle(drawn)
    return sorted(drawn, key=lambda each: not each.fails_unpatched)


def _python(
    subject: Subject,
    passing: list[str],
    based: frozenset[str],
    failing: Mapping[str, frozenset[int]],
    chance: Random,
) -> Iterator[Proposal]:
    for path, owners in _owners(subject, passing).items():
        module = Module(subject.deciding_files[path].content)
        for owner, tests in owners.items():
            cases = module.cases(owner)
            ids = case_ids(cases, tests) if cases and path in based else ()
            made = [
                _of(path, check, _concerned(check, tests, ids), failing) for check in module.checks(owner, chance)
            ]
            usable = _fewer([each for each in made if each.tests], chance)
            yield from usable or [_one_check_more(path, owner, module, tests)]


def _tables(subject: Subject, failing: Mapping[str, frozenset[int]], chance: Random) -> Iterator[Proposal]:
    for path, file in subject.deciding_files.items():
        for check in Module(file.content).rows(chance):
            yield replace(_of(path, check, (), failing), row=True)


def _helpers(subject: Subject, failing: Mapping[str, frozenset[int]], chance: Random) -> Iterator[Proposal]:
    """Yield checks outside the functions of the tests that decide: in helpers, fixtures, other methods."""
    known = _owners(subject, subject.tests)
    modules = {
        path: Module(file.content) for path, file in {**subject.deciding_files, **subject.helper_files}.items()
    }
    callers = _callers(modules, known)
    for path, module in modules.items():
        others = [owner for owner in module.functions if owner not in known.get(path, {})]
        others = [owner for owner in others if path in known or not owner.rpartition("::")[2].startswith("test")]
        for owner in others:
            checks = [
                _of(path, check, (), failing) for check in module.checks(owner, chance) if check.case is None
            ]
            tests = callers.get(owner.rpartition("::")[2], frozenset())
            yield from (replace(each, callers=tests) for each in (_fewer(checks, chance) if tests else []))


def _callers(
    modules: Mapping[str, Module], known: Mapping[str, dict[str, list[str]]]
) -> dict[str, frozenset[str]]:
    """Return the tests that certainly call a function, directly or by way of others, by the function's name."""
    calls: dict[str, frozenset[str]] = {}
    for module in modules.values():
        for owner, function in module.functions.items():
            name = owner.rpartition("::")[2]
            calls[name] = calls.get(name, frozenset()) | calls_of(function)
    always = frozenset(name for name, names in calls.items() if name in _ALWAYS or "fixture" in names)
    callers: dict[str, frozenset[str]] = {}
    for path, owners in known.items():
        for owner, tests in owners.items():
            reached, waiting = set[str](), [*calls_of(modules[path].functions[owner]), *always]
            while waiting:
                name = waiting.pop()
                if name in calls and name not in reached:
                    reached.add(name)
                    waiting += calls[name]
            for name in reached:
                callers[name] = callers.get(name, frozenset()).union(tests)
    return callers


def _owners(subject: Subject, tests: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Return the tests by file and function."""
    owners: dict[str, dict[str, list[str]]] = {}
    modules = {path: Module(file.content) for path, file in subject.deciding_files.items()}
    for test in sorted(tests, key=subject.tests.index):
        path = test.partition("::")[0]
        owner = modules[path].owner(test) if path in modules else ""
        if owner:
            owners.setdefault(path, {}).setdefault(owner, []).append(test)
    return owners


def _concerned(check: Check, tests: list[str], ids: tuple[str, ...]) -> tuple[str, ...]:
    if check.case is None:
        return tuple(tests)
    return tuple(test for test in tests if ids and test.partition("[")[2][:-1] == ids[check.case])


def _of(path: str, check: Check, tests: tuple[str, ...], failing: Mapping[str, frozenset[int]]) -> Proposal:
    first, last = check.lines
    fails = any(first <= line <= last for line in failing.get(path, ()))
    return Proposal(path, check.kind, check.ways[:_WAYS], check.owner, check.case, tests, fails)


def _fewer(made: list[Proposal], chance: Random) -> list[Proposal]:
    """Draw at most so many checks of one function; of its parametrized cases all stay."""
    cases = [each for each in made if each.case is not None]
    bodies = [each for each in made if each.case is None]
    chance.shuffle(bodies)
    return [*sorted(bodies, key=lambda each: not each.fails_unpatched)[:_CHECKS], *cases]


def _one_check_more(path: str, owner: str, module: Module, tests: list[str]) -> Proposal:
    """Return the check that fails whatever the code does, for a test in which no other can be changed.

    It shows no more than that the test's result is not made up.
    """
    function = module.functions[owner]
    last, end = function.body[-1], module.text.span(function.body[-1])[1]
    apart = "; " if last.lineno == function.lineno else "\n" + " " * function.body[0].col_offset
    way = (Edit(end, end, f"{apart}assert [] == [0]"),)
    return Proposal(path, Kind.OPERATOR, (way,), owner, None, tuple(tests))
