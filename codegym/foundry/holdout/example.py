"""Examples: calls into a package with what they return or raise, written as a plain pytest file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LINE = 100


@dataclass(frozen=True)
class Example:
    """A call and what comes of it. ``setup`` are statements before it, ``modules`` what has to be imported.

    ``value`` is the source of what it returns or, if it ``raises``, of the exception's class. ``is_varied`` is
    true if no test of the repository makes this call.
    """

    source: str
    setup: tuple[str, ...]
    modules: tuple[str, ...]
    value: str
    raises: bool
    is_varied: bool

    @property
    def outcome(self) -> tuple[str, bool]:
        """What comes of the call; equal outcomes are equal."""
        return self.value, self.raises


def examples_file(functions: Sequence[str], examples: Sequence[Example]) -> str:
    """Return a test file with one test function per example; ``functions`` are what they are about."""
    modules = {module for example in examples for module in example.modules}
    imports = [f"import {module}" for module in sorted(modules - {"pytest"})]
    if any(example.raises for example in examples):
        imports += ["", "import pytest"] if imports else ["import pytest"]
    tests = [_function(name, example) for name, example in zip(names(examples), examples, strict=True)]
    about = " and ".join(f"`{name}`" for name in functions)
    verbs = "returns and raises" if len(functions) == 1 else "return and raise"
    return "\n".join([f'"""What {about} {verbs}."""', "", *imports, *tests]) + "\n"


def names(examples: Sequence[Example]) -> list[str]:
    """Return the names of the test functions of :func:`examples_file`."""
    return [f"test_example_{number}" for number in range(1, len(examples) + 1)]


def _function(name: str, example: Example) -> str:
    indent = "        " if example.raises else "    "
    if example.raises:
        body = [f"    with pytest.raises({example.value}):", f"{indent}{example.source}"]
    elif example.value in ("None", "True", "False"):
        body = [f"{indent}assert {example.source} is {example.value}"]
    elif len(example.source) + len(example.value) > _LINE:
        body = [f"{indent}expected = {example.value}", f"{indent}assert {example.source} == expected"]
    else:
        body = [f"{indent}assert {example.source} == {example.value}"]
    return "\n".join(["", "", f"def {name}():", *(f"    {line}" for line in example.setup), *body])
