"""Proposes edits of the deciding tests, to be run under gold.

A proposal is not a form yet: whether its edits make tests fail, and which tests, only a run shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from codegym.grade.form.bank import Kind
from codegym.grade.form.cases import case_ids
from codegym.grade.form.certain import Function, certain_calls, may_exit
from codegym.grade.form.edit import Edit, Edits, Text
from codegym.grade.form.oracle import (
    RECORD_PATH,
    Oracle,
    computed_inputs,
    fix_values,
    oracles,
    read_record,
    recording_module,
)
from codegym.grade.form.python_checks import Check
from codegym.grade.form.python_module import Module
from codegym.grade.form.text_checks import text_checks
from codegym.grade.room import Room
from codegym.grade.subject import Subject
from codegym.sandbox.protocol import File

_MOST_CHECKS = 6
"""At most six checks of one function are proposed: an exam uses one of them, and each costs runs under gold."""
_MOST_VARIANTS = 3
"""At most three edits of one check are tried: an exam has four sheets, and one of them is right."""
_CALLED_BY_FRAMEWORK = frozenset({
    "setUp", "tearDown", "setUpClass", "tearDownClass", "setup_method", "teardown_method",
})  # fmt: skip
"""Methods that run around every test of a class without being called."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A check in the file ``path``, and its ``variants``: edits each of which may make tests fail.

    ``owner`` is the function of the check, and ``case`` the number of its parametrized case, if it is about one.
    ``tests`` are the tests that it can fail: those of its function or case. Empty if they are not known.
    """

    path: str
    kind: Kind
    variants: tuple[Edits, ...]
    owner: str = ""
    case: int | None = None
    tests: tuple[str, ...] = ()
    fails_unpatched: bool = False
    is_row: bool = False
    """It is about one row of a table. Few tests use the row, and these use no other."""
    callers: frozenset[str] | None = None
    """The check is in a helper that these tests always call, and may fail no other test. ``None``: any test."""
    last_resort: bool = False
    """It is tried only for tests that nothing else makes fail, since code can recognize it."""
    is_shared_case: bool = False
    """It changes a case that several functions have."""
    right: Edits = ()
    """The edits that every sheet has where this place is right."""


@dataclass(frozen=True)
class Base:
    """Edits of one file that it has in every sheet, and the names that tests have after these edits."""

    edits: Edits
    aliases: dict[str, str]


def case_bases(subject: Subject, passing: Iterable[str]) -> dict[str, Base]:
    """Return the base of each file, by path: it gives parametrized cases names that do not reveal their values.

    Otherwise code under test could read from the name of its case which value a form has changed.
    """
    if subject.task.tests.framework != "pytest":
        return {}
    bases: dict[str, Base] = {}
    for path, functions in _tests_by_function(subject, passing).items():
        module = Module(_content(subject, path))
        edits: list[Edit] = []
        aliases: dict[str, str] = {}
        for owner, tests in functions.items():
            cases = module.cases(owner)
            ids = case_ids(cases, tests) if cases else ()
            if cases and ids:
                case_edits, names = cases.neutral_names(module.text)
                edits += case_edits
                name_of = dict(zip(ids, names, strict=True))
                parametrized = (test for test in tests if "[" in test)
                aliases |= {test: _with_case(test, name_of[_case_id(test)]) for test in parametrized}
        bases[path] = Base(tuple(edits), {test: name for test, name in aliases.items() if test != name})
    return {path: base for path, base in bases.items() if base.edits}


def _case_id(test: str) -> str:
    """Return what is in the brackets of a test id."""
    return test.partition("[")[2][:-1]


def _with_case(test: str, case: str) -> str:
    """Return a test id with ``case`` in its brackets."""
    return f"{test.partition('[')[0]}[{case}]"


def proposals(
    subject: Subject,
    passing: Iterable[str],
    files_with_bases: frozenset[str],
    failing: Mapping[str, frozenset[int]],
    chance: Random,
) -> list[Proposal]:
    """Return proposals for the tests in ``passing``, in the order in which they should be tried.

    The cases of ``files_with_bases`` have neutral names. ``failing`` maps files to the lines at which the
    unpatched tree fails.
    """
    if subject.task.tests.framework == "pytest":
        own = _merge_shared_cases(_test_checks(subject, passing, files_with_bases, failing))
        return [*own, *_row_checks(subject, failing), *_helper_checks(subject, failing)]
    return list(_program_checks(subject, failing, chance))


def oracle_proposals(
    subject: Subject, tests: Iterable[str], room: Room, failing: Mapping[str, frozenset[int]]
) -> list[Proposal]:
    """Return the checks whose expected value is computed, with the value under gold in its place."""
    candidates: list[Proposal] = []
    for path, functions in _pytest_functions(subject, tests).items():
        module = Module(_content(subject, path))
        owned_oracles = [(owner, oracle) for owner in functions for oracle in oracles(module, owner)]
        values = _record_values(room, path, module, [oracle for _, oracle in owned_oracles], functions)
        for number, (owner, oracle) in enumerate(owned_oracles):
            edits = fix_values(module.text, oracle, values.get(number, {}), _function_chance(path, owner))
            if edits is not None and oracle.check is not None:
                lines = (oracle.check.lineno, oracle.check.end_lineno or oracle.check.lineno)
                check = Check(owner, Kind.VALUE, lines, edits[1])
                proposal = _proposal(path, check, tuple(functions[owner]), failing)
                candidates.append(replace(proposal, right=edits[0]))
    return [proposal for proposal in candidates if proposal.variants]


def input_bases(subject: Subject, tests: Iterable[str], room: Room) -> dict[str, Edits]:
    """Return, by file, the edits that write out the values of names which a test computes, such as its inputs."""
    bases: dict[str, Edits] = {}
    for path, functions in _pytest_functions(subject, tests).items():
        module = Module(_content(subject, path))
        inputs = computed_inputs(module, functions)
        values = _record_values(room, path, module, inputs, functions)
        for number, oracle in enumerate(inputs):
            edits = fix_values(module.text, oracle, values.get(number, {}), _function_chance(path, ""))
            if edits is not None:
                bases[path] = (*bases.get(path, ()), *edits[0])
    return bases


def _record_values(
    room: Room, path: str, module: Module, oracles: Sequence[Oracle], functions: Mapping[str, list[str]]
) -> dict[int, dict[str, str]]:
    """Return the values of ``oracles`` by number, as :func:`read_record` does, if two runs under gold agree."""
    if not oracles:
        return {}
    file = File(recording_module(module.text, oracles))
    ids = tuple(test for function_tests in functions.values() for test in function_tests)
    records = [read_record(room.read_file(RECORD_PATH)) for _ in range(2) if room.run({path: file}, ids).complete]
    first, second = records if len(records) > 1 else ({}, {})
    return {number: values for number, values in first.items() if second.get(number) == values}


def _pytest_functions(subject: Subject, tests: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Return :func:`_tests_by_function`, or nothing if pytest does not run the tests."""
    return _tests_by_function(subject, tests) if subject.task.tests.framework == "pytest" else {}


