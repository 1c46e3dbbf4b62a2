"""Makes the task of one id: a program with a fault, visible and hidden tests, and a report of what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegym.errors import TaskError
from codegym.generator.cases import Case, ChosenCases, choose_cases, draw_calls, passing_cases
from codegym.generator.family import SPLITS, Catalogue, Library, ProgramFamily
from codegym.generator.made_up import make_up
from codegym.generator.program import Program, draw_program
from codegym.generator.stream import Stream
from codegym.patch import make_patch
from codegym.sandbox.protocol import Changes, File
from codegym.task import FolderSource, PatchSource, Task, TestPlan

_TRIES = 200
"""Programs that are drawn for one id before it is given up; most ids need fewer than ten."""
_RIVALS = 8
"""Other faults that the visible tests have to tell from the right program."""
_REPORTED = 3
"""Calls that a report shows."""
_FIRST_LEVEL_WITH_EXTRAS = 4
"""From this level on, the module has further functions that are right."""


@dataclass(frozen=True)
class FaultyModule:
    """A right and a faulty module, and the cases of its tests. ``entry`` are the names that tests import."""

    family: ProgramFamily
    site: str
    right: str
    wrong: str
    entry: tuple[str, ...]
    choice: ChosenCases


def make_task(catalogue: Catalogue, source: FolderSource, level: int, number: int) -> Task:
    """Return the task with this number at this level. Raises :class:`TaskError` if no program came out."""
    split = split_of(number)
    task_id = id_of(level, number)
    for attempt in range(_TRIES):
        stream = Stream(f"{catalogue.env_id}/{task_id}/{attempt}")
        draft = _draft(stream, catalogue.library, split, level)
        if draft is not None:
            return _task(stream, catalogue.library, source, draft, task_id)
    raise TaskError(f"{task_id}: no program with a fault that tests can show came out of {_TRIES} tries")


def id_of(level: int, number: int) -> str:
    """Return the id of the task with this number at this level: ``d3-000123``."""
    return f"d{level}-{number:06d}"


def split_of(number: int) -> str:
    """Return the split of the tasks with this number."""
    return next(split for split, (first, end) in SPLITS.items() if first <= number < end)


def _draft(stream: Stream, library: Library, split: str, level: int) -> FaultyModule | None:
    """Return a program with a fault and its tests; ``None`` if tests can't show the fault well."""
    family = draw_family(stream, library, split, level)
    program = draw_program(stream, library, family)
    site = stream.choose(program.sites)
    faulty = program.broken_at(stream, site)
    if faulty is None:
        return None
    right, wrong = program.text, faulty.text
    calls = draw_calls(stream, program)
    choice = choose_cases(stream, right, wrong, _rivals(stream, program, site), calls)
    if choice is None:
        return None
    draft = FaultyModule(family, site, right, wrong, _entry(program), choice)
    return _with_extra(stream, library, split, draft, program) if level >= _FIRST_LEVEL_WITH_EXTRAS else draft


def draw_family(stream: Stream, library: Library, split: str, level: int) -> ProgramFamily:
    """Return a listed family, or one that is made up."""
    if stream.below(100) < library.made_up_percent(split):
        return make_up(stream, split, level)
    return stream.choose(library.families(split, level))


def _rivals(stream: Stream, program: Program, site: str) -> Iterator[str]:
    """Yield the texts of programs with other faults, half of them at the same site."""
    for number in range(_RIVALS):
        rival = program.broken_at(stream, stream.choose(program.sites) if number % 2 else site)
        if rival is not None:
            yield rival.text


def _entry(program: Program) -> tuple[str, ...]:
    """Return the names of the program's module that its tests use."""
    tested = " ".join((program.family.call, *program.family.setup, *program.family.moves))
    return tuple(name for role, name in program.names.items() if role in "fghC" and f"{{{role}}}" in tested)


