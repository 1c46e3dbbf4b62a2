"""Mistakes in state, in resources and in the order of statements, as they look in the source."""

from __future__ import annotations

import ast

import pytest

from codegym.mutate import OPERATORS, RARE, apply, mutations

SOURCE = '''\
import copy
from copy import deepcopy


class Store:
    def __init__(self, items):
        self.items = list(items)
        self.dirty = False
        self._cache = {}

    def reset(self):
        self.count = 0
        self.log("reset")

    def put(self, key, value, seen=None):
        """Put."""
        if seen is None:
            seen = []
        with self._lock:
            self._cache.pop(key, None)
            self.items[key] = value
            self.count = len(self.items)
        seen.append(key)
        return seen

    def save(self, path):
        with open(path) as file:
            for item in self.items:
                file.write(item)
        self.write(path)
        self.dirty = False

    def drop(self, key):
        del self._cache[key]
        self._cached_total = None
        total.cache_clear()

    def copies(self):
        return self.items.copy(), self.items[:], copy.deepcopy(self), deepcopy(self.items)

    def load(self, source):
        try:
            rows = [row for row in source]
            names = tuple(source)
            if rows and len(rows) > 1 and names:
                return rows, names
        finally:
            source.close()
'''


def mutants(operator: str) -> list[str]:
    chosen = [m for m in mutations(SOURCE) if m.operator == operator]
    return [apply(SOURCE, m) for m in chosen]


@pytest.mark.parametrize(
    ("operator", "text"),
    [
        ("dropped_reset", "def reset(self):\n        pass\n"),
        ("stale_cache", "pass\n            self.items[key] = value"),
        ("stale_cache", "def drop(self, key):\n        pass\n"),
        ("stale_cache", "pass\n        total.cache_clear()"),
        ("stale_cache", "self._cached_total = None\n        pass\n"),
        ("shared_copy", "return self.items, self.items[:]"),
        ("shared_copy", "self.items = items\n"),
        ("shared_slice", "self.items.copy(), self.items, copy"),
        ("shallow_copy", "copy.copy(self), deepcopy"),
        ("shallow_copy", "copy.deepcopy(self), self.items\n"),
        ("mutable_default", 'seen=[]):\n        """Put."""\n        with self._lock:'),
        ("used_up", "rows = (row for row in source)\n"),
        ("used_up", "names = iter(source)\n"),
        ("unlocked", "seen = []\n        self._cache.pop(key, None)\n        self.items[key] = value\n"),
        ("unmanaged", "file = open(path)\n        for item in self.items:\n            file.write(item)\n"),
        ("dropped_cleanup", "finally:\n            pass\n"),
        ("unreleased", "finally:\n            pass\n"),
        ("misplaced_flag", "self.dirty = False\n        self.write(path)\n"),
        ("swapped_statements", "self.count = len(self.items)\n            self.items[key] = value\n"),
    ],
)
def test_an_operator_makes_its_mistake(operator: str, text: str) -> None:
    if operator == "unreleased":  # the same edit as dropped_cleanup, which has the name
        source = SOURCE.replace("source.close()", "source.close()\n            self.log()")
        assert any(m.operator == operator and m.old == "source.close()" for m in mutations(source))
    else:
        assert any(text in mutant for mutant in mutants(operator))


def test_every_mutant_parses() -> None:
    for mutation in mutations(SOURCE):
        ast.parse(apply(SOURCE, mutation))


def test_first_values_and_first_bindings_stay_in_their_places() -> None:
    assert all("self.dirty = False" in mutant for mutant in mutants("dropped_reset"))
    source = "def f(x):\n    y = x.a\n    y.b = x\n    y.c = True\n    y.b = 2\n"
    swapped = {
        apply(source, m) for m in mutations(source) if m.operator in ("swapped_statements", "misplaced_flag")
    }
    assert swapped
    assert all(text.startswith("def f(x):\n    y = x.a\n") for text in swapped)


@pytest.mark.parametrize(
    "body",
    [
        'with lock:\n        text = """\n        a"""\n',
        "with lock, other:\n        x = 1\n",
        "async with lock:\n        x = 1\n",
    ],
)
def test_a_context_that_can_not_be_removed_by_its_text_stays(body: str) -> None:
    source = f"async def f(lock, other):\n    {body}    return 1\n"
    assert not {"unlocked", "unmanaged"} & {m.operator for m in mutations(source)}


def test_rare_operators_have_their_own_edits() -> None:
    assert {*OPERATORS} > RARE
    source = "class A:\n    def f(self):\n        self.x = None\n        self.close()\n        return self.x\n"
    names = {m.operator for m in mutations(source) if m.new == "pass"}
    assert names == {"dropped_reset", "unreleased"}
