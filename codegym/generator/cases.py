"""Calls of a program: drawn at random, executed with the right and with faulty programs, and chosen for tests.

The chosen visible calls tell the right program from every other fault that was tried in its place, so that what a
policy sees determines the repair. The hidden ones are others, so that a repair which only knows the visible inputs
fails.

The programs executed here are the generator's own. They loop over small inputs only and always end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from codegym.generator.program import Program
from codegym.generator.stream import Stream

_INPUT = re.compile(r"<(\w+)>")
_WORDS = [
    "amber",
    "basalt",
    "cedar",
    "dune",
    "ember",
    "fjord",
    "grove",
    "heron",
    "iris",
    "juniper",
    "kelp",
    "lagoon",
    "moss",
    "nectar",
    "opal",
    "pine",
]
_CALLS = 32
"""Calls that are drawn for one program."""
_VISIBLE_FAILS = 2
_VISIBLE_MOST = 6
_HIDDEN_FAILS = (4, 5)
"""The fewest and the most hidden tests that the fault fails."""
_HIDDEN_PASSES = 2
_LONGEST = 90
"""Characters of a result in a test at most."""


@dataclass(frozen=True)
class ProgramCall:
    """An expression, and the statements before it."""

    setup: tuple[str, ...]
    expression: str


@dataclass(frozen=True)
class Case:
    """A call with the result of the right program and of the faulty one. ``raises X`` stands for an exception."""

    call: ProgramCall
    expected: str
    result: str

    @property
    def fails(self) -> bool:
        """Whether the fault gives another result."""
        return self.expected != self.result


@dataclass(frozen=True)
class ChosenCases:
    """The cases that become tests."""

    visible: tuple[Case, ...]
    hidden: tuple[Case, ...]


def draw_calls(stream: Stream, program: Program, count: int = _CALLS) -> list[ProgramCall]:
    """Return up to ``count`` different calls of ``program``."""
    family, fill = program.family, program.fill
    setup, moves, call = [*map(fill, family.setup)], [*map(fill, family.moves)], fill(family.call)
    return list(dict.fromkeys(_draw_call(stream, setup, moves, call) for _ in range(count)))


def choose_cases(
    stream: Stream, right: str, wrong: str, rivals: Iterable[str], calls: list[ProgramCall]
) -> ChosenCases | None:
    """Return cases that tell ``right`` from ``wrong`` and from all ``rivals``, all of them source texts.

    Returns ``None`` if the fault shows too rarely or only with few results, or if few calls can't tell a rival.
    """
    run = _runner(calls)
    expected = run(right)
    cases = [Case(*case) for case in zip(calls, expected, run(wrong), strict=True)]
    usable = [n for n, case in enumerate(cases) if _is_usable(case)]
    fails = [n for n in usable if cases[n].fails]
    passes = [n for n in usable if not cases[n].fails]
    if len({expected[n] for n in fails}) < _VISIBLE_FAILS + _HIDDEN_FAILS[0]:
        return None
    visible = [*fails[:_VISIBLE_FAILS], *passes[:1]]
    for rival in rivals:
        results = run(rival)
        telling = [n for n in usable if results[n] != expected[n]]
        if telling and not set(telling) & set(visible):
            visible.append(telling[0])
    hidden = [n for n in fails if n not in visible][: _HIDDEN_FAILS[1]]
    if len(visible) > _VISIBLE_MOST or len(hidden) < _HIDDEN_FAILS[0]:
        return None
    hidden += [n for n in passes if n not in visible][:_HIDDEN_PASSES]
    return ChosenCases(*(tuple(cases[n] for n in stream.shuffled(part)) for part in (visible, hidden)))


def passing_cases(right: str, calls: list[ProgramCall], count: int) -> list[Case]:
    """Return up to ``count`` cases with the results of ``right``, a program without a fault."""
    results = _runner(calls)(right)
    cases = [Case(call, result, result) for call, result in zip(calls, results, strict=True)]
    return [case for case in cases if _is_usable(case)][:count]


def _is_usable(case: Case) -> bool:
    return not case.expected.startswith("raises ") and len(case.expected) <= _LONGEST


def _runner(calls: Sequence[ProgramCall]) -> Callable[[str], list[str]]:
    """Return a function that maps a program's source to its results, one per call."""
    functions = [f"def _{n}():\n    {_body(call)}\n" for n, call in enumerate(calls)]
    listed = ", ".join(f"_{n}" for n in range(len(calls)))
    code = compile("".join((*functions, f"_calls = [{listed}]")), "calls", "exec")

    def run(source: str) -> list[str]:
        names: dict[str, Any] = {}
        exec(compile(source, "program", "exec"), names)  # noqa: S102 - the generator's own program
        exec(code, names)  # noqa: S102 - the generator's own calls
        return [_result(call) for call in names["_calls"]]

    return run


def _body(call: ProgramCall) -> str:
    return "; ".join((*call.setup, f"return {call.expression}"))


def _result(call: Callable[[], object]) -> str:
    try:
        return repr(call())
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, NameError) as error:
        return f"raises {type(error).__name__}"


def _draw_call(stream: Stream, setup: Sequence[str], moves: Sequence[str], call: str) -> ProgramCall:
    played = [stream.choose(moves) for _ in range(stream.between(3, 6))] if moves else []
    return ProgramCall(tuple(_filled(stream, line) for line in (*setup, *played)), _filled(stream, call))


def _filled(stream: Stream, template: str) -> str:
    return _INPUT.sub(lambda match: repr(_INPUTS[match[1]](stream)), template)


def _int(stream: Stream) -> int:
    return stream.between(-4, 24)


def _numbers(stream: Stream) -> list[int]:
    return [_int(stream) for _ in range(stream.between(0, 5))]


def _some(stream: Stream) -> list[int]:
    return [_int(stream) for _ in range(stream.between(2, 5))]


def _word(stream: Stream) -> str:
    return stream.choose(_WORDS)


def _words(stream: Stream) -> list[str]:
    return [_word(stream) for _ in range(stream.between(1, 4))]


def _pairs(stream: Stream) -> list[tuple[str, int]]:
    keys = stream.shuffled(_WORDS)[:3]
    return [(stream.choose(keys), _int(stream)) for _ in range(stream.between(1, 5))]


def _table(stream: Stream) -> dict[str, int]:
    return dict(_pairs(stream))


_INPUTS: dict[str, Callable[[Stream], object]] = {
    "int": _int,
    "small": lambda stream: stream.between(1, 5),
    "numbers": _numbers,
    "some": _some,
    "word": _word,
    "words": _words,
    "pairs": _pairs,
    "table": _table,
    "rows": lambda stream: [_some(stream) for _ in range(stream.between(1, 3))],
}
"""Maps a mark such as ``<numbers>`` to what draws its value."""
