"""Reads ``families.toml``: the families of programs that a generated suite draws from.

A family is a template of a module. Its text has three kinds of marks:

- ``{item}``: a name, drawn from the lists in ``[names]``. ``{f}``, ``{g}`` and ``{h}`` are functions.
- ``<step>``: an expression, drawn as ``slots`` says; ``<step words>`` is the same in English, for the docstring.
- ``#- tag`` at the end of a line: the fault ``tag`` forgets this line. ``#= tag: code``: it has ``code`` instead.
  A tag may mark several lines.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from codegym.digest import digest_bytes, digest_json
from codegym.errors import TaskError, wrong_fields
from codegym.task import Frozen, Limits

FAMILIES = "families.toml"
"""The file that makes a suite a generated one."""

SPLITS = {
    "train": (0, 700_000),
    "fresh": (700_000, 800_000),
    "val": (800_000, 900_000),
    "test": (900_000, 1_000_000),
}
"""Maps a split to the first number of its tasks, and to the number after the last.

``fresh`` has other programs of what ``train`` draws from; ``val`` and ``test`` have other families and sentences.
"""
_LIKE = {"fresh": "train"}
"""A split without families of its own, and the one whose families it has."""


ROLE = re.compile(r"\{([A-Za-z]\w*)\}")
"""A name in a template."""
SLOT = re.compile(r"<(\w+)( words)?>")
"""An expression in a template."""
MARK = re.compile(r"^(?P<line>.*?) {2,}#(?P<kind>[-=]) (?P<tag>\w+)(?:: (?P<code>.*))?$")
"""A line of a template that a fault changes."""


class ProgramFamily(Frozen):
    """A template of programs. ``level`` is from 1, one expression, to 5, several functions and state.

    ``call`` is the call whose result a test compares, after the statements in ``setup`` and some of ``moves``.
    Marks such as ``<numbers>`` in these three are inputs (:mod:`codegym.generator.cases`). ``slots`` maps a slot
    to its kind, its depth and what it may read: ``int 2: {item}, len({word}); {word}``, by kind int and text.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    level: int = Field(ge=1, le=5)
    split: Annotated[str, StringConstraints(pattern="^(train|val|test)$")]
    code: str
    call: str
    setup: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    slots: dict[str, str] = Field(default_factory=dict)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the template."""
        return tuple(self.code.strip("\n").split("\n"))

    @cached_property
    def constant_lines(self) -> tuple[str, ...]:
        """The lines that no fault changes. Empty lines are left out."""
        slots = ((line, SLOT.finditer(line)) for line in self.lines if line and not MARK.match(line))
        return tuple(line for line, matches in slots if all(match[2] for match in matches))

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """The names that the template has to be given, in order."""
        return tuple(dict.fromkeys(ROLE.findall("\n".join((self.code, *self.setup, *self.moves, self.call)))))

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The faults that are marked in the template."""
        return tuple(dict.fromkeys(match["tag"] for line in self.lines if (match := MARK.match(line))))


class Library(Frozen):
    """The content of ``families.toml``. ``listed`` maps each split to how many of its tasks are listed.

    ``made_up`` maps a split to the share, in percent, of its tasks whose family is not listed here but put
    together at random (:mod:`codegym.generator.made_up`); ``fresh`` has the share of ``train``.
    ``names`` maps a role in templates to names for it. ``nouns`` are pairs of a singular and a plural.
    """

    image: str = "python"
    limits: Limits = Limits()
    listed: dict[str, int]
    nouns: tuple[tuple[str, str], ...]
    names: dict[str, tuple[str, ...]]
    made_up: dict[str, Annotated[int, Field(ge=0, le=100)]] = Field(default_factory=dict)
    family: tuple[ProgramFamily, ...] = Field(min_length=1)

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """The levels that every split has families of."""
        return tuple(level for level in range(1, 6) if all(self.families(split, level) for split in SPLITS))

    @cached_property
    def _pools(self) -> Mapping[tuple[str, int], tuple[ProgramFamily, ...]]:
        keys = dict.fromkeys((family.split, family.level) for family in self.family)
        return {
            key: tuple(family for family in self.family if (family.split, family.level) == key) for key in keys
        }

    def families(self, split: str, level: int) -> tuple[ProgramFamily, ...]:
        """Return the listed families of a split at one level."""
        return self._pools.get((_LIKE.get(split, split), level), ())

    def made_up_percent(self, split: str) -> int:
        """Return how many of a hundred tasks of a split have a family that is made up."""
        return self.made_up.get(_LIKE.get(split, split), 0)


@dataclass(frozen=True)
class Catalogue:
    """A library, the environment id that begins its random numbers, and the digest of all that makes tasks."""

    library: Library = field(compare=False)
    env_id: str
    digest: str


@lru_cache(maxsize=8)
def load_families(root: Path, env_id: str) -> Catalogue:
    """Read ``families.toml`` in a suite's folder. Raises :class:`TaskError` naming what is wrong."""
    path = root / FAMILIES
    try:
        text = path.read_bytes()
        library = Library(**tomllib.loads(text.decode()))
    except ValidationError as error:
        raise TaskError(f"{path}: {wrong_fields(error)}") from error
    except (OSError, ValueError, TypeError) as error:
        raise TaskError(f"{path}: {error}") from error
    if not library.levels or set(library.listed) | {*_LIKE} != set(SPLITS):
        needed = ", ".join(split for split in SPLITS if split not in _LIKE)
        raise TaskError(f"{path}: needs `listed` for, and families of one level in, each of {needed}")
    return Catalogue(library, env_id, digest_json([digest_bytes(text), generator_digest()]))


@lru_cache
def generator_digest() -> str:
    """Return the digest of the generator's own files: its source, and its phrases."""
    here = Path(__file__).parent
    files = sorted([*here.glob("*.py"), *here.glob("*.toml")])
    return digest_json({path.name: digest_bytes(path.read_bytes()) for path in files})
