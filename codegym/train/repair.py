"""What a one-line repair looks like, learnt from mutated functions without running them.

Every mutation that fits on one line, read backwards, is a repair: the excerpt that ``focus`` would show of
the mutated function, and the smallest ``fix`` that undoes the mutation.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from codegym.mutate import Mutation, apply, mutations
from codegym.mutate.smallest import smallest_fix
from codegym.tool.excerpt import MOST_LINES, Suspect, excerpt

RESULT_CHARS = 80
"""How much of a line ``fix`` shows again, in its brief form."""


@dataclass(frozen=True)
class Fix:
    """In ``line`` of an excerpt, ``old`` becomes ``new``, and the line then reads ``result``."""

    line: int
    old: str
    new: str
    result: str

    @property
    def action(self) -> str:
        """The fix in the line dialect."""
        return f"r {self.line} {self.old} => {self.new}".rstrip()


@dataclass(frozen=True)
class Repair:
    """An excerpt with bugs on different lines, and the fix of each, in an order that says nothing."""

    shown: str
    fixes: tuple[Fix, ...]


def repairs(source: str, choose: random.Random, *, per_function: int = 4, bugs: int = 3) -> Iterator[Repair]:
    """Yield ``per_function`` repairs of each function of a module that is short enough to be shown whole.

    Each has up to ``bugs`` bugs, so that reading one excerpt teaches several repairs. Operators are drawn
    evenly, so that the many ways to misspell a name do not crowd out the rest. Which other lines are as
    suspicious is made up.
    """
    found: dict[str, dict[str, list[Mutation]]] = {}
    for mutation in mutations(source):
        if mutation.single_line:
            found.setdefault(mutation.function, {}).setdefault(mutation.operator, []).append(mutation)
    suspects = {suspect.name: suspect for suspect in _suspects(source)}
    for name in sorted(found.keys() & suspects.keys()):
        for _ in range(per_function):
            drawn = [choose.choice(found[name][choose.choice(sorted(found[name]))]) for _ in range(bugs)]
            if repair := _repair(source, {m.line: m for m in drawn}, suspects[name], choose):
                yield repair


def _repair(source: str, by_line: dict[int, Mutation], suspect: Suspect, choose: random.Random) -> Repair | None:
    broken = source
    for line in sorted(by_line, reverse=True):
        broken = apply(broken, by_line[line])
    before, after = broken.split("\n"), source.split("\n")
    marked = replace(suspect, hot=_made_up_hot(suspect, set(by_line), choose))
    fixes = [
        Fix(line - suspect.first + 1, *fix, result=after[line - 1].strip()[:RESULT_CHARS])
        for line in by_line
        if (fix := smallest_fix(before[line - 1], after[line - 1]))
    ]
    return Repair(excerpt(marked, before), tuple(fixes)) if len(fixes) == len(by_line) else None


def _made_up_hot(suspect: Suspect, bugs: set[int], choose: random.Random) -> list[int]:
    """Mark the lines with bugs and, in runs, some share of the others: from nearly none to all."""
    share, hot, marked = choose.random(), set(bugs), True
    for line in suspect.lines()[1:]:
        if choose.random() < 0.4:
            marked = choose.random() < share
        hot |= {line} if marked else set()
    return sorted(hot)


def _suspects(source: str) -> Iterator[Suspect]:
    for name, node in _functions(ast.parse(source)):
        first = node.body[0]
        text = ast.get_docstring(node) is not None and len(node.body) > 1
        span = (first.lineno, first.end_lineno or first.lineno) if text else ()
        suspect = Suspect("", name, node.lineno, node.end_lineno or node.lineno, docstring=span)
        if len(suspect.lines()) < MOST_LINES:
            yield suspect


def _functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in ast.iter_child_nodes(tree):
        name = f"{prefix}{node.name}." if isinstance(node, ast.FunctionDef | ast.ClassDef) else prefix
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name, node
        yield from _functions(node, name)
