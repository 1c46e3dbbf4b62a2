"""Writes a call as a user would: ``Stack(3)``, ``len(stack)``, ``stack[0]``, ``Stack.of(1, 2)``.

Written for Python 3.8, which a box may have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # in the box the programs are one text
    from codegym.foundry.record.inbox.names import functions_of
    from codegym.foundry.record.inbox.values import UnwritableError, ValueWriter

_OPERATORS = {
    "__add__": "+", "__sub__": "-", "__mul__": "*", "__truediv__": "/", "__floordiv__": "//", "__mod__": "%",
    "__pow__": "**", "__matmul__": "@", "__and__": "&", "__or__": "|", "__xor__": "^", "__lshift__": "<<",
    "__rshift__": ">>", "__eq__": "==", "__ne__": "!=", "__lt__": "<", "__le__": "<=", "__gt__": ">",
    "__ge__": ">=",
}  # fmt: skip
_FUNCTIONS = {
    "__len__": "len", "__str__": "str", "__repr__": "repr", "__bool__": "bool", "__int__": "int",
    "__float__": "float", "__hash__": "hash", "__abs__": "abs", "__bytes__": "bytes", "__iter__": "iter",
    "__next__": "next", "__reversed__": "reversed",
}  # fmt: skip
_READING = {*_OPERATORS, *_FUNCTIONS, "__contains__"} - {"__next__"}
"""Methods that hardly ever change their object, so that a later call can be written without them."""


class ExpressionWriter:
    """Writes the expression that makes one call."""

    def __init__(self, values: ValueWriter) -> None:
        self.values = values

    def write(self, entry: Any, instance: Any, arguments: list[str]) -> tuple[str, str]:
        """Return the source of a call, and the statement that a user would write. Raises UnwritableError.

        The statement is empty if the call only reads.
        ``entry`` is what :meth:`PublicNames.of_function` returned, ``instance`` the method's instance or class.
        """
        module, name, holder, function = entry
        holders, _, last = name.rpartition(".")
        joined = ", ".join(arguments)
        if not holders or isinstance(holder, staticmethod):
            self.values.modules.add(module)
            return _twice(f"{module}.{name}({joined})")
        if isinstance(holder, classmethod):
            return _twice(f"{self.values.name_of(instance)}.{last}({joined})")
        if not _is_looked_up(type(instance), last, function):
            raise UnwritableError
        if last == "__init__":
            return _twice(f"{self.values.name_of(type(instance))}({joined})")
        variable = self.values.write(instance)
        if last == "__setitem__" and len(arguments) == 2:
            return f"{variable}.__setitem__({joined})", f"{variable}[{arguments[0]}] = {arguments[1]}"
        if last == "__delitem__" and len(arguments) == 1:
            return f"{variable}.__delitem__({joined})", f"del {variable}[{joined}]"
        source = self._of_instance(variable, last, arguments, is_call=_is_call(holder))
        only_reads = not _is_call(holder) or last in _READING
        return source, "" if only_reads else source

    def _of_instance(  # noqa: PLR0911  one case per notation
        self, instance: str, last: str, arguments: list[str], *, is_call: bool
    ) -> str:
        joined = ", ".join(arguments)
        if not is_call:
            return f"{instance}.{last}"
        if last in _OPERATORS and len(arguments) == 1:
            return f"{instance} {_OPERATORS[last]} {joined}"
        if last in _FUNCTIONS and not arguments:
            return f"{_FUNCTIONS[last]}({instance})"
        if last == "__getitem__" and len(arguments) == 1:
            return f"{instance}[{joined}]"
        if last == "__contains__" and len(arguments) == 1:
            return f"{joined} in {instance}"
        if last == "__call__":
            return f"{instance}({joined})"
        if last.startswith("__"):
            raise UnwritableError
        return f"{instance}.{last}({joined})"


def _twice(source: str) -> tuple[str, str]:
    return source, source


def _is_call(holder: Any) -> bool:
    return not isinstance(holder, property) and type(holder).__name__ != "cached_property"


def _is_looked_up(kind: type, name: str, function: Any) -> bool:
    """Return whether looking up ``name`` in an instance of ``kind`` finds ``function``."""
    for owner in kind.__mro__:
        if name in owner.__dict__:
            return function in functions_of(owner.__dict__[name])
    return False
