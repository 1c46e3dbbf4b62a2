"""HumanEvalPack's Python: ``solution.py``, tested by pytest."""

from __future__ import annotations

import textwrap

from codegym.importer.function.checks import Checks, test_file
from codegym.importer.function.pack_layout import Layout
from codegym.importer.rows import Row
from codegym.syntax import parse_module


def python_layout(row: Row, solution: str) -> Layout:
    """Return the layout of a row with ``solution`` as the function's body."""
    name, example = row["entry_point"], _example(row)
    program = row["prompt"] + row["canonical_solution"]
    files = {"solution.py": row["prompt"] + solution}
    if example:
        files["tests/test_example.py"] = test_file(Checks(name, example, program))
    return Layout(
        framework="pytest",
        path="solution.py",
        files=files,
        hidden={"tests/test_solution.py": test_file(Checks(name, row["test"], program))},
        test=f"tests/test_solution.py::test_{name}",
        example=f"tests/test_example.py::test_{name}" if example else "",
        command="--override-ini=pythonpath=.",
    )


def _example(row: Row) -> str:
    """Return the example's code; empty if the pack's text is not valid Python."""
    code = textwrap.dedent(str(row.get("example_test") or "")).strip()
    try:
        parse_module(code)
    except SyntaxError:
        return ""
    return code