def _with_extra(
    stream: Stream, library: Library, split: str, draft: FaultyModule, program: Program
) -> FaultyModule | None:
    """Return ``draft`` with a second, right program of a lower level in its module."""
    family = draw_family(stream, library, split, stream.between(1, 2))
    extra = draw_program(stream, library, family, frozenset(program.names.values()))
    cases = passing_cases(extra.text, draw_calls(stream, extra, 6), 3)
    if len(cases) < 3:
        return None
    texts = [f"{extra.text}\n\n{part}" for part in (draft.right, draft.wrong)]
    if stream.below(2):
        texts = [f"{part}\n\n{extra.text}" for part in (draft.right, draft.wrong)]
    choice = ChosenCases((*draft.choice.visible, cases[0]), (*draft.choice.hidden, *cases[1:]))
    return FaultyModule(draft.family, draft.site, texts[0], texts[1], (*draft.entry, *_entry(extra)), choice)


def _task(stream: Stream, library: Library, source: FolderSource, draft: FaultyModule, task_id: str) -> Task:
    module = stream.choose(library.names["module"])
    visible, hidden = f"tests/test_{module}.py", f"tests/test_{module}_more.py"
    wrong = File(draft.wrong.encode())
    setup: Changes = {f"{module}.py": wrong, visible: _tests(module, draft.entry, draft.choice.visible)}
    more: Changes = {hidden: _tests(module, draft.entry, draft.choice.hidden)}
    numbered = [(visible, n, case) for n, case in enumerate(draft.choice.visible, 1)]
    numbered += [(hidden, n, case) for n, case in enumerate(draft.choice.hidden, 1)]
    ids = {f"{path}::test_{n}": case.fails for path, n, case in numbered}
    return Task(
        id=task_id,
        instruction=_report(stream, module, draft.choice.visible),
        source=source,
        tests=TestPlan(
            framework="pytest",
            fail_to_pass=tuple(test for test, fails in ids.items() if fails),
            pass_to_pass=tuple(test for test, fails in ids.items() if not fails),
            visible=tuple(test for test in ids if test.startswith(visible)),
            hidden=PatchSource(patch=make_patch({}, more)),
        ),
        image=library.image,
        setup_patch=make_patch({}, setup),
        gold_patch=make_patch({f"{module}.py": wrong}, {f"{module}.py": File(draft.right.encode())}),
        limits=library.limits,
        metadata={
            "split": split_of(int(task_id[3:])),
            "language": "python",
            "origin": "generated",
            "level": draft.family.level,
            "family": draft.family.name,
            "fault": draft.site,
            "difficulty": "unknown",
        },
    )


def _tests(module: str, entry: Sequence[str], cases: Sequence[Case]) -> File:
    """Return a test file with one test per case."""
    parts = [f"from {module} import {', '.join(sorted(entry))}\n"]
    for number, case in enumerate(cases, 1):
        check = f"assert {case.call.expression} == {case.expected}"
        body = "".join(f"    {line}\n" for line in (*case.call.setup, check))
        parts.append(f"\n\ndef test_{number}():\n{body}")
    return File("".join(parts).encode())


def _report(stream: Stream, module: str, visible: Sequence[Case]) -> str:
    """Return the instruction: calls as a user makes them, with what was expected and what was seen."""
    style = stream.choose((_terse, _steps, _prose))
    reports = [style(case) for case in visible if case.fails][:_REPORTED]
    opening = stream.choose((f"{module}: wrong results.", f"Something in {module} is off.", f"A bug in {module}:"))
    return "\n".join(
        [opening, "", *reports, "", "The docstrings are right. Find the mistake in the code and repair it."]
    )


def _outcome(case: Case, verb: str) -> str:
    return case.result if case.result.startswith("raises ") else f"{verb} {case.result}"


def _terse(case: Case) -> str:
    code = "; ".join((*case.call.setup, case.call.expression))
    return f"{code} {_outcome(case, 'returns')}, expected {case.expected}"


def _steps(case: Case) -> str:
    lines = "".join(f">>> {line}\n" for line in (*case.call.setup, case.call.expression))
    return f"{lines}{case.result}\nexpected {case.expected}"


def _prose(case: Case) -> str:
    before = f"After {'; '.join(case.call.setup)}: " if case.call.setup else ""
    question = f"I called {case.call.expression} and expected {case.expected}"
    return f"{before}{question}, but it {_outcome(case, 'returned')}."
