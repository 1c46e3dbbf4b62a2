"""A draft is one or more edits of the source that may become a task, with the tests that may notice them.

Every operator yields drafts in the order in which to try them. :mod:`codegym.foundry.draft.try_drafts` tries the
drafts of all operators in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from codegym.digest import digest_bytes, digest_json
from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.draft.candidates import candidates, is_hard
from codegym.foundry.holdout.hidden import Hidden
from codegym.foundry.repository.calls import CallGraph
from codegym.foundry.repository.reach import Reach
from codegym.mutate import Mutation
from codegym.mutate.encoding import encoding_of
from codegym.sandbox.protocol import File
from codegym.tree import Files


@dataclass(frozen=True)
class LocatedMutation:
    """A mutation of one file, with the first and the last line of the function around it.

    ``outermost`` is the function that contains this one and is in no other; empty if this one is in no other.
    """

    path: str
    mutation: Mutation
    first: int
    last: int
    outermost: str = ""

    @property
    def lines(self) -> int:
        """How many lines the function has."""
        return self.last - self.first + 1

    @property
    def place(self) -> str:
        """The file and the outermost function, by which tasks are counted as alike."""
        return f"{self.path} {self.outermost or self.mutation.function}"


@dataclass(frozen=True)
class Draft:
    """The mutations that one operator proposes for one task, and the ``tests`` to try them with (empty: all).

    ``bounds`` are pairs of a key and of how many tasks may have that key. ``parts`` are the ids of the tasks that
    a chain is made of, ``hidden`` what these hide. ``objection`` is the reason why a draft is not tried, if any.
    """

    operator: str
    mutations: tuple[LocatedMutation, ...]
    tests: tuple[str, ...]
    bounds: tuple[tuple[str, int], ...] = ()
    parts: tuple[str, ...] = ()
    hidden: Hidden = field(default_factory=Hidden)
    objection: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that the mutations change, sorted."""
        return tuple(sorted({located.path for located in self.mutations}))

    @property
    def key(self) -> str:
        """A digest of the places and the texts of all mutations."""
        edits = [[m.path, m.mutation.start, m.mutation.end, m.mutation.new] for m in self.mutations]
        return digest_json([self.operator, edits])

    @property
    def kind(self) -> str:
        """The names of the mutations' own operators, joined by ``+``, as they are shown in statistics."""
        return "+".join(dict.fromkeys(located.mutation.operator for located in self.mutations))

    def changed_files(self, files: Files) -> dict[str, File]:
        """Return those of ``files`` that the mutations change, with the bugs in them. Mutations do not overlap."""
        changed: dict[str, File] = {}
        for located in sorted(self.mutations, key=lambda located: -located.mutation.start):
            before = changed.get(located.path, files[located.path])
            encoding, m = encoding_of(files[located.path].content), located.mutation
            text = before.content.decode(encoding)
            mutated = text[: m.start] + m.new + text[m.end :]
            changed[located.path] = File(mutated.encode(encoding), before.executable)
        return changed


def task_id(package: str, key: str) -> str:
    """Return a task's id: the package, and eight digits made from ``key`` that do not show where the bug is."""
    return f"{package}-{digest_bytes(key.encode())[:8]}"


def mutation_drafts(
    sources: Iterable[str], files: Files, bounds: Bounds, reach: Reach, *, graph: CallGraph, most: int
) -> Iterator[Draft]:
    """Yield drafts of one mutation each, spread over functions and operators.

    ``most`` is the number of tasks to make of them; the shares in ``bounds`` are shares of it. As long as there
    are any, every second draft is in a function that its tests do not call themselves, as ``graph`` says.
    """
    share = max(2, int(most * bounds.operator_share))
    hard = max(1, int(most * bounds.hard_share))
    for candidate in candidates(sources, bounds, files, reach, graph):
        m = candidate.mutation
        located = LocatedMutation(candidate.path, m, candidate.first, candidate.last, candidate.outermost)
        bounded = [
            *function_bounds([located], bounds),
            (f"slips {located.place}", bounds.slips_per_function),
            (f"{candidate.path} {m.line}", 2),
            (m.operator, share),
        ]
        if is_hard(candidate, bounds):
            bounded.append(("hard", hard))
        yield Draft("mutation", (located,), candidate.tests, tuple(bounded))


def function_bounds(mutations: Iterable[LocatedMutation], bounds: Bounds) -> list[tuple[str, int]]:
    """Return how many tasks, of all operators together, may change each function that ``mutations`` change."""
    return [(place, bounds.per_function) for place in dict.fromkeys(located.place for located in mutations)]
