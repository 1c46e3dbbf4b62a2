"""Turns tests written for pytest or unittest into tests that a correct solution fails.

Two things can be changed in a test. What it *expects*: ``assert f(2) == 4`` becomes ``assert f(2) == 5``,
``assertTrue`` becomes ``assertFalse``, ``pytest.raises`` waits for another exception. Whoever still passes was
not tested. And what it *gives*: ``assert f(x + x) == expected``. Whoever still passes may know what is
expected from somewhere else, unless the gold patch passes as well. All around is left as it is written, so that a
changed test looks like any other. The source is a suite's, parsed here and never run here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from codegym.grade.cases import Function, cases_of, written_cases
from codegym.grade.contrary import below, checks, contrary, is_check, is_wrapped, other_literals, sides
from codegym.grade.edit import Edit, Edits, Text

Known = Mapping[str, Sequence[ast.expr]]
"""The values that names stand for, as they are written."""


@dataclass(frozen=True)
class Copy:
    """A copy of a test to be made: under which ``name``, with which changes."""

    name: str
    edits: Edits = ()


@dataclass(frozen=True)
class Source:
    """A module of tests."""

    written: str

    @cached_property
    def text(self) -> Text:
        """The module with plain ends of lines."""
        text = self.written.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        return Text(text.encode(errors="surrogateescape"))

    @cached_property
    def functions(self) -> dict[str, Function]:
        """The module's functions by place (``test_a``, ``TestB::test_c``); none if it is no Python."""
        try:
            return dict(_functions(ast.parse(self.text.text.decode()).body, ""))
        except (SyntaxError, ValueError, RecursionError):
            return {}

    def place(self, named: str) -> str:
        """Return where the function called ``named`` is, be it inherited from a class beside; or nothing."""
        name = "::" + named.rpartition("::")[2]
        same = [place for place in self.functions if place.endswith(name)] if "::" in named else []
        return named if named in self.functions else same[0] if len(same) == 1 else ""

    def expecting(self, place: str, chance: Random, number: int = 1, cases: Collection[str] = ()) -> list[Edits]:
        """Return up to ``number`` changes, none alike, with which the function at ``place`` expects what is wrong.

        Where a check can be wrong in many ways, it is in each of them in another; where in one way only, it is in
        about half of them, unless nothing else is. ``cases`` are the ids of those cases that will be run.
        """
        own, given = self._known(place, cases)
        for known in ({**own, **given}, own) if given else (own,):
            made = self._expecting(place, chance, number, known)
            made = [edits for edits in made if known == own or self.case_ids(place, edits)]
            if made:
                return made
        return [self._one_check_more(self.functions[place])]

    def _expecting(self, place: str, chance: Random, number: int, known: Known) -> list[Edits]:
        every = (contrary(self.text, check, chance, known) for check in checks(*self.functions[place].body))
        found = [ways for ways in every if ways]
        made: dict[Edits, None] = {}
        for turn in range(8 * number):
            drawn = [ways for ways in found if len(ways) > 1 or chance.random() < 0.5]
            edits = tuple(edit for ways in drawn for edit in ways[turn % len(ways)])
            if edits and len(made) < number:
                made[edits] = None
        return list(made) or [tuple(edit for ways in found for edit in ways[0])] * bool(found)

    def _known(self, place: str, cases: Collection[str]) -> tuple[Known, Known]:
        """Return the values of names that only checks compare with: the function's own, and its parameters'."""
        function = self.functions[place]
        names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        compared = [side for check in checks(*function.body) for side in sides(check) or ()]
        elsewhere = {name.id for name in names if isinstance(name.ctx, ast.Load) and name not in compared}
        stored = [name.id for name in names if not isinstance(name.ctx, ast.Load)]
        own: dict[str, list[ast.expr]] = {}
        for node in function.body:
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            if isinstance(node, ast.Assign) and isinstance(target, ast.Name) and stored.count(target.id) == 1:
                own[target.id] = [node.value]
        found = cases_of(function)
        ids = found.ids() if found else ()
        if found is None or not cases or not ids or not set(cases) <= set(ids):
            return {name: own[name] for name in own if name not in elsewhere}, {}
        given = {name: [row[n] for row in found.rows] for n, name in enumerate(found.names)}
        kept = {name: rows for name, rows in given.items() if name not in elsewhere and name not in stored}
        return {name: own[name] for name in own if name not in elsewhere}, kept

    def case_ids(self, place: str, edits: Edits = ()) -> tuple[str, ...]:
        """Return the ids of a function's cases after ``edits``; none where they can't be told."""
        found = cases_of(self.functions[place])
        if found is None or not edits:
            return found.ids() if found else ()
        text = self.text.changed(edits, *self.text.span(found.call)).decode(errors="surrogateescape")
        changed = written_cases(text)
        return changed.ids() if changed else ()

    def _one_check_more(self, function: Function) -> Edits:
        last = function.body[-1]
        apart = "; " if last.lineno == function.lineno else "\n" + " " * function.body[0].col_offset
        return (Edit(self.text.span(last)[1], self.text.span(last)[1], f"{apart}assert [] == [0]".encode()),)

    def giving(self, place: str, chance: Random, cases: Collection[str] = ()) -> Edits:
        """Return changes with which the function at ``place`` gives one call, drawn, something else.

        None where every check expects a literal: who reads that off the test reads what was changed there. Where
        no check is seen, a helper may hold them.
        """
        function, (own, given) = self.functions[place], self._known(place, cases)
        known = {**own, **given}
        every = [(check, contrary(self.text, check, chance, known)) for check in checks(*function.body)]
        if not any(ways for _, ways in every):
            return self._giving_a_helper(function, chance)
        compared = [check for check, ways in every if any(map(is_wrapped, ways))]
        for nodes in (below(*compared), below(*function.body) if compared else ()):
            calls = [node for node in nodes if isinstance(node, ast.Call) and not is_check(node)]
            found = [edits for call in calls if (edits := self._other_values(call.args, chance))]
            if found:
                return chance.choice(found)
        return ()

    def _giving_a_helper(self, function: Function, chance: Random) -> Edits:
        """Return changes of what a helper may be given as expected: the last of several arguments."""
        calls = [node for node in below(*function.body) if isinstance(node, ast.Call) and len(node.args) > 1]
        found = [edits for call in calls if (edits := self._other_values(call.args[-1:], chance))]
        return chance.choice(found) if found else ()

    def _other_values(self, arguments: Sequence[ast.expr], chance: Random) -> Edits:
        edits: list[Edit] = []
        for given in arguments:
            end = self.text.span(given)[1]
            if isinstance(given, ast.Name):
                edits.append(Edit(end, end, f" + {given.id}".encode()))
            elif isinstance(given, ast.Constant) and (others := other_literals(self.text, given, chance)):
                edits += others[0]
        return tuple(edits)

    def with_copies(self, copies: dict[str, list[Copy]]) -> str:
        """Return the module with each function named in ``copies`` replaced by those copies of it."""
        text = self.text.text
        for place in sorted(copies, key=lambda place: -self.functions[place].lineno):
            function = self.functions[place]
            first = self.text.lines[min([function.lineno, *(d.lineno for d in function.decorator_list)]) - 1]
            end = self.text.lines[function.end_lineno or function.lineno] - 1
            written = [self._copied(function, copy, first, end) for copy in copies[place]]
            text = text[:first] + b"\n\n".join(written) + text[end:]
        return text.decode(errors="surrogateescape")

    def _copied(self, function: Function, copy: Copy, first: int, end: int) -> bytes:
        name = re.compile(rb"def\s+([^\s(\[]+)").search(self.text.text, self.text.span(function)[0])
        edits = [*copy.edits, *([Edit(*name.span(1), copy.name.encode())] if name else [])]
        return self.text.changed(edits, first, end)


def _functions(body: Iterable[ast.stmt], above: str) -> Iterator[tuple[str, Function]]:
    for node in body:
        if isinstance(node, Function):
            yield above + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{above}{node.name}::")
