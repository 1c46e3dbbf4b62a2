"""EvalPlus: HumanEval+ and MBPP+, with many more inputs, in both forms in which they are published.

One form has a ``test`` program that compares results with numpy. It is used as it is, except that
``kit/closeness.py`` replaces numpy, which no image has to have for that. The other form has ``base_input`` and
``plus_input``: ``kit/against_reference.py.in`` compares the results with those of the reference solution. In its
JSON, tuples and sets have become lists, and complex numbers texts; MBPP+'s assertions show the original types.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

from codegym.importer.function.checks import Checks, assertions, test_file
from codegym.importer.function.human_eval import completion
from codegym.importer.function.mbpp import write_task
from codegym.importer.imported_task import ImportedTask, ImportOptions
from codegym.importer.kit_text import kit
from codegym.importer.names import read_names
from codegym.importer.rows import Row, column
from codegym.syntax import parse_module

_NUMPY = re.compile(r"^import numpy as np$", re.MULTILINE)


def evalplus(row: Row, options: ImportOptions) -> ImportedTask:
    """Read a row of HumanEval+ (the prompt is a function to complete) or of MBPP+ (it is a sentence)."""
    if "code" in row or str(row.get("task_id")).startswith("Mbpp/"):
        return _mbpp_plus(row, options)
    name, prompt = str(column(row, "entry_point")), str(column(row, "prompt"))
    solved = prompt + str(column(row, "canonical_solution"))
    if row.get("test"):
        checks = Checks(name, _without_numpy(str(row["test"])), solved, (f"check({name})",))
    else:
        checks = Checks(name, _against_reference(row, solved, name), "")
    return completion(row, options, "humaneval-plus", prompt=prompt, solved=solved, test=test_file(checks))


def _mbpp_plus(row: Row, options: ImportOptions) -> ImportedTask:
    asserts = read_names(row.get("test_list")) or assertions(str(row.get("assertion") or ""))
    if row.get("test"):
        imports = "\n".join(read_names(row.get("test_imports")))
        return write_task(row, options, "mbpp-plus", asserts, f"{imports}\n{_without_numpy(str(row['test']))}")
    solved, name = str(column(row, "canonical_solution")), str(column(row, "entry_point"))
    examples = [*_arguments("\n".join(asserts), name)]
    return write_task(row, options, "mbpp-plus", asserts, _against_reference(row, solved, name, examples))


def _without_numpy(test: str) -> str:
    return _NUMPY.sub(lambda _: kit("closeness.py"), test)


def _against_reference(row: Row, solved: str, name: str, examples: Iterable[tuple[Any, ...]] = ()) -> str:
    all_inputs = [*column(row, "base_input"), *(row.get("plus_input") or [])]
    inputs = [list(_like(values, list(examples))) for values in all_inputs]
    return kit("against_reference.py.in").format(
        name=name, solved=repr(solved), inputs=repr(inputs), atol=repr(float(row.get("atol") or 0))
    )


def _arguments(asserts: str, name: str) -> Iterable[tuple[Any, ...]]:
    """Yield the arguments of each call of ``name`` whose arguments are literals."""
    for node in ast.walk(parse_module(asserts)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            try:
                yield tuple(ast.literal_eval(argument) for argument in node.args)
            except ValueError:
                continue


def _like(value: Any, examples: list[Any]) -> Any:
    """Convert ``value``, which was read from JSON, to the types of ``examples``."""
    if isinstance(value, str):
        return complex(value) if examples and all(type(example) is complex for example in examples) else value
    if isinstance(value, dict):
        inner = [item for example in examples if isinstance(example, dict) for item in example.values()]
        return {key: _like(item, inner) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    alike = [example for example in examples if isinstance(example, list | tuple | set)]
    records = [example for example in alike if isinstance(example, tuple) and len(example) == len(value)]
    if alike and len(records) == len(alike):
        return tuple(_like(item, [record[at] for record in records]) for at, item in enumerate(value))
    inner = [item for example in alike for item in example]
    items = [_like(item, inner) for item in value]
    return type(alike[0])(items) if alike else items
