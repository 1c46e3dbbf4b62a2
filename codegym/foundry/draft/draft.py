"""A task in the making: what it does to the source, and which tests could notice.

Every operator hands over drafts in the order in which they should be tried; what each of them does to the tests is
found out in one way for all (:mod:`codegym.foundry.draft.hunt`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from codegym.digest import digest_json
from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.draft.candidates import candidates, is_hard
from codegym.foundry.repository.project import Project
from codegym.foundry.repository.reach import Reach
from codegym.mutate import Mutation
from codegym.mutate.encoding import encoding_of, text_of_source
from codegym.mutate.removal import removals
from codegym.sandbox.protocol import File
from codegym.tree import Files


@dataclass(frozen=True)
class Place:
    """One edit of one file, within a function that goes from line ``first`` to ``last``."""

    path: str
    mutation: Mutation
    first: int
    last: int

    @property
    def lines(self) -> int:
        """How many lines the function has."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Draft:
    """What makes one task: an operator's edits, the tests to try them with (none: all), and what bounds them.

    ``bounds`` are pairs of a key and how many tasks may share it. ``of`` names the tasks that a chain is made of.
    """

    operator: str
    places: tuple[Place, ...]
    tests: tuple[str, ...]
    bounds: tuple[tuple[str, int], ...] = ()
    of: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A digest of the places and texts of all edits."""
        edits = [[p.path, p.mutation.start, p.mutation.end, p.mutation.new] for p in self.places]
        return digest_json([self.operator, edits])

    @property
    def kind(self) -> str:
        """What kind of slip it is, for those who count."""
        return "+".join(dict.fromkeys(place.mutation.operator for place in self.places))

    def wrong(self, files: Files) -> dict[str, File]:
        """Return the changed files. Edits do not overlap."""
        changed: dict[str, File] = {}
        for place in sorted(self.places, key=lambda place: -place.mutation.start):
            before = changed.get(place.path, files[place.path])
            encoding, m = encoding_of(files[place.path].content), place.mutation
            text = before.content.decode(encoding)
            wrong = text[: m.start] + m.new + text[m.end :]
            changed[place.path] = File(wrong.encode(encoding), before.executable)
        return changed


def mutation_drafts(
    sources: Iterable[str], files: Files, bounds: Bounds, reach: Reach, most: int
) -> Iterator[Draft]:
    """Yield single mutations of ``sources``, spread over functions and kinds, which share ``most`` tasks."""
    share = max(2, int(most * bounds.operator_share))
    hard = max(1, int(most * bounds.hard_share))
    for found in candidates(sources, bounds, files, reach):
        m = found.mutation
        bounded = [
            (f"{found.path} {m.function}", bounds.per_function),
            (f"{found.path} {m.line}", 2),
            (m.operator, share),
        ]
        if is_hard(found, bounds):
            bounded.append(("hard", hard))
        place = Place(found.path, m, found.first, found.last)
        yield Draft("mutation", (place,), found.tests, tuple(bounded))


def combined_drafts(noticed: list[Draft]) -> Iterator[Draft]:
    """Yield pairs, then threes, of mutations that are noticed one by one: of one file, in different functions."""
    for size in (2, 3):
        for group in _groups(noticed, size):
            places = tuple(place for draft in group for place in draft.places)
            tests = tuple(dict.fromkeys(test for draft in group for test in draft.tests))
            paths = " ".join(sorted({place.path for place in places}))
            yield Draft("combined", places, tests, ((f"{paths} {size}", 4),))


def _groups(noticed: list[Draft], size: int) -> Iterator[list[Draft]]:
    by_path: dict[str, list[Draft]] = {}
    for draft in noticed:
        by_path.setdefault(draft.places[0].path, []).append(draft)
    for path in sorted(by_path):
        unused = sorted(by_path[path], key=lambda draft: digest_json([draft.key, size]))
        while len(group := _of_functions(unused, size)) == size:
            yield group
            unused = [draft for draft in unused if draft not in group]


def _of_functions(drafts: Iterable[Draft], size: int) -> list[Draft]:
    by_function: dict[str, Draft] = {}
    for draft in drafts:
        by_function.setdefault(draft.places[0].mutation.function, draft)
    return list(by_function.values())[:size]


def removal_drafts(project: Project, bounds: Bounds, reach: Reach | None) -> Iterator[Draft]:
    """Yield functions without their body, those with most of it to be written neither first nor last."""
    found = [draft for path in project.sources for draft in _removals(project, bounds, reach, path)]
    yield from sorted(found, key=lambda draft: draft.key)


def _removals(project: Project, bounds: Bounds, reach: Reach | None, path: str) -> Iterator[Draft]:
    try:
        found = removals(text_of_source(project.files[path].content), project.language)
    except (SyntaxError, ValueError, RecursionError):
        return

    @cache
    def tests(first: int, last: int) -> tuple[str, ...]:
        return reach.noticing(path, first, first - 1, last) if reach else ()

    for mutation, last in found:
        if last - mutation.line >= bounds.longest_function or (reach and not tests(mutation.line, last)):
            continue
        place = Place(path, mutation, mutation.line, last)
        yield Draft("removal", (place,), tests(mutation.line, last), ((f"{path} {mutation.function}", 1),))
