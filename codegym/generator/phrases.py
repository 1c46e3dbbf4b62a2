"""Reads ``phrases.toml``: the phrases that made-up families are put together from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cached_property
from importlib.resources import files

from codegym.task import Frozen

PLAIN_RESULTS = 5
"""So many of the first results fit any place."""


class Phrase(Frozen):
    """Code, and ways to say it. ``held_out`` are ways for val and test alone.

    A fault may have ``wrong`` in place of the code. ``state`` is what a statement changes, or a part of a result
    tells of; ``element`` is the name that a loop has for an element.
    """

    code: str = ""
    ways: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    wrong: str = ""
    state: str = ""
    element: str = ""


class Phrases(Frozen):
    """The content of ``phrases.toml``, which says what each list is for."""

    titles: tuple[str, ...]
    separators: tuple[str, ...]
    joints: tuple[str, ...]
    let: Phrase
    start: Phrase
    returned: Phrase
    results: tuple[Phrase, ...]
    text_results: tuple[Phrase, ...]
    loops: tuple[Phrase, ...]
    skips: tuple[Phrase, ...]
    guards: tuple[Phrase, ...]
    steps: tuple[Phrase, ...]
    helper_steps: tuple[Phrase, ...]
    states: tuple[Phrase, ...]
    after: tuple[Phrase, ...]
    parts: tuple[Phrase, ...]

    @cached_property
    def held_out(self) -> frozenset[str]:
        """What train never says."""
        return frozenset(way for phrase in self._phrases() for way in phrase.held_out)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """All that made-up docstrings can say."""
        return (*self.titles, *(way for one in self._phrases() for way in (*one.ways, *one.held_out)))

    def _phrases(self) -> Iterator[Phrase]:
        for value in dict(self).values():
            listed = value if isinstance(value, tuple) else (value,)
            yield from (phrase for phrase in listed if isinstance(phrase, Phrase))


PHRASES = Phrases(**tomllib.loads(files("codegym.generator").joinpath("phrases.toml").read_text()))
