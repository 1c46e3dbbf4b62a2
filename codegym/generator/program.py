"""One program of a family: its names and expressions are drawn, and it can be written right or with a fault."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from codegym.generator.expression import Expression, Names, break_expression, draw_expression
from codegym.generator.family import MARK, ROLE, SLOT, Library, ProgramFamily
from codegym.generator.stream import Stream

_WIDTH = 96
"""Longer docstrings are wrapped."""
_TRIES = 20
_FUNCTIONS = frozenset("fgh")


@dataclass(frozen=True)
class _Slot:
    """What an expression is drawn from."""

    kind: str
    depth: int
    names: Names


@dataclass(frozen=True)
class Program:
    """A family with its names and the expressions of its slots, and the ``tag`` of the marked fault that it has.

    ``right_slots`` are the expressions of the right program. ``constant_lines`` maps lines of the template that no
    fault changes to their text.
    """

    family: ProgramFamily
    names: Mapping[str, str]
    slots: Mapping[str, Expression]
    right_slots: Mapping[str, Expression]
    tag: str = ""
    constant_lines: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The source text. Docstrings describe the right program, whatever fault this one has."""
        lines = (self.constant_lines.get(raw) or self.line(raw) for raw in self.family.lines)
        return "".join(f"{line}\n" for line in lines if line is not None)

    def fill(self, template: str) -> str:
        """Return a template with the program's names in it."""
        return ROLE.sub(lambda match: self.names[match[1]], template)

    @property
    def sites(self) -> tuple[str, ...]:
        """Where a fault can be: the slots and the tags."""
        return (*self.slots, *self.family.tags)

    def broken_at(self, stream: Stream, site: str) -> Program | None:
        """Return the program with a fault at ``site``; ``None`` if no expression was found that makes one."""
        if site not in self.slots:
            return replace(self, tag=site)
        slot = _slot(self.fill(self.family.slots[site]))
        wrong = break_expression(stream, self.slots[site], slot.names, slot.depth)
        return None if wrong is None else replace(self, slots={**self.slots, site: wrong})

    def line(self, raw: str) -> str | None:
        """Return a line of the template as source; ``None`` if the fault forgets it."""
        if mark := MARK.match(raw):
            raw = mark["line"]
            if mark["tag"] == self.tag:
                if mark["kind"] == "-":
                    return None
                raw = raw[: len(raw) - len(raw.lstrip())] + mark["code"]
        line = self.fill(SLOT.sub(self._slot_text, raw))
        return _wrapped(line) if len(line) > _WIDTH and '"""' in line else line

    def _slot_text(self, match: re.Match[str]) -> str:
        return self.right_slots[match[1]].words if match[2] else self.slots[match[1]].code


def draw_program(
    stream: Stream, library: Library, family: ProgramFamily, reserved: frozenset[str] = frozenset()
) -> Program:
    """Return a right program of ``family``. No name in it is in ``reserved``."""
    names = _draw_names(stream, library, family, reserved)
    program = Program(family, names, {}, {})
    slots = {}
    for name, rule in family.slots.items():
        slot = _slot(program.fill(rule))
        slots[name] = _draw_about(stream, slot)
    program = replace(program, slots=slots, right_slots=slots)
    return replace(program, constant_lines={raw: program.line(raw) or "" for raw in family.constant_lines})


def _draw_about(stream: Stream, slot: _Slot) -> Expression:
    """Return an expression that reads the first of the names that it may read, or one of several tries without."""
    (about, *_), *_ = slot.names.by_kind.values()
    for _ in range(_TRIES):
        expression = draw_expression(stream, slot.kind, slot.names, slot.depth)
        if about in expression.code:
            break
    return expression


def _draw_names(
    stream: Stream, library: Library, family: ProgramFamily, reserved: frozenset[str]
) -> dict[str, str]:
    names: dict[str, str] = {}
    used = set(reserved)
    nouns = iter(stream.shuffled([pair for pair in library.nouns if used.isdisjoint(pair)]))
    item, other, *_ = [next(nouns) for _ in range(2)]
    paired = {"item": item[0], "items": item[1], "other": other[0], "others": other[1]}
    used |= set(paired.values())
    for role in family.roles:
        if role in paired:
            names[role] = paired[role]
            continue
        while role not in names or names[role] in used:
            names[role] = _draw_name(stream, library, role)
        used.add(names[role])
    return names


def _draw_name(stream: Stream, library: Library, role: str) -> str:
    if role in _FUNCTIONS:
        return f"{stream.choose(library.names['verb'])}_{stream.choose(library.nouns)[stream.below(2)]}"
    return stream.choose(library.names[role.rstrip("0123456789")])


def _slot(rule: str) -> _Slot:
    head, _, readable = rule.partition(": ")
    kind, depth = head.split()
    first = "text" if kind == "text" else "int"
    second = "int" if kind == "text" else "text"
    parts = [tuple(text.strip() for text in part.split(", ")) for part in readable.split("; ")]
    return _Slot(kind, int(depth), Names(dict(zip((first, second), parts, strict=False))))


def _wrapped(line: str) -> str:
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(line.strip(), _WIDTH, initial_indent=indent, subsequent_indent=indent)
