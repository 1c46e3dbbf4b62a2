"""What could be changed in the tests that decide a task: edits to be tried under gold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from codegym.grade.form.bank import Kind
from codegym.grade.form.cases import case_ids
from codegym.grade.form.certain import Function, calls_of, leaves
from codegym.grade.form.edit import Edit, Edits, Text
from codegym.grade.form.oracle import RECORD, fixed, oracles, read_record, recorded
from codegym.grade.form.python_checks import Check, Module
from codegym.grade.form.text_checks import text_checks
from codegym.grade.room import Room
from codegym.grade.subject import Subject
from codegym.sandbox.protocol import File

_CHECKS = 6
"""So many checks of one function are tried, those first at which the unpatched tree fails."""
_WAYS = 3
"""So many edits of one check are tried: as many as an exam can use."""
_ALWAYS = frozenset({"setUp", "tearDown", "setUpClass", "tearDownClass", "setup_method", "teardown_method"})


@dataclass(frozen=True, eq=False)
class Proposal:
    """A check in the file ``path``, and edits of it that may make tests fail.

    ``tests`` are those that it can fail, where that is known: it stands in their function, or is about their case.
    A ``row`` of a table is about few tests, which no other row is about. A check in a helper counts for its
    ``callers`` only, the tests that call it whatever the code under test does; ``None`` where that is not known.
    ``loose`` ones are tried for tests that nothing else makes fail. A ``shared`` case is one of several functions.
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
    loose: bool = False
    shared: bool = False
    right: Edits = ()


def oracle_proposals(
    subject: Subject, tests: Iterable[str], room: Room, failing: Mapping[str, frozenset[int]]
) -> list[Proposal]:
    """Return checks whose expected value is computed of the standard library, fixed at its value under gold.

    Two runs of the tests in ``room`` say what the values are; a value that is not always the same stays computed.
    """
    made: list[Proposal] = []
    for path, owners in (_owners(subject, tests) if subject.task.tests.framework == "pytest" else {}).items():
        content = _content(subject, path)
        module = Module(content)
        sides = [(owner, each) for owner in owners for each in oracles(module, owner)]
        if not sides:
            continue
        file = File(recorded(module.text, [each for _, each in sides]))
        ids = tuple(test for owned in owners.values() for test in owned)
        values = [read_record(room.written(RECORD)) for _ in range(2) if room.run({path: file}, ids).complete]
        for number, (owner, each) in enumerate(sides):
            seen = [value.get(number) for value in values]
            if len(seen) == 2 and seen[0] and seen[0] == seen[1]:
                edits = fixed(module.text, each, seen[0], _chance(path, owner))
                if edits is not None:
                    node = each.sides.node
                    check = Check(owner, Kind.VALUE, (node.lineno, node.end_lineno or node.lineno), edits[1])
                    made.append(replace(_of(path, check, tuple(owners[owner]), failing), right=edits[0]))
    return [proposal for proposal in made if proposal.ways]


@dataclass(frozen=True)
class Base:
    """Edits of one file that all its forms have, and what they make of the ids of tests."""

    edits: Edits
    aliases: dict[str, str]


def bases(subject: Subject, passing: Iterable[str]) -> dict[str, Base]:
    """Return the base of each file, after which the names of parametrized cases say nothing of their values.

    Otherwise the name would tell the value that a form has changed.
    """
    if subject.task.tests.framework != "pytest":
        return {}
    made: dict[str, Base] = {}
    for path, owners in _owners(subject, passing).items():
        module = Module(_content(subject, path))
        edits: list[Edit] = []
        aliases: dict[str, str] = {}
        for owner, tests in owners.items():
            cases = module.cases(owner)
            ids = case_ids(cases, tests) if cases else ()
            if cases and ids:
                more, names = cases.named(module.text)
                edits += more
                known = dict(zip(ids, names, strict=True))
                aliases |= {
                    test: _called(test, known[test.partition("[")[2][:-1]]) for test in tests if "[" in test
                }
        made[path] = Base(tuple(edits), {test: name for test, name in aliases.items() if test != name})
    return {path: base for path, base in made.items() if base.edits}


def _called(test: str, case: str) -> str:
    return f"{test.partition('[')[0]}[{case}]"


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
        own = _merged(_python(subject, passing, based, failing))
        return [*own, *_tables(subject, failing), *_helpers(subject, failing)]
    return list(_by_command(subject, failing, chance))


def _by_command(subject: Subject, failing: Mapping[str, frozenset[int]], chance: Random) -> Iterator[Proposal]:
    """Yield checks of tests that a command runs, in C, JavaScript or Python."""
    files = subject.deciding_files.items()
    checks = [(path, each) for path, file in files for each in text_checks(path, file.content, chance)]
    chance.shuffle(checks)
    checks.sort(key=lambda each: (each[1].loose, each[1].given, each[1].line not in failing.get(each[0], ())))
    for path, each in checks:
        fails = each.line in failing.get(path, ())
        yield Proposal(path, each.kind, each.ways, fails_unpatched=fails, loose=each.loose)
    for path, module in ((path, Module(file.content)) for path, file in files if path.endswith(".py")):
        for owner in module.functions:
            checks_of = module.checks(owner, _chance(path, owner))
            yield from (_of(path, check, (), failing) for check in checks_of if check.case is None)


