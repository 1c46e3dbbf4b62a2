"""EvalPlus: HumanEval+ and MBPP+, with many more inputs, in both shapes in which they are published.

One shape has a ``test`` program that compares results with numpy; it is read as it is, with ``kit/closeness.py``
in place of numpy, which no image needs for that. The other has ``base_input`` and ``plus_input``, and what comes
out of the reference solution is what is expected: ``kit/against_reference.py.in`` compares the two. JSON has made
lists of tuples and sets there, and text of complex numbers; MBPP+'s assertions show what they were.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

from codegym.importer.function.checks import Checks, assertions, test_file
from codegym.importer.function.human_eval import completion
from codegym.importer.function.mbpp import described
from codegym.importer.imported import Imported, Wishes
from codegym.importer.kit_text import kit
from codegym.importer.names import read_names
from codegym.importer.rows import Row, column

_NUMPY = re.compile(r"^import numpy as np$", re.MULTILINE)


def evalplus(row: Row, wishes: Wishes) -> Imported:
    """Read a row of HumanEval+ or MBPP+. One has a function to complete as its prompt, the other a sentence."""
    if "code" in row or str(row.get("task_id")).startswith("Mbpp/"):
        return _mbpp_plus(row, wishes)
    name, prompt = str(column(row, "entry_point")), str(column(row, "prompt"))
    solved = prompt + str(column(row, "canonical_solution"))
    if row.get("test"):
        checks = Checks(name, _without_numpy(str(row["test"])), solved, (f"check({name})",))
    else:
        checks = Checks(name, _against_reference(row, solved, name), "")
    return completion(row, wishes, "humaneval-plus", prompt=prompt, solved=solved, test=test_file(checks))


def _mbpp_plus(row: Row, wishes: Wishes) -> Imported:
    shown = read_names(row.get("test_list")) or assertions(str(row.get("assertion") or ""))
    if row.get("test"):
        imports = "\n".join(read_names(row.get("test_imports")))
        return described(row, wishes, "mbpp-plus", shown, f"{imports}\n{_without_numpy(str(row['test']))}")
    solved, name = str(column(row, "canonical_solution")), str(column(row, "entry_point"))
    examples = [*_arguments("\n".join(shown), name)]
    return described(row, wishes, "mbpp-plus", shown, _against_reference(row, solved, name, examples))


def _without_numpy(test: str) -> str:
    return _NUMPY.sub(lambda _: kit("closeness.py"), test)


def _against_reference(row: Row, solved: str, name: str, examples: Iterable[tuple[Any, ...]] = ()) -> str:
    given = [*column(row, "base_input"), *(row.get("plus_input") or [])]
    inputs = [list(_like(values, list(examples))) for values in given]
    return kit("against_reference.py.in").format(
        name=name, solved=repr(solved), inputs=repr(inputs), atol=repr(float(row.get("atol") or 0))
    )


def _arguments(asserts: str, name: str) -> Iterable[tuple[Any, ...]]:
    """Yield the arguments of the calls of ``name`` that are literals."""
    for node in ast.walk(ast.parse(asserts)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            try:
                yield tuple(ast.literal_eval(argument) for argument in node.args)
            except ValueError:
                continue


def _like(value: Any, examples: list[Any]) -> Any:
    """Return ``value``, read from JSON, in the types of ``examples``."""
    if isinstance(value, str):
        return complex(value) if examples and all(type(example) is complex for example in examples) else value
    if isinstance(value, dict):
        inner = [held for example in examples if isinstance(example, dict) for held in example.values()]
        return {key: _like(held, inner) for key, held in value.items()}
    if not isinstance(value, list):
        return value
    alike = [example for example in examples if isinstance(example, list | tuple | set)]
    records = [example for example in alike if isinstance(example, tuple) and len(example) == len(value)]
    if alike and len(records) == len(alike):
        return tuple(_like(held, [record[at] for record in records]) for at, held in enumerate(value))
    made = [_like(held, [held for example in alike for held in example]) for held in value]
    return type(alike[0])(made) if alike else made
