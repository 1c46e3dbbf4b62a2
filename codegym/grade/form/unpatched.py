"""Finds the lines of the test files at which the unpatched tree fails, in the output of a run.

An exam prefers the checks on these lines: they are about what the task asks for.
"""

from __future__ import annotations

import re
from collections import defaultdict

from codegym.grade.form.trials import test_files
from codegym.grade.room import Room
from codegym.grade.subject import Subject

_LOCATION = re.compile(r"([\w.+/-]{1,200}):([0-9]{1,6})\b")
"""A path and a line number, as tracebacks and test programs print them."""


def failing_lines(subject: Subject) -> dict[str, frozenset[int]]:
    """Map each test file to the lines that are named in the failures of the unpatched tree."""
    lines: dict[str, set[int]] = defaultdict(set)
    with Room(subject, dict(subject.hidden)) as room:
        run = room.run({}, subject.task.tests.fail_to_pass)
    files = test_files(subject)
    for name, line in _LOCATION.findall("\n".join([run.output, *run.failures.values()])):
        for path in files:
            if name == path or name.endswith(f"/{path}") or (path.endswith(f"/{name}") and "/" not in name):
                lines[path].add(int(line))
    return {path: frozenset(numbers) for path, numbers in lines.items()}
