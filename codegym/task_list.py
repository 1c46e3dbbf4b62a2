"""A sequence of tasks that need not all be in memory: a generated suite makes each when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from codegym.task import Task


class TaskList(Sequence[Task]):
    """The tasks with some ids, in order. Each is made or looked up when it is asked for."""

    def __init__(self, tasks: Mapping[str, Task], ids: Sequence[str]) -> None:
        self._tasks, self.ids = tasks, ids

    @overload
    def __getitem__(self, index: int) -> Task: ...
    @overload
    def __getitem__(self, index: slice) -> TaskList: ...
    def __getitem__(self, index: int | slice) -> Task | TaskList:
        if isinstance(index, slice):
            return TaskList(self._tasks, self.ids[index])
        return self._tasks[self.ids[index]]

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Task]:
        return (self._tasks[task_id] for task_id in self.ids)
