"""Names what is held out: a test file, a test function with all its cases, or single parametrized cases.

A unit is written like a pytest id, or like the beginning of one: ``tests/test_a.py``, ``tests/test_a.py::test_b``
or ``tests/test_a.py::test_b[1]``.
"""

from __future__ import annotations

from collections.abc import Iterable


def file_of(test: str) -> str:
    """Return the file of a test or of a unit."""
    return test.partition("::")[0]


def function_of(test: str) -> str:
    """Return a test's id without its case."""
    path, separator, name = test.partition("::")
    return path + separator + name.partition("[")[0]


def case_of(test: str) -> str:
    """Return the name of a test's case, without brackets; empty if it has none."""
    return test.partition("::")[2].partition("[")[2].removesuffix("]")


def is_hidden(test: str, units: Iterable[str]) -> bool:
    """Return whether one of ``units`` contains ``test``."""
    path, function = file_of(test), function_of(test)
    parts = function.split("::")
    outer = {"::".join(parts[:count]) for count in range(1, len(parts))}
    return not {test, path, function, *outer}.isdisjoint(units)
