"""Which tasks of a suite have results that are alike: bugs in one function, programs of one family.

An interval that takes such tasks for independent ones is too narrow, so intervals resample clusters of tasks.
``cluster`` in ``suite.toml`` names the keys of the tasks' metadata that decide: tasks with the same values are one
cluster. It is in no digest, as it changes no task.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from codegym.suite import Suite
from codegym.task import Task


def cluster_of(suite: Suite, task: Task) -> str:
    """Return the name of a task's cluster, ``""`` if it has none: then the task is a cluster of its own."""
    values = [_text(task.metadata.get(key)) for key in suite.manifest.cluster]
    return ": ".join(values) if all(values) else ""


def shared_clusters(suite: Suite, task_ids: Iterable[str]) -> dict[str, str]:
    """Map each of these tasks that shares its cluster with another one of them to the cluster's name."""
    tasks = [suite.tasks[task_id] for task_id in dict.fromkeys(task_ids) if task_id in suite.tasks]
    names = {task.id: cluster_of(suite, task) for task in tasks}
    sizes = Counter(names.values())
    return {task_id: name for task_id, name in sorted(names.items()) if name and sizes[name] > 1}


def cluster_count(tasks: int, shared: Mapping[str, str]) -> int:
    """Return the number of clusters of ``tasks`` tasks, of which those in ``shared`` share theirs."""
    return tasks - len(shared) + len(set(shared.values()))


def _text(value: object) -> str:
    """Return a value of the metadata as text; of a list, its members once and sorted."""
    if isinstance(value, list | tuple):
        return ", ".join(sorted({str(one) for one in value}))
    return "" if value is None else str(value)
