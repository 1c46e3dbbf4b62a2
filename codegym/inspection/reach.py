"""How much of the source a suite's tasks are about: the share of its files and functions that have tasks.

Source files are those in which functions can be found and that an agent's patch may change: no tests, nothing
protected. Functions inside of functions belong to the outer one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from codegym.errors import TaskError
from codegym.foundry.repository.project import is_test_path
from codegym.grade.protected import is_protected
from codegym.inspection.facts import TaskFacts
from codegym.inspection.functions import MODULE, functions_of, is_source
from codegym.source import source_tree
from codegym.suite import Suite
from codegym.task import Frozen, Task
from codegym.tree import read_tree


class SourceReach(Frozen):
    """One source, and how much of it has tasks. ``most_per_function`` tasks are about the function with most."""

    source: str
    tasks: int
    files: int
    files_with_tasks: int
    functions: int
    functions_with_tasks: int
    most_per_function: int


class SuiteReach(Frozen):
    """The reach of a suite's tasks. ``missing`` counts the sources that are not on this machine.

    ``sources`` is empty in a generated suite, whose tasks are programs of their own.
    """

    sources: tuple[SourceReach, ...] = ()
    missing: int = 0

    @property
    def files(self) -> tuple[int, int]:
        """The number of source files with tasks, and of all."""
        return sum(s.files_with_tasks for s in self.sources), sum(s.files for s in self.sources)

    @property
    def functions(self) -> tuple[int, int]:
        """The number of functions with tasks, and of all."""
        return sum(s.functions_with_tasks for s in self.sources), sum(s.functions for s in self.sources)


def reach_of(suite: Suite, tasks: Sequence[Task], facts: Mapping[str, TaskFacts]) -> SuiteReach:
    """Return the reach of ``tasks``, source by source, those with most tasks first."""
    if suite.generated:
        return SuiteReach()
    by_source: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        by_source[task.source.model_dump_json()].append(task)
    sources = [_source_reach(suite, group, facts) for group in by_source.values()]
    present = [source for source in sources if source is not None]
    return SuiteReach(
        sources=tuple(sorted(present, key=lambda source: (-source.tasks, source.source))),
        missing=len(sources) - len(present),
    )


def _source_reach(suite: Suite, tasks: Sequence[Task], facts: Mapping[str, TaskFacts]) -> SourceReach | None:
    first = tasks[0]
    try:
        files = read_tree(source_tree(first.source, suite.root))
    except TaskError:
        return None
    paths = {p for p in files if is_source(p) and not is_test_path(p) and not is_protected(p, first.tests)}
    functions = {
        f"{path}: {function.name}" for path in paths for function in functions_of(path, files[path].content)
    }
    uses = Counter(name for task in tasks for name in facts[task.id].functions)
    changed_files = {name.rpartition(": ")[0] for name in uses}
    per_function = [count for name, count in uses.items() if not name.endswith(f": {MODULE}")]
    return SourceReach(
        source=facts[first.id].group,
        tasks=len(tasks),
        files=len(paths | changed_files),
        files_with_tasks=len(changed_files),
        functions=len(functions),
        functions_with_tasks=len(functions & uses.keys()),
        most_per_function=max(per_function, default=0),
    )
