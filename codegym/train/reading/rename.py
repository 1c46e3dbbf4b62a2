"""Gives a generated task other names, made of random syllables.

A suite has a dozen names for a number. A model that reads only these learns which are frequent, and is slow to
learn that a name has to be copied from where it stands. No name of random syllables can be guessed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from keyword import iskeyword

from codegym.generator.expression import FORMS
from codegym.generator.family import ROLE, SLOT, Library
from codegym.generator.phrases import PHRASES
from codegym.task import Task

_PART = re.compile(r"[A-Za-z]+")
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


def renamed(task: Task, library: Library, draw: random.Random) -> Task:
    """Return a task in which the names of ``library`` are others, wherever they stand in it."""
    texts = task.instruction + task.setup_patch
    words = {*_PART.findall(texts)}
    new: dict[str, str] = {}
    for name in sorted(_names(library) & words):
        new[name] = next(text for text in _syllables(draw, name) if text not in words)
        words.add(new[name])
    return task.model_copy(
        update={
            "instruction": _with(new, task.instruction),
            "setup_patch": _with(new, task.setup_patch),
            "gold_patch": _with(new, task.gold_patch),
        }
    )


def _names(library: Library) -> set[str]:
    """Return the parts of all names that are not also words of a docstring."""
    listed = [name for names in library.names.values() for name in names]
    listed += [name for pair in library.nouns for name in pair]
    parts = {part for name in listed for part in _PART.findall(name)}
    templates = " ".join(family.code for family in library.family)
    sentences = " ".join((templates, *PHRASES.sentences, *(form.words for form in FORMS.values())))
    plain = SLOT.sub(" ", ROLE.sub(" ", sentences))
    return parts - {*_PART.findall(plain)}


def _syllables(draw: random.Random, like: str) -> Iterator[str]:
    """Yield names that begin with a capital letter if ``like`` does."""
    while True:
        text = "".join(draw.choice(_CONSONANTS) + draw.choice(_VOWELS) for _ in range(draw.randint(2, 3)))
        name = text.capitalize() if like[0].isupper() else text
        if not iskeyword(name):
            yield name


def _with(new: Mapping[str, str], text: str) -> str:
    return _PART.sub(lambda match: new.get(match[0], match[0]), text)
