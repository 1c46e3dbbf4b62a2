"""All tasks of a generated suite, by id, made when they are asked for.

Every id such as ``d3-000123`` has a task. Only some are *listed*: those that are evaluated, counted and certified,
the first of each split and level. Training draws from all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from codegym.certificate import without_tests
from codegym.generator.family import SPLITS, Catalogue
from codegym.generator.make import id_of, make_task, split_of
from codegym.task import FolderSource, Task

_ID = re.compile(r"d([1-9])-(\d{6})")
_LEVEL_OF_SPLIT = re.compile(r"(\w+)-d([1-9])")


@dataclass(frozen=True)
class GeneratedTasks(Mapping[str, Task]):
    """Maps ids to tasks. Iteration and length are those of the listed ids; a look-up takes any valid id.

    ``source`` is the tree that setup patches apply to. ``refused`` ids are absent; ``quarantined`` maps an id to
    the tests that its task lacks.
    """

    catalogue: Catalogue
    source: FolderSource
    refused: frozenset[str] = frozenset()
    quarantined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __getitem__(self, task_id: str) -> Task:
        if task_id not in self:
            raise KeyError(task_id)
        task = _make_once(self.catalogue, self.source, task_id)
        tests = self.quarantined.get(task_id)
        return without_tests(task, tests) if tests else task

    def __contains__(self, task_id: object) -> bool:
        parts = _ID.fullmatch(task_id) if isinstance(task_id, str) else None
        if parts is None:
            return False
        return int(parts[1]) in self.catalogue.library.levels and task_id not in self.refused

    def __iter__(self) -> Iterator[str]:
        for ids in self.listed.values():
            yield from ids

    def __len__(self) -> int:
        return sum(map(len, self.listed.values()))

    def __hash__(self) -> int:
        return hash((self.catalogue.digest, self.refused))

    @cached_property
    def listed(self) -> dict[str, tuple[str, ...]]:
        """Maps each split to its listed ids, level by level, without the refused ones."""
        levels = self.catalogue.library.levels
        return {
            split: tuple(
                task_id
                for level in levels
                for number in range(count // len(levels))
                if (task_id := id_of(level, SPLITS[split][0] + number)) not in self.refused
            )
            for split, count in self.catalogue.library.listed.items()
        }

    @property
    def digest(self) -> str:
        """The digest of what makes the tasks: the families and the generator's source."""
        return self.catalogue.digest

    @property
    def image(self) -> str:
        """The image of every task."""
        return self.catalogue.library.image

    def certified(self, refused: frozenset[str], quarantined: Mapping[str, tuple[str, ...]]) -> GeneratedTasks:
        """Return these tasks without the refused ones and without tests in quarantine."""
        return replace(self, refused=refused, quarantined=quarantined)

    def level_of_split(self, name: str) -> tuple[str, ...] | None:
        """Return the listed ids of one level of a split, named as in ``train-d3``; ``None`` for another name."""
        parts = _LEVEL_OF_SPLIT.fullmatch(name)
        if not parts or parts[1] not in self.listed or int(parts[2]) not in self.catalogue.library.levels:
            return None
        return tuple(task_id for task_id in self.listed[parts[1]] if task_id.startswith(f"d{parts[2]}-"))

    def has_in_split(self, task_id: str, split: str | None) -> bool:
        """Return whether there is a task with this id, listed or not, in a split or one of its levels."""
        if split is None or task_id not in self:
            return task_id in self
        return split in (self.split_of(task_id), f"{self.split_of(task_id)}-{task_id[:2]}")

    def draw(self, split: str | None, below: Callable[[int], int]) -> str:
        """Return a random id, listed or not, of a split, one of its levels, or of any. ``below`` draws numbers."""
        parts = _LEVEL_OF_SPLIT.fullmatch(split or "")
        first, end = (0, 1_000_000) if split is None else SPLITS[parts[1] if parts else split]
        levels = (int(parts[2]),) if parts else self.catalogue.library.levels
        while (task_id := id_of(levels[below(len(levels))], first + below(end - first))) in self.refused:
            pass
        return task_id

    @staticmethod
    def split_of(task_id: str) -> str:
        """Return the split of a valid id."""
        return split_of(int(task_id[3:]))


@lru_cache(maxsize=8192)
def _make_once(catalogue: Catalogue, source: FolderSource, task_id: str) -> Task:
    return make_task(catalogue, source, int(task_id[1]), int(task_id[3:]))
