"""Mistakes after which a function does the same with more work: nothing remembered, no early end, more in a loop.

Tests notice none of them. They are tried by counting what the code does (:mod:`codegym.foundry.counted`).
"""

from __future__ import annotations

import re
from itertools import pairwise

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from codegym.mutate.mutation import Mutation
from codegym.mutate.scan import mutations
from codegym.mutate.site import SourceText, line_starts

_SLOWER = frozenset({"forced_branch", "dropped_break", "dropped_assignment", "dropped_update", "stale_cache"})
"""The operators of ordinary mistakes that may leave a result as it is and make it cost more."""
_MEMORIES = re.compile(r"(?:functools\.)?(lru_cache|cache|cached_property)(?:\(.*\))?$", re.DOTALL)
_SHORT_CIRCUITS = frozenset({"any", "all", "next"})


def slowdowns(source: str) -> list[Mutation]:
    """Return edits that may make a function of ``source`` slower and change nothing else, in order.

    Raises ``SyntaxError`` if ``source`` is no Python module.
    """
    ordinary = [mutation for mutation in mutations(source) if _may_slow(mutation)]
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    ranges = wrapper.resolve(PositionProvider)
    walker = _Walker(SourceText(source, line_starts(source), ranges.__getitem__))
    wrapper.module.visit(walker)
    return sorted([*ordinary, *walker.mutations])


def _may_slow(mutation: Mutation) -> bool:
    """Return whether a mutation leaves something out; a branch that is always taken does more than that."""
    return mutation.operator in _SLOWER and mutation.new.strip() != "True"


DIRECT_SLOWDOWNS = frozenset({"eager", "dropped_memory", "dropped_break", "recomputed"})
"""The operators that always cost something if their code runs. They are to be tried before the others."""


class _Walker(cst.CSTVisitor):
    """Collects edits of what remembers results, of searches that end early, and of what is done before a loop."""

    def __init__(self, text: SourceText) -> None:
        super().__init__()
        self.text = text
        self.path: list[str] = []
        self.mutations: list[Mutation] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self.path.append(node.name.value)
        if isinstance(node, cst.FunctionDef):
            for decorator in node.decorators:
                if memory := _MEMORIES.match(self.text.of(decorator.decorator)):
                    self._forget(decorator, memory[1])
        elif isinstance(node, cst.Call) and self.path:
            self._end_late(node)
        elif isinstance(node, cst.IndentedBlock) and self.path:
            for one, other in pairwise(node.body):
                if isinstance(one, cst.SimpleStatementLine) and isinstance(other, cst.For):
                    self._compute_again(one, other)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self.path.pop()

    def _end_late(self, node: cst.Call) -> None:
        """Make all items of a search before the first of them is looked at."""
        only, name = node.args[0].value if len(node.args) == 1 else None, self.text.of(node.func)
        if isinstance(only, cst.GeneratorExp) and name in _SHORT_CIRCUITS:
            start, end = self.text.span(node)
            inside = self.text.source[start:end].partition("(")[2].rstrip()[:-1]
            self._add(start, end, f"next(iter([{inside}]))" if name == "next" else f"{name}([{inside}])", "eager")

    def _compute_again(self, line: cst.SimpleStatementLine, loop: cst.For) -> None:
        """Move an assignment from before a loop into it, if the loop itself does not need its name to begin."""
        assigned, body = line.body[0], loop.body
        if len(line.body) != 1 or not isinstance(assigned, cst.Assign) or not isinstance(body, cst.IndentedBlock):
            return
        name = self.text.of(assigned.targets[0].target)
        is_call = isinstance(assigned.value, cst.Call) and name.isidentifier()
        (start, middle), (header, _), (first, _) = map(self.text.span, (assigned, loop, body.body[0]))
        between = self.text.source[middle:header]
        if not is_call or between.strip() or re.search(rf"\b{name}\b", self.text.source[header:first]):
            return
        indent = " " * self.text.column(body.body[0])
        moved = f"{self.text.source[header:first]}{self.text.source[start:middle]}\n{indent}"
        self._add(start, first, moved, "recomputed")

    def _forget(self, decorator: cst.Decorator, name: str) -> None:
        """Replace a property that remembers by one that does not; remove any other decorator with its line."""
        start, end = self.text.span(decorator.decorator)
        if name == "cached_property":
            self._add(start, end, "property", "dropped_memory")
            return
        first, last = self.text.span(decorator)
        line_end = self.text.source.find("\n", last) + 1
        indent = first - (self.text.source.rfind("\n", 0, first) + 1)
        self._add(first, line_end + indent, "", "dropped_memory")

    def _add(self, start: int, end: int, new: str, operator: str) -> None:
        function = ".".join(self.path)
        old = self.text.source[start:end]
        self.mutations.append(Mutation(start, end, new, operator, function, self.text.line_of(start), old))
