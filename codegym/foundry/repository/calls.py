"""How far a function is from a test, in calls. A failing test rarely shows what a far function does wrong.

Python does not say which function a call runs. Here a function may call every function that its text mentions by
name, with or without an object before it, and that the same test was measured to run. So distances are lower
bounds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from codegym.foundry.repository.functions import SourceFunction, module_of, named_functions, source_functions
from codegym.foundry.repository.reach import Reach
from codegym.tree import Files

DIRECT = 1
"""The distance of a function that the test calls itself."""
_CONSTRUCTORS = frozenset({"__init__", "__new__", "__post_init__"})


class CallGraph:
    """Which functions of one project may call which, and how far they are from its tests.

    All is computed when it is first asked for.
    """

    def __init__(self, sources: Iterable[str], files: Files, reach: Reach) -> None:
        self._sources = tuple(sources)
        self._files = files
        self._reach = reach
        self._of_test: dict[str, Mapping[str, int]] = {}
        self._test_names: dict[str, dict[str, frozenset[str]]] = {}

    def are_linked(self, one: str, other: str) -> bool:
        """Return whether one of the functions at two places may call the other."""
        names = self._mentions
        short = (one.rpartition(" ")[2].rpartition(".")[2], other.rpartition(" ")[2].rpartition(".")[2])
        return short[0] in names.get(other, ()) or short[1] in names.get(one, ())

    def distance(self, place: str, tests: Iterable[str]) -> int | None:
        """Return the least number of calls from one of ``tests`` to the function at ``place``: 1 if direct.

        Returns ``None`` if no way from test to function is found.
        """
        distances = (self._from_test(test).get(place) for test in tests)
        return min((distance for distance in distances if distance is not None), default=None)

    @cached_property
    def _functions(self) -> list[SourceFunction]:
        return source_functions(self._sources, self._files)

    @cached_property
    def _mentions(self) -> dict[str, frozenset[str]]:
        return {function.place: _mentioned(function.node) for function in self._functions}

    @cached_property
    def _run_by(self) -> dict[str, list[SourceFunction]]:
        """The functions that each test runs."""
        run_by: dict[str, list[SourceFunction]] = {}
        for function in self._functions:
            for test in self._reach.of(function.path, function.body[0].lineno, function.last):
                run_by.setdefault(test, []).append(function)
        return run_by

    @cached_property
    def _aliases(self) -> dict[str, frozenset[str]]:
        """The names that an assignment at the top of a module gives, with the names that its value mentions."""
        aliases: dict[str, frozenset[str]] = {}
        for path in self._sources:
            for statement in module_of(path, self._files).body:
                if isinstance(statement, ast.Assign):
                    value = _mentioned(statement.value)
                    targets = [target.id for target in statement.targets if isinstance(target, ast.Name)]
                    aliases |= {name: aliases.get(name, frozenset()) | value for name in targets}
        return aliases

    def _from_test(self, test: str) -> Mapping[str, int]:
        """Return the distance of each function that ``test`` is known to reach."""
        if test not in self._of_test:
            self._of_test[test] = self._search(test)
        return self._of_test[test]

    def _search(self, test: str) -> Mapping[str, int]:
        left = {function.place: function for function in self._run_by.get(test, ())}
        distances: dict[str, int] = {}
        names, distance = self._mentioned_by_test(test), DIRECT
        while left and names:
            names = _closed(names, self._aliases)
            reached = [place for place, function in left.items() if _may_be_called(function, names, distance)]
            distances |= dict.fromkeys(reached, distance)
            for place in reached:
                del left[place]
            names = frozenset().union(*(self._mentions[place] for place in reached))
            distance += 1
        return distances

    def _mentioned_by_test(self, test: str) -> frozenset[str]:
        """Return the names that a test mentions, itself or by what is defined for it."""
        path, *parts = test.split("[", maxsplit=1)[0].split("::")
        if path not in self._test_names:
            folder = path.rpartition("/")[0]
            others = [other for other in self._files if other.rpartition("/")[0] == folder and _helps(other)]
            modules = [module_of(name, self._files) for name in (path, *others) if name in self._files]
            self._test_names[path] = _definitions(modules)
        return _closed(frozenset(parts) | _AROUND_A_TEST, self._test_names[path])


_AROUND_A_TEST = frozenset({"setUp", "setup_method", "setup_class", "setUpClass", "setup_function"})
"""Functions that run before a test which does not mention them."""


def _may_be_called(function: SourceFunction, names: frozenset[str], distance: int) -> bool:
    """Return whether who mentions ``names`` may call ``function`` at once.

    Special methods are called by syntax. A constructor is, by the name of its class; the others may be called by
    anybody, and count as called by the test.
    """
    name = function.short_name
    if name in _CONSTRUCTORS:
        return function.name.split(".")[-2] in names if "." in function.name else name in names
    special = name.startswith("__") and name.endswith("__")
    return name in names or (special and distance == DIRECT)


def _closed(names: frozenset[str], definitions: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return ``names`` and all that their definitions mention, and so on."""
    every, new = frozenset[str](), names
    while new:
        every |= new
        new = frozenset().union(*(definitions.get(name, ()) for name in new)) - every
    return every


def _helps(path: str) -> bool:
    """Return whether a file in a folder of tests may define something for all of them, and is no test file."""
    return path.endswith(".py") and not path.rpartition("/")[2].startswith("test_")


def _definitions(modules: Iterable[ast.Module]) -> dict[str, frozenset[str]]:
    """Return the names that each function, each class (without its methods) and each variable of tests uses."""
    definitions: dict[str, frozenset[str]] = {}
    for module in modules:
        for name, names in _defined(module):
            definitions[name] = definitions.get(name, frozenset()) | names
    return definitions


def _defined(module: ast.Module) -> Iterator[tuple[str, frozenset[str]]]:
    for name, node in named_functions(module):
        yield name.rpartition(".")[2], _mentioned(node)
    for part in ast.walk(module):
        if isinstance(part, ast.ClassDef):
            others = [*part.bases, *(item for item in part.body if not isinstance(item, ast.FunctionDef))]
            yield part.name, frozenset().union(*map(_mentioned, others))
    for statement in module.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from ((name, _mentioned(statement.value)) for name in _mentioned(target))


def _mentioned(node: ast.AST) -> frozenset[str]:
    """Return all names, attributes and parameters below ``node``."""
    names = set[str]()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            names.add(part.id)
        elif isinstance(part, ast.Attribute):
            names.add(part.attr)
        elif isinstance(part, ast.arg):
            names.add(part.arg)
    return frozenset(names)
