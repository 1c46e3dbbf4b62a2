"""Recorded calls: what was called, with which arguments, what came of it. All of it comes from a box.

So it is read with limits, and each source is parsed: it consists of literals, names, attributes, operators,
calls and lambdas, and has no other syntax.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import ConfigDict, ValidationError

from codegym.syntax import parse_expression, parse_module
from codegym.task import Frozen

_LONGEST = 6000
"""Characters of one source."""
_ALLOWED = (
    ast.Expression, ast.Constant, ast.Name, ast.Attribute, ast.Call, ast.keyword, ast.Tuple, ast.List, ast.Set,
    ast.Dict, ast.UnaryOp, ast.BinOp, ast.Compare, ast.Subscript, ast.expr_context, ast.unaryop, ast.operator,
    ast.cmpop, ast.Lambda, ast.arguments, ast.arg,
)  # fmt: skip


class TracebackFrame(Frozen):
    """One frame of a traceback: the path in the repository, the line and the function."""

    path: str
    line: int
    function: str


class RecordedCall(Frozen):
    """One call that a test made.

    ``function`` is the qualified name (without ``<locals>``) of a function in ``path`` whose first line is
    ``line``, decorators included. ``name`` is the dotted name by which a user imports it, empty if there is none.
    ``source`` is the call as an expression, empty if an argument can't be written; first the statements ``setup``
    have to run, and before them ``modules`` have to be imported. ``statement`` is how a user would write the call
    if it is meant to change something (``cache[1] = 2``); it may be empty. ``arguments`` are (parameter, source),
    ``*`` and ``**`` for further ones; an empty source means that it can't be written.

    A call has ``returned`` something: ``value`` is its source (empty if it can't be written) and ``type`` the name
    of its type. A generator's value is the list of what it yielded, and its ``source`` has ``list(…)``. Or it has
    ``raised`` an exception of the ``type`` (dotted) with a ``message``; ``frames`` is the end of the traceback, as
    far as it is in the repository.

    ``direct``: the test's own code made the call. ``test`` is the first test that made it.
    """

    path: str
    function: str
    line: int
    name: str
    source: str
    statement: str = ""
    setup: tuple[str, ...]
    modules: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...]
    direct: bool
    test: str
    kind: Literal["returned", "raised"]
    value: str
    type: str
    message: str
    frames: tuple[TracebackFrame, ...]

    @property
    def outcome(self) -> tuple[str, str, str, str]:
        """What came of the call; equal outcomes are equal."""
        return self.kind, self.value, self.type, self.message

    @property
    def as_typed(self) -> str:
        """The call as a user would write it."""
        return self.statement or self.source

    @property
    def is_written(self) -> bool:
        """Whether the call and what came of it can both be written."""
        return bool(self.source) and (self.kind == "raised" or bool(self.value))


def read_calls(answer: Any) -> tuple[RecordedCall, ...]:
    """Return the well-formed calls in a box's ``answer``; what is not well-formed is left out."""
    return tuple(_well_formed(answer if isinstance(answer, list) else []))


def _well_formed(entries: list[Any]) -> Iterator[RecordedCall]:
    for entry in entries:
        try:
            call = _Answer.model_validate(entry).call()
        except ValidationError:
            continue
        sources = [call.source, call.value, *(source for _, source in call.arguments)]
        statements = [*call.setup, *filter(None, [call.statement])]
        if all(is_expression(source) for source in sources if source) and all(map(_is_statement, statements)):
            yield call


class _Answer(RecordedCall):
    """A call as JSON has it: lists instead of tuples, and frames as lists."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    frames: tuple[tuple[str, int, str], ...]  # type: ignore[assignment]

    def call(self) -> RecordedCall:
        """Return the call."""
        fields = dict(self)
        fields["frames"] = tuple(TracebackFrame(path=p, line=n, function=f) for p, n, f in self.frames)
        return RecordedCall(**fields)


def is_expression(source: str) -> bool:
    """Return whether ``source`` is one expression of literals, names, attributes, operators, calls and lambdas."""
    tree = _parsed(source, "eval")
    return tree is not None and all(isinstance(node, _ALLOWED) for node in ast.walk(tree))


def _is_statement(source: str) -> bool:
    """Return whether ``source`` is one expression, one assignment or one deletion of an item."""
    tree = _parsed(source, "exec")
    if not isinstance(tree, ast.Module) or len(tree.body) != 1:
        return False
    statement = tree.body[0]
    parts = [*ast.iter_child_nodes(statement)] if isinstance(statement, ast.Expr | ast.Assign | ast.Delete) else []
    return bool(parts) and all(isinstance(node, _ALLOWED) for part in parts for node in ast.walk(part))


def _parsed(source: str, mode: Literal["eval", "exec"]) -> ast.AST | None:
    if len(source) > _LONGEST:
        return None
    try:
        return parse_expression(source) if mode == "eval" else parse_module(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
