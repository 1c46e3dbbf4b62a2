"""Follows the objects that a test makes by calls into the package, so that later calls on them can be written.

``stack = Stack(3)``, then ``stack.push(1)``: the second call needs the first one as a *setup*. Objects are not
kept alive. Written for Python 3.8, which a box may have.
"""

from __future__ import annotations

import re
import weakref
from typing import Any

_MOST_STATEMENTS = 8
"""Statements before a call; with more nobody reads them."""


class MadeObjects:
    """The objects that the running test made, each with a variable's name and the statements behind its state."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything: another test begins."""
        self._statements: list[tuple[str, list[str]]] = []
        self._objects: dict[int, tuple[Any, str, list[int]]] = {}
        self._names: set[str] = set()
        self.used: list[int] = []

    def variable(self, value: Any) -> str:
        """Return the name of the variable for ``value``, empty if the test did not make it. Notes it as used."""
        reference, name, _ = self._objects.get(id(value), (None, "", []))
        if reference is None or reference() is not value:
            return ""
        self.used.append(id(value))
        return name

    def setup(self, used: list[int]) -> tuple[list[str], set[str]] | None:
        """Return the statements before a call with the objects ``used``, and the modules that they need.

        Returns ``None`` if there are too many.
        """
        numbers = sorted({number for key in used for number in self._objects[key][2]})
        if len(numbers) > _MOST_STATEMENTS:
            return None
        statements = [self._statements[number] for number in numbers]
        return [text for text, _ in statements], {module for _, modules in statements for module in modules}

    def add(self, value: Any, source: str, modules: list[str], used: list[int]) -> None:
        """Note that the call ``source`` made ``value``."""
        try:
            reference = weakref.ref(value)
        except TypeError:
            return
        numbers = sorted({number for key in used for number in self._objects[key][2]})
        name = self._new_name(type(value).__name__)
        self._objects[id(value)] = (reference, name, [*numbers, len(self._statements)])
        self._statements.append((name + " = " + source, modules))

    def change(self, source: str, modules: list[str], used: list[int]) -> None:
        """Note that the call ``source`` may have changed the objects ``used``."""
        for key in used:
            self._objects[key][2].append(len(self._statements))
        if used:
            self._statements.append((source, modules))

    def _new_name(self, kind: str) -> str:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).strip("_").lower()
        short = words.rpartition("_")[2] or "value"
        name, number = "a_" + short, 1
        while name in self._names:
            number += 1
            name = f"a_{short}{number}"
        self._names.add(name)
        return name
