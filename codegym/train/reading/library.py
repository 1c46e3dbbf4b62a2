"""Faults in functions of Python's library and of installed packages. Nothing here is executed.

Which lines a failing test would mark is not known without running it, so the line with the fault and some others
of its function are marked, and the function comes first in the list of suspects.
"""

from __future__ import annotations

import random
import sysconfig
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codegym.digest import digest_json
from codegym.errors import ConfigError
from codegym.mutate import Mutation, apply, mutations
from codegym.syntax import parse_module
from codegym.tool.compact.opening import brief_instruction
from codegym.tool.compact.spectrum import docstring, functions
from codegym.tool.compact.suspect import Suspect
from codegym.tool.standard.run import brief_counts
from codegym.train.reading.packages import excluded_packages, is_excluded
from codegym.train.reading.written import Fault

LINES = (3, 24)
"""The fewest and the most lines of a function that is read."""
_MOST_CHARS = 1600
_MOST_BYTES = 200_000
_MODULES_OF = 4
"""Of so many modules one is read."""
_MARKED = 0.4
"""How often a line beside the fault is marked."""
_SKIPPED_FOLDERS = {"test", "tests", "idlelib", "lib2to3", "__pycache__", "site-packages"}


@dataclass(frozen=True)
class LibraryFunction:
    """A function: its package, its qualified name, its text, and names of others in its module."""

    package: str
    name: str
    text: str
    neighbours: tuple[str, ...]


@lru_cache(maxsize=2)
def library_functions(excluded: frozenset[str]) -> tuple[LibraryFunction, ...]:
    """Return the functions of all packages on this machine but ``excluded`` ones, in a fixed order.

    Packages that suites measure with are left out as well. Raises :class:`ConfigError` if there are no others,
    or for an unknown package.
    """
    every = [one for package, path in _modules(excluded_packages(excluded)) for one in _functions(package, path)]
    unique = list({one.text: one for one in every}.values())
    if not unique:
        raise ConfigError("no Python sources of packages are on this machine to read")
    return tuple(unique)


def fault_in(function: LibraryFunction, random_numbers: random.Random) -> Fault | None:
    """Return a fault in a function; ``None`` if no operator makes one in it."""
    possible = _mutations(function.text)
    if not possible:
        return None
    wrong = apply(function.text, random_numbers.choice(possible))
    place = _suspect(function, wrong, random_numbers)
    if place is None:
        return None
    passed, failed = random_numbers.randint(0, 3), random_numbers.randint(1, 3)
    test = f"tests/test_{function.package}.py::test_{function.name.rpartition('.')[2].strip('_')}"
    many = "a test fails" if failed == 1 else f"{failed} tests fail"
    opening = (
        f"{function.package}: {many}.\n{test}\nThe tests are right. Find the mistake in the code and repair it."
    )

    def judge(text: str) -> str:
        bad = 0 if text == function.text else failed
        return brief_counts(passed + failed - bad, bad, "AssertionError" if bad else "")

    return Fault(
        opening=brief_instruction(opening),
        suspects=_with_neighbours(place, function.neighbours, random_numbers),
        wrong=wrong,
        right=function.text,
        judge=judge,
    )


@lru_cache(maxsize=20_000)
def _mutations(text: str) -> tuple[Mutation, ...]:
    try:
        return tuple(mutations(text))
    except SyntaxError:
        return ()


def _suspect(function: LibraryFunction, wrong: str, random_numbers: random.Random) -> Suspect | None:
    try:
        _, node = functions(parse_module(wrong))[0]
    except (SyntaxError, IndexError):
        return None
    old, new = function.text.split("\n"), wrong.split("\n")
    changed = next((n for n, (a, b) in enumerate(zip(old, new, strict=False), 1) if a != b), len(new))
    body = range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)
    hot = {line for line in body if random_numbers.random() < _MARKED} | {changed}
    bounds = docstring(node)
    return Suspect(
        path="",
        name=function.name,
        first=node.lineno,
        last=node.end_lineno or node.lineno,
        hot=sorted(hot),
        docstring=(bounds[0], bounds[1]) if bounds else (),
    )


def _with_neighbours(place: Suspect, names: Sequence[str], random_numbers: random.Random) -> list[Suspect]:
    """Return the list of suspects; only the one with the fault is ever looked at."""
    others = [Suspect("", name, 1, 1) for name in random_numbers.sample(names, min(len(names), 5))]
    return [place, *others]


def _modules(excluded: Collection[str]) -> Iterator[tuple[str, Path]]:
    paths = sysconfig.get_paths()
    for root in dict.fromkeys((paths["stdlib"], paths["purelib"])):
        for path in sorted(Path(root).rglob("*.py")):
            parts = path.relative_to(root).parts
            package = parts[0].removesuffix(".py")
            skipped = _SKIPPED_FOLDERS & set(parts[:-1]) or parts[-1].startswith("test_")
            if (
                not skipped
                and not is_excluded(parts, excluded)
                and path.stat().st_size < _MOST_BYTES
                and _is_read(parts)
            ):
                yield package, path


def _is_read(parts: Sequence[str]) -> bool:
    """Return whether a module is among those that are read: all would take minutes to parse."""
    return int(digest_json(parts)[:8], 16) % _MODULES_OF == 0


def _functions(package: str, path: Path) -> Iterator[LibraryFunction]:
    try:
        text = path.read_text()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = parse_module(text)
    except (SyntaxError, ValueError):
        return
    lines = text.split("\n")
    nodes = functions(tree)
    names = [name.rpartition(".")[2] for name, _ in nodes]
    for name, node in nodes:
        last = node.end_lineno or node.lineno
        body = lines[node.lineno - 1 : last]
        if not LINES[0] <= len(body) <= LINES[1] or node.decorator_list:
            continue
        margin = len(body[0]) - len(body[0].lstrip())
        if all(not line.strip() or line[:margin].isspace() or not margin for line in body):
            text_of = "\n".join(line[margin:].rstrip() for line in body) + "\n"
            if len(text_of) <= _MOST_CHARS and text_of.isascii():
                others = tuple(dict.fromkeys(one for one in names if one != name))[:12]
                yield LibraryFunction(package, name, text_of, others)
