"""One mutation as data: where it is, what it replaces, and by what."""

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
    """Return ``source`` with the mutation in it. Raises :class:`TaskError` if it was made for other text."""
    found = source[mutation.start : mutation.end]
    if found != mutation.old:
        raise TaskError(f"mutation at {mutation.start} expects {mutation.old!r} and finds {found!r}")
    return source[: mutation.start] + mutation.new + source[mutation.end :]