def extra_checks(subject: Subject, tests: Iterable[str]) -> list[Proposal]:
    """Return added checks that always fail, for tests in which nothing else can be changed.

    They only show that the result of a test is not made up.
    """
    if subject.task.tests.framework != "pytest":
        return []
    candidates: list[Proposal] = []
    for path, functions in _tests_by_function(subject, tests).items():
        module = Module(_content(subject, path))
        for owner, function_tests in functions.items():
            edit = _extra_check(module.functions[owner], module.text)
            candidates.append(Proposal(path, Kind.RESULT, ((edit,),), owner, None, tuple(function_tests)))
    return candidates


def _extra_check(function: Function, text: Text) -> Edit:
    """Return the edit that adds a failing check at the end of ``function``, or before the first early exit."""
    exit_statement = next((statement for statement in function.body if may_exit(statement)), None)
    statement = exit_statement or function.body[-1]
    separator = "; " if statement.lineno == function.lineno else "\n" + " " * function.body[0].col_offset
    start, end = text.span(statement)
    if exit_statement is not None:
        return Edit(start, start, f"assert [] == [0]{separator}")
    return Edit(end, end, f"{separator}assert [] == [0]")


def _program_checks(subject: Subject, failing: Mapping[str, frozenset[int]], chance: Random) -> Iterator[Proposal]:
    """Yield checks in C, JavaScript or Python files of tests that a command runs.

    Last resorts and inputs come late, and checks at which the unpatched tree fails come early.
    """
    files = subject.deciding_files.items()
    checks = [(path, each) for path, file in files for each in text_checks(path, file.content, chance)]
    chance.shuffle(checks)
    checks.sort(
        key=lambda each: (each[1].last_resort, each[1].is_input, each[1].line not in failing.get(each[0], ()))
    )
    for path, each in checks:
        fails = each.line in failing.get(path, ())
        yield Proposal(path, each.kind, each.variants, fails_unpatched=fails, last_resort=each.last_resort)
    for path, module in ((path, Module(file.content)) for path, file in files if path.endswith(".py")):
        for owner in module.functions:
            owner_checks = module.checks(owner, _function_chance(path, owner))
            yield from (_proposal(path, check, (), failing) for check in owner_checks if check.case is None)


def _test_checks(
    subject: Subject,
    passing: Iterable[str],
    files_with_bases: frozenset[str],
    failing: Mapping[str, frozenset[int]],
) -> Iterator[Proposal]:
    """Yield checks in the functions of the tests, and in their parametrized cases."""
    for path, functions in _tests_by_function(subject, passing).items():
        module = Module(_content(subject, path))
        for owner, tests in functions.items():
            cases = module.cases(owner)
            ids = case_ids(cases, tests) if cases and path in files_with_bases else ()
            checks = module.checks(owner, _function_chance(path, owner))
            candidates = [_proposal(path, check, _tests_of_check(check, tests, ids), failing) for check in checks]
            yield from _draw_few([each for each in candidates if each.tests], _function_chance(path, owner))


