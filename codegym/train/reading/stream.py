"""Written episodes without end: which one comes at each place depends on the seed alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, islice
from typing import Protocol

from codegym.errors import ConfigError
from codegym.generator.family import SPLITS, Catalogue, load_families
from codegym.generator.tasks import GeneratedTasks
from codegym.policy.chat import ChatFormat
from codegym.policy.protocol import Opening
from codegym.suite import Suite
from codegym.task import FolderSource, Task
from codegym.train.data.conversation import Conversation, Turn, encode, texts
from codegym.train.model.words import fewest_tokens
from codegym.train.reading.generated import fault_of, right_excerpts
from codegym.train.reading.library import fault_in, library_functions
from codegym.train.reading.rename import renamed
from codegym.train.reading.written import write_episode

Row = dict[str, list[int]]

_RIGHT_PROGRAMS = 4
"""Right programs that are read at once."""
_MOST_MISSES = 200
"""So many episodes without one that fits the context are taken for all."""
_SORTED = 32
"""Batches of a block: they are filled at once, from rows sorted by length, so that little of them is padding."""
_NO_SOURCE = FolderSource(path=".", digest="")
"""Of programs that are read and never opened."""
_PLACES = 1000
"""Places per row of a block. It takes its rows from the first that have one, so that it never runs out."""


class Encoder(Protocol):
    """Makes a row of an episode; ``None`` if that has more than ``limit`` ids."""

    @property
    def limit(self) -> int:
        """The most ids of a row."""
        ...

    def __call__(self, conversation: Conversation) -> Row | None:
        """Return the row of an episode."""
        ...


@dataclass(frozen=True)
class Shortest:
    """An encoder without a tokenizer: rows of as many ids as any tiny policy needs at least.

    It refuses a context that is too small before a tokenizer is trained on thousands of episodes.
    """

    limit: int

    def __call__(self, conversation: Conversation) -> Row | None:
        """Return a row of that length, of no meaning."""
        length = sum(map(fewest_tokens, texts([conversation])))
        return {"input_ids": [0] * length} if length <= self.limit else None


@dataclass(frozen=True)
class Encoding:
    """Makes a row of ids and labels of an episode; ``None`` if it has more than ``limit`` ids.

    All that is read has labels but the answers that are not to be imitated.
    """

    chat: ChatFormat
    limit: int
    opening: Opening

    def __call__(self, conversation: Conversation) -> Row | None:
        """Return the row of an episode."""
        return encode(conversation, self.chat, self.limit, self.opening, everything=True)


@dataclass(frozen=True)
class Reading:
    """Written episodes of ``split`` of a generated suite, and of faults in library functions.

    ``library_share`` of them are of the library, without the packages ``excluded`` and those that suites measure
    with. ``made_up_share`` of the others are of families made up at random
    (:mod:`codegym.generator.made_up`); ``None``: as many as of the suite's own tasks. ``renamed_share`` have names
    of random syllables. ``right_share`` of what is read are right programs instead of episodes: in the excerpt of
    an episode the line with the fault is just the one that does not do what the docstring says.
    """

    suite: Suite
    split: str
    seed: int
    library_share: float = 0.0
    made_up_share: float | None = None
    renamed_share: float = 0.0
    right_share: float = 0.0
    excluded: frozenset[str] = frozenset()

    @cached_property
    def _catalogue(self) -> Catalogue:
        catalogue = load_families(self.suite.root, self.suite.env_id)
        if self.made_up_share is None:
            return catalogue
        percent = round(100 * self.made_up_share)
        library = catalogue.library.model_copy(update={"made_up": dict.fromkeys(SPLITS, percent)})
        return replace(catalogue, library=library, digest=f"{catalogue.digest}, {percent} % made up")

    @cached_property
    def _tasks(self) -> GeneratedTasks:
        return GeneratedTasks(self._catalogue, _NO_SOURCE)

    def conversation(self, place: int) -> Conversation | None:
        """Return the episode at a place, counted from 0; ``None`` if none came out there."""
        draw = random.Random(f"{self.seed}/{place}")  # noqa: S311 - not for secrets
        if draw.random() < self.library_share:
            fault = fault_in(draw.choice(library_functions(self.excluded)), draw)
            return write_episode(fault) if fault else None
        if draw.random() < self.right_share:
            programs = [right_excerpts(self._task(draw)) for _ in range(_RIGHT_PROGRAMS)]
            return (Turn("\n".join(programs), "q", imitate=False),)
        return write_episode(fault_of(self._task(draw), draw))

    def _task(self, draw: random.Random) -> Task:
        """Return a random task, perhaps with other names."""
        task = self._tasks[self._tasks.draw(self.split, draw.randrange)]
        return renamed(task, self._catalogue.library, draw) if draw.random() < self.renamed_share else task

    def conversations(self, start: int = 0) -> Iterator[Conversation]:
        """Yield the episodes from a place on, without end."""
        return (episode for place in count(start) if (episode := self.conversation(place)))

    def rows(
        self, encoding: Encoder, size: int, first: int = 0, *, worker: int = 0, workers: int = 1
    ) -> Iterator[Row]:
        """Yield what is read from batch number ``first`` on, without end: ``size`` rows of similar length each.

        Each block of batches depends on its number alone, so training that begins at a later batch reads what it
        would have read there. Of several workers, each yields every ``workers``-th batch, from a block of its own.
        Episodes that are too long are left out. Raises :class:`ConfigError` if that is so for each of many.
        """
        current, block = -1, []
        for number in count(first + worker, workers):
            rounds, turn = divmod(number, workers)
            needed = rounds // _SORTED * workers + turn
            if needed != current:
                current, block = needed, self._block(encoding, size, needed)
            yield from block[rounds % _SORTED]

    def check_fits(self, encoding: Encoder) -> None:
        """Raise :class:`ConfigError` as :meth:`rows` does, before a batch is filled."""
        next(self._fitting(encoding, 0))

    def _block(self, encoding: Encoder, size: int, number: int) -> list[list[Row]]:
        """Return the batches of a block, in a random order."""
        first = number * size * _SORTED
        rows = islice(self._fitting(encoding, first * _PLACES), size * _SORTED)
        ordered = sorted(rows, key=lambda row: len(row["input_ids"]))
        batches = [ordered[at : at + size] for at in range(0, len(ordered), size)]
        random.Random(f"{self.seed}/{first}/order").shuffle(batches)  # noqa: S311 - not for secrets
        return batches

    def _fitting(self, encoding: Encoder, start: int) -> Iterator[Row]:
        misses = 0
        for conversation in self.conversations(start):
            row = encoding(conversation)
            misses = 0 if row else misses + 1
            if misses == _MOST_MISSES:
                raise ConfigError(
                    f"none of {misses} episodes in a row has at most {encoding.limit} tokens: raise [policy] "
                    "context_tokens, or [policy.tiny] vocabulary"
                )
            if row:
                yield row
