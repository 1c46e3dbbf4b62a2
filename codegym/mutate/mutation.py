"""A mutation as data: its place, the text that it replaces, and the new text."""

from __future__ import annotations

from dataclasses import dataclass

from codegym.errors import TaskError


@dataclass(frozen=True, order=True)
class Mutation:
    """Replace ``old`` at ``source[start:end]`` by ``new``.

    ``start`` and ``end`` count characters, ``line`` counts from 1. ``function`` is the qualified name of the
    innermost function around it, as in ``Class.method``.
    """

    start: int
    end: int
    new: str
    operator: str
    function: str
    line: int
    old: str

    @property
    def single_line(self) -> bool:
        """Whether both the replaced and the new text fit on one line."""
        return "\n" not in self.old and "\n" not in self.new


def apply(source: str, mutation: Mutation) -> str:
    """Return ``source`` with the mutation in it. Raises TaskError unless the text that it replaces is there."""
    old = source[mutation.start : mutation.end]
    if old != mutation.old:
        raise TaskError(f"mutation at {mutation.start} expects {mutation.old!r} and finds {old!r}: other source?")
    return source[: mutation.start] + mutation.new + source[mutation.end :]