def _merged(made: Iterable[Proposal]) -> list[Proposal]:
    """Return one proposal in place of several that change the same case, which several functions share."""
    merged: dict[object, Proposal] = {}
    for proposal in made:
        spans = tuple((edit.start, edit.end) for edit in proposal.ways[0])
        key = (proposal.path, spans) if proposal.case is not None else proposal
        known = merged.get(key)
        merged[key] = replace(known, tests=known.tests + proposal.tests, shared=True) if known else proposal
    return list(merged.values())


def one_check_more(subject: Subject, tests: Iterable[str]) -> list[Proposal]:
    """Return checks that fail whatever the code does, for tests in which nothing else can be changed.

    They show no more than that a test's result is not made up.
    """
    if subject.task.tests.framework != "pytest":
        return []
    made: list[Proposal] = []
    for path, owners in _owners(subject, tests).items():
        module = Module(_content(subject, path))
        for owner, owned in owners.items():
            way = _one_check_more(module.functions[owner], module.text)
            made.append(Proposal(path, Kind.RESULT, ((way,),), owner, None, tuple(owned)))
    return made


def _one_check_more(function: Function, text: Text) -> Edit:
    """Return the edit that adds a check at the end of ``function``, or before what may leave it early."""
    leaving = next((statement for statement in function.body if leaves(statement)), None)
    statement = leaving or function.body[-1]
    apart = "; " if statement.lineno == function.lineno else "\n" + " " * function.body[0].col_offset
    start, end = text.span(statement)
    if leaving is not None:
        return Edit(start, start, f"assert [] == [0]{apart}")
    return Edit(end, end, f"{apart}assert [] == [0]")


def _python(
    subject: Subject, passing: Iterable[str], based: frozenset[str], failing: Mapping[str, frozenset[int]]
) -> Iterator[Proposal]:
    for path, owners in _owners(subject, passing).items():
        module = Module(_content(subject, path))
        for owner, tests in owners.items():
            cases = module.cases(owner)
            ids = case_ids(cases, tests) if cases and path in based else ()
            checks = module.checks(owner, _chance(path, owner))
            made = [_of(path, check, _concerned(check, tests, ids), failing) for check in checks]
            yield from _fewer([each for each in made if each.tests], _chance(path, owner))


def _tables(subject: Subject, failing: Mapping[str, frozenset[int]]) -> Iterator[Proposal]:
    for path, file in subject.deciding_files.items():
        for check in Module(file.content).rows(_chance(path, "")):
            yield replace(_of(path, check, (), failing), row=True)


def _helpers(subject: Subject, failing: Mapping[str, frozenset[int]]) -> Iterator[Proposal]:
    """Yield checks outside the functions of tests: in helpers, fixtures, other methods."""
    files = {**subject.deciding_files, **subject.helper_files}
    modules = {path: Module(file.content) for path, file in files.items()}
    callers = _callers(modules, _owners(subject, subject.tests))
    for path, module in modules.items():
        for owner in module.functions:
            tests = callers.get(owner.rpartition("::")[2], frozenset())
            if tests and not owner.rpartition("::")[2].startswith("test"):
                checks = (check for check in module.checks(owner, _chance(path, owner)) if check.case is None)
                made = [replace(_of(path, check, (), failing), callers=tests) for check in checks]
                yield from _fewer(made, _chance(path, owner))


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
    """Return the tests by file and function; inherited ones by that which they inherit, if it is the only one."""
    owners: dict[str, dict[str, list[str]]] = {}
    modules = {path: Module(file.content) for path, file in subject.deciding_files.items()}
    inherited: list[str] = []
    for test in sorted(tests, key=subject.tests.index):
        path = test.partition("::")[0]
        owner = modules[path].owner(test) if path in modules else ""
        if owner:
            owners.setdefault(path, {}).setdefault(owner, []).append(test)
        elif "::" in test.partition("::")[2]:
            inherited.append(test)
    helpers = {path: Module(file.content) for path, file in subject.helper_files.items()} if inherited else {}
    for test in inherited:
        places = [(path, owner) for path, module in helpers.items() if (owner := module.owner(test))]
        if len(places) == 1:
            owners.setdefault(places[0][0], {}).setdefault(places[0][1], []).append(test)
    return owners


def _content(subject: Subject, path: str) -> bytes:
    return {**subject.deciding_files, **subject.helper_files}[path].content


def _chance(path: str, owner: str) -> Random:
    """Return what draws in one function: the same for every task whose tests it is among."""
    return Random(f"{path} {owner}")  # noqa: S311 - which form is used is decided by each exam


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