def _merge_shared_cases(candidates: Iterable[Proposal]) -> list[Proposal]:
    """Return the proposals with those that change the same case merged into one."""
    merged: dict[object, Proposal] = {}
    for proposal in candidates:
        spans = tuple((edit.start, edit.end) for edit in proposal.variants[0])
        key = (proposal.path, spans) if proposal.case is not None else proposal
        earlier = merged.get(key)
        merged[key] = (
            replace(earlier, tests=earlier.tests + proposal.tests, is_shared_case=True) if earlier else proposal
        )
    return list(merged.values())


def _row_checks(subject: Subject, failing: Mapping[str, frozenset[int]]) -> Iterator[Proposal]:
    """Yield the expected values in the rows of tables."""
    for path, file in subject.deciding_files.items():
        for check in Module(file.content).row_checks(_function_chance(path, "")):
            yield replace(_proposal(path, check, (), failing), is_row=True)


def _helper_checks(subject: Subject, failing: Mapping[str, frozenset[int]]) -> Iterator[Proposal]:
    """Yield checks outside the functions of tests: in helpers, fixtures and other methods."""
    files = {**subject.deciding_files, **subject.helper_files}
    modules = {path: Module(file.content) for path, file in files.items()}
    callers = _callers_by_name(modules, _tests_by_function(subject, subject.tests))
    for path, module in modules.items():
        for owner in module.functions:
            tests = callers.get(owner.rpartition("::")[2], frozenset())
            if tests and not owner.rpartition("::")[2].startswith("test"):
                chance = _function_chance(path, owner)
                checks = (check for check in module.checks(owner, chance) if check.case is None)
                candidates = [replace(_proposal(path, check, (), failing), callers=tests) for check in checks]
                yield from _draw_few(candidates, _function_chance(path, owner))


def _callers_by_name(
    modules: Mapping[str, Module], tests_by_function: Mapping[str, dict[str, list[str]]]
) -> dict[str, frozenset[str]]:
    """Map the name of a function to the tests that call it in every run, directly or through other functions."""
    calls: dict[str, frozenset[str]] = {}
    for module in modules.values():
        for owner, function in module.functions.items():
            name = owner.rpartition("::")[2]
            calls[name] = calls.get(name, frozenset()) | certain_calls(function)
    always = frozenset(name for name, names in calls.items() if name in _CALLED_BY_FRAMEWORK or "fixture" in names)
    callers: dict[str, frozenset[str]] = {}
    for path, functions in tests_by_function.items():
        for owner, tests in functions.items():
            reached, waiting = set[str](), [*certain_calls(modules[path].functions[owner]), *always]
            while waiting:
                name = waiting.pop()
                if name in calls and name not in reached:
                    reached.add(name)
                    waiting += calls[name]
            for name in reached:
                callers[name] = callers.get(name, frozenset()).union(tests)
    return callers


def _tests_by_function(subject: Subject, tests: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Return the tests by file and function.

    An inherited test belongs to the function that it inherits from a helper file, if there is only one such
    function.
    """
    by_path: dict[str, dict[str, list[str]]] = {}
    modules = {path: Module(file.content) for path, file in subject.deciding_files.items()}
    inherited: list[str] = []
    for test in sorted(tests, key=subject.tests.index):
        path = test.partition("::")[0]
        owner = modules[path].owner(test) if path in modules else ""
        if owner:
            by_path.setdefault(path, {}).setdefault(owner, []).append(test)
        elif "::" in test.partition("::")[2]:
            inherited.append(test)
    helpers = {path: Module(file.content) for path, file in subject.helper_files.items()} if inherited else {}
    for test in inherited:
        places = [(path, owner) for path, module in helpers.items() if (owner := module.owner(test))]
        if len(places) == 1:
            by_path.setdefault(places[0][0], {}).setdefault(places[0][1], []).append(test)
    return by_path


def _content(subject: Subject, path: str) -> bytes:
    return {**subject.deciding_files, **subject.helper_files}[path].content


def _function_chance(path: str, owner: str) -> Random:
    """Return the random generator for one function: the same for every task that has the function's tests."""
    return Random(f"{path} {owner}")  # noqa: S311 - which form is used is decided by each exam


def _tests_of_check(check: Check, tests: list[str], ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tests of a function that ``check`` can fail; ``ids`` are the ids of the function's cases."""
    if check.case is None:
        return tuple(tests)
    return tuple(test for test in tests if ids and _case_id(test) == ids[check.case])


def _proposal(path: str, check: Check, tests: tuple[str, ...], failing: Mapping[str, frozenset[int]]) -> Proposal:
    first, last = check.lines
    fails = any(first <= line <= last for line in failing.get(path, ()))
    return Proposal(path, check.kind, check.variants[:_MOST_VARIANTS], check.owner, check.case, tests, fails)


def _draw_few(candidates: list[Proposal], chance: Random) -> list[Proposal]:
    """Draw a few checks of one function, those at which the unpatched tree fails first; keep all its cases."""
    cases = [each for each in candidates if each.case is not None]
    bodies = [each for each in candidates if each.case is None]
    chance.shuffle(bodies)
    return [*sorted(bodies, key=lambda each: not each.fails_unpatched)[:_MOST_CHECKS], *cases]
