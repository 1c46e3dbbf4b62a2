"""Tasks that ask for nearly the same thing, so that one of them teaches what the others do.

Two rules find them. *Same function, same failing tests*: the gold patches change the same functions of the same
source, and the same tests fail before them. *Same patch*: the gold patches, with the lines around them, are equal
once names are numbered in the order of their first use and white space is ignored; this also finds copied code.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from keyword import kwlist

from codegym.patch.read import parse_patch
from codegym.task import Frozen, Task

SAME_FUNCTION = "same function, same failing tests"
SAME_PATCH = "same patch, up to names"
RULES = {
    SAME_FUNCTION: "The solutions change the same functions of one source, and the same tests fail before them.",
    SAME_PATCH: "The solutions, with the lines around them, are equal once names are numbered by first use.",
}
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\S")
_KEYWORDS = frozenset(kwlist) | frozenset(
    "if else for while return switch case break do const let var function new throw int char void static".split()  # noqa: SIM905
)


class TwinGroup(Frozen):
    """Tasks that are alike by one rule, in the suite's order."""

    rule: str
    tasks: tuple[str, ...]


def twin_groups(tasks: Iterable[Task], functions: Mapping[str, tuple[str, ...]]) -> tuple[TwinGroup, ...]:
    """Return the groups of near-duplicates, the largest first. ``functions`` are those that each task is about."""
    groups: dict[tuple[str, Hashable], list[str]] = defaultdict(list)
    for task in tasks:
        if functions.get(task.id) and task.tests.fail_to_pass:
            place = (task.source.model_dump_json(), frozenset(functions[task.id]))
            groups[SAME_FUNCTION, (place, frozenset(task.tests.fail_to_pass))].append(task.id)
        if task.gold_patch:
            groups[SAME_PATCH, nameless(task.gold_patch)].append(task.id)
    found_groups = [TwinGroup(rule=rule, tasks=tuple(ids)) for (rule, _), ids in groups.items() if len(ids) > 1]
    return tuple(sorted(found_groups, key=lambda group: (-len(group.tasks), group.rule, group.tasks)))


def surplus(groups: Iterable[TwinGroup]) -> int:
    """Return how many tasks would go if one of each set of near-duplicates stayed."""
    leader: dict[str, str] = {}

    def first(task: str) -> str:
        while leader.get(task, task) != task:
            task = leader[task]
        return task

    for group in groups:
        for task in group.tasks:
            leader.setdefault(task, task)
            leader[first(task)] = first(group.tasks[0])
    return sum(first(task) != task for task in leader)


def nameless(patch: str) -> tuple[str, ...]:
    """Return the tokens of a patch's hunks with their context, names replaced by numbers, without paths."""
    numbers: dict[str, str] = {}
    tokens: list[str] = []
    for part in parse_patch(patch):
        for hunk in part.hunks:
            for sign, lines in (("-", hunk.old), ("+", hunk.new)):
                tokens.append(sign)
                for line in lines:
                    tokens += (_numbered(token, numbers) for token in _TOKEN.findall(line))
                    tokens.append("\n")
    return tuple(tokens)


def _numbered(token: str, numbers: dict[str, str]) -> str:
    if not (token[0].isalpha() or token[0] == "_") or token in _KEYWORDS:
        return token
    return numbers.setdefault(token, f"name{len(numbers)}")
