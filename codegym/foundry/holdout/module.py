"""A Python test file with its syntax tree: where its functions are, and which cases they have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from codegym.errors import TaskError
from codegym.grade.form.cases import case_ids
from codegym.grade.form.table import Cases, cases_of
from codegym.mutate.encoding import encoding_of
from codegym.syntax import parse_module

Function = ast.FunctionDef | ast.AsyncFunctionDef
_BRANCHES = (ast.If, ast.Try, ast.With)


@dataclass(frozen=True)
class TestModule:
    """A parsed test file. ``starts`` are the offsets in ``text`` of its ``lines``, in characters."""

    __test__ = False

    text: str
    encoding: str
    tree: ast.Module
    lines: tuple[str, ...]
    starts: tuple[int, ...]

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a position as ``ast`` gives it: a line counted from 1, a column in UTF-8."""
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def line_end(self, line: int) -> int:
        """Return the offset at which the line after ``line`` begins."""
        return self.starts[line - 1] + len(self.lines[line - 1])

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where a node begins and ends, in characters."""
        last = node.end_lineno or node.lineno
        return self.offset(node.lineno, node.col_offset), self.offset(last, node.end_col_offset or 0)

    def functions(self, unit: str) -> list[Function]:
        """Return the functions that a unit names; several if a later one replaces an earlier one."""
        *classes, name = unit.partition("[")[0].split("::")[1:]
        scopes: list[ast.AST] = [self.tree]
        for class_name in classes:
            inner = _statements(scopes)
            scopes = [node for node in inner if isinstance(node, ast.ClassDef) and node.name == class_name]
        return [node for node in _statements(scopes) if isinstance(node, Function) and node.name == name]

    def cases(self, unit: str) -> tuple[Cases, tuple[str, ...]] | None:
        """Return the cases of a function and their names; ``None`` if they do not follow from a literal list."""
        functions = self.functions(unit)
        cases = cases_of(functions[0], {}) if len(functions) == 1 else None
        names = case_ids(cases, ()) if cases else ()
        return (cases, names) if cases and names else None


@lru_cache(maxsize=256)
def read_module(content: bytes) -> TestModule:
    """Parse a test file. Raises :class:`~codegym.errors.TaskError` if it is not valid Python."""
    encoding = encoding_of(content)
    text = content.decode(encoding)
    try:
        tree = parse_module(content)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise TaskError(f"tests can't be removed from a file that can't be parsed: {error}") from error
    lines = tuple(re.split(r"(?<=\n)", text))
    starts, offset = [], 0
    for line in lines:
        starts.append(offset)
        offset += len(line)
    return TestModule(text, encoding, tree, lines, tuple(starts))


def _statements(scopes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield the statements in ``scopes`` and in their branches, without those of functions and classes."""
    for scope in scopes:
        for child in ast.iter_child_nodes(scope):
            yield child
            if isinstance(child, _BRANCHES):
                yield from _statements([child])
