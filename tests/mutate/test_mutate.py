"""Mutations of real modules parse, stay inside their functions, and are the same every time."""

import ast
import colorsys
import fractions
import heapq
import textwrap
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegym.errors import TaskError
from codegym.foundry.draft.draft import Draft, LocatedMutation
from codegym.mutate import OPERATORS, Mutation, apply, functions, mutations
from codegym.mutate.encoding import text_of_source
from codegym.patch import apply_patch, make_patch
from codegym.sandbox.protocol import File

MODULES = tuple(str(module.__file__) for module in (colorsys, fractions, heapq, textwrap))
SOURCE = '''\
"""Numbers."""

class Box:
    """A box."""

    def clamp(self, low: int, high: int = 10) -> int:
        """Clamp."""
        if low < self.value and self.limit:
            return min(low,  high)  # keep
        for i in range(1, high):
            self.items.append(i + low)
        return self.items[0]
'''


@cache
def _text(path: str) -> str:
    return Path(path).read_text()


@cache
def _mutations(path: str) -> list[Mutation]:
    return mutations(_text(path))


@cache
def _functions(path: str) -> list[tuple[str, int, int]]:
    return functions(_text(path))


def _mutated_lines(operator: str) -> list[str]:
    chosen = [m for m in mutations(SOURCE) if m.operator == operator]
    return [apply(SOURCE, m).splitlines()[m.line - 1].strip() for m in chosen]


@settings(deadline=None)
@given(st.data())
def test_a_mutant_parses_differs_and_stays_inside_its_function(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(MODULES))
    source, mutation = _text(path), data.draw(st.sampled_from(_mutations(path)))
    mutant = apply(source, mutation)
    ast.parse(mutant)
    assert mutant != source
    assert ast.dump(ast.parse(mutant)) != ast.dump(ast.parse(source))
    assert mutant[: mutation.start] == source[: mutation.start]
    assert mutant[len(mutant) - len(source) + mutation.end :] == source[mutation.end :]
    spans = [(first, last) for name, first, last in _functions(path) if name == mutation.function]
    last_line = mutation.line + mutation.old.count("\n")
    assert any(first <= mutation.line and last_line <= last for first, last in spans)


def test_mutations_come_in_the_order_of_the_text_and_are_the_same_every_time() -> None:
    first = mutations(_text(MODULES[1]))
    assert first == mutations(_text(MODULES[1])) == sorted(first)
    assert len({(m.start, m.end, m.new) for m in first}) == len(first)


def test_most_operators_find_a_place_in_real_modules() -> None:
    operators = {m.operator for path in MODULES for m in _mutations(path)}
    assert len(operators) >= 30
    assert operators <= set(OPERATORS)


def test_most_mutations_fit_on_a_line() -> None:
    everything = [m for path in MODULES for m in _mutations(path)]
    assert sum(m.single_line for m in everything) > 0.95 * len(everything)


@pytest.mark.parametrize(
    ("operator", "line"),
    [
        ("comparison", "if low <= self.value and self.limit:"),
        ("boundary", "if low < self.value + 1 and self.limit:"),
        ("boolean", "if low < self.value or self.limit:"),
        ("dropped_condition", "if self.limit:"),
        ("forced_branch", "if False:"),
        ("wrong_attribute", "if low < self.limit and self.limit:"),
        ("builtin", "return max(low,  high)  # keep"),
        ("swapped_arguments", "return min(high,  low)  # keep"),
        ("dropped_argument", "return min(low)  # keep"),
        ("returned_none", "return None  # keep"),
        ("range_boundary", "for i in range(1, high - 1):"),
        ("arithmetic", "self.items.append(i - low)"),
        ("wrong_operand", "self.items.append(low + low)"),
        ("method", "self.items.extend(i + low)"),
        ("dropped_call", "pass"),
        ("index_boundary", "return self.items[-1]"),
        ("integer", "def clamp(self, low: int, high: int = 11) -> int:"),
    ],
)
def test_an_operator_makes_its_mistake(operator: str, line: str) -> None:
    assert line in _mutated_lines(operator)


def test_documentation_and_annotations_are_left_alone() -> None:
    for mutation in mutations(SOURCE):
        assert mutation.line not in {1, 4, 7}


def test_keywords_do_not_run_into_names() -> None:
    source = "def f(x, y):\n    return-x if(not y)else x\n"
    for mutation in mutations(source):
        ast.parse(apply(source, mutation))


def test_functions_have_qualified_names() -> None:
    source = "class A:\n    def f(self):\n        def g():\n            pass\n        return g\n"
    assert functions(source) == [("A.f", 2, 5), ("A.f.g", 3, 4)]


def test_a_mutation_of_another_source_is_refused() -> None:
    mutation = mutations(SOURCE)[0]
    with pytest.raises(TaskError, match="expects"):
        apply("x" * len(SOURCE), mutation)


LATIN = SOURCE.replace("Numbers", "caf\xe9 numbers").encode("latin-1")


def test_a_source_that_is_not_utf_8_is_changed_byte_by_byte() -> None:
    in_latin = mutations(text_of_source(LATIN))
    assert [m.operator for m in in_latin] == [m.operator for m in mutations(SOURCE)]
    for mutation in in_latin:
        located = LocatedMutation("box.py", mutation, 1, 12)
        (mutated,) = Draft("mutation", (located,), ()).changed_files({"box.py": File(LATIN)}).values()
        assert b"caf\xe9" in mutated.content
        assert mutated.content == apply(LATIN.decode("latin-1"), mutation).encode("latin-1")
        patch = make_patch({"box.py": File(LATIN)}, {"box.py": mutated})
        assert "GIT binary patch" not in patch or mutation.line < 5
        assert apply_patch(patch, {"box.py": File(LATIN)}.get) == {"box.py": mutated}
