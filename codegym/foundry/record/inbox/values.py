# ruff: noqa: B905, PTH123
"""Writes values as Python source that makes an equal value.

Written are: ``None``, booleans, numbers, texts, bytes, ``...``; tuples, lists, sets and dictionaries of such
values, ranges, slices; enum members, named tuples and dataclasses; classes and functions that have a name to
import; and of the standard library: dates and times, ``Decimal``, ``Fraction``, ``UUID``, paths, ``OrderedDict``,
``Counter``, ``deque``, ``defaultdict`` and compiled patterns. Types have to be exact: a subclass may differ in
more than its name. As an argument, a ``lambda`` that needs nothing but built-ins is written as in its file. No
code of the package runs here. Written for Python 3.8, whose ``zip`` is never strict.
"""

from __future__ import annotations

import ast
import builtins
import enum
import math
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # in the box the programs are one text
    from codegym.foundry.record.inbox.names import PublicNames

_LONGEST = 1500
"""Characters of one value's source."""
_LONGEST_LAMBDA = 80
_MOST_ITEMS = 60
_DEEPEST = 6
_MOST_BITS = 2000
_PREFIXED = {
    "datetime.datetime": "",
    "datetime.date": "",
    "datetime.time": "",
    "datetime.timedelta": "",
    "datetime.timezone": "",
    "zoneinfo.ZoneInfo": "",
    "decimal.Decimal": "decimal.",
    "fractions.Fraction": "fractions.",
    "uuid.UUID": "uuid.",
}
"""Types whose ``repr`` makes an equal value, with what has to be written before it."""


class UnwritableError(Exception):
    """There is no source for a value."""


class ValueWriter:
    """Writes values. ``modules`` collects the modules that the source needs.

    ``stand_in`` may return a variable's name for an object that can't be written.
    """

    def __init__(self, names: PublicNames, stand_in: Callable[[Any], str]) -> None:
        self.names = names
        self.stand_in = stand_in
        self.modules: set[str] = set()
        self.may_write_lambdas = False

    def write(self, value: Any, depth: int = 0) -> str:
        """Return the source of ``value``. Raises UnwritableError."""
        if depth > _DEEPEST:
            raise UnwritableError
        text = self._write(value, depth)
        if len(text) > _LONGEST:
            raise UnwritableError
        return text

    def _write(self, value: Any, depth: int) -> str:  # noqa: PLR0911  one case per kind
        kind = type(value)
        if value is None or value is Ellipsis or kind in (bool, str, bytes):
            return _short(value)
        if kind in (int, float, complex):
            return _number(value)
        if kind in (tuple, list, set, frozenset, dict):
            return self._container(value, depth)
        if kind in (range, slice):
            parts = [self.write(part, depth + 1) for part in (value.start, value.stop, value.step)]
            return "{}({})".format(kind.__name__, ", ".join(parts))
        if kind is bytearray:
            return f"bytearray({_short(bytes(value))})"
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
            is_lambda = kind is types.FunctionType and value.__name__ == "<lambda>" and self.may_write_lambdas
            return lambda_source(value) if is_lambda else self.name_of(value)
        return self._of_library(value, depth) or self._structure(value, depth)

    def name_of(self, value: Any) -> str:
        """Return the dotted name of a class or function, and note its module as needed."""
        public = self.names.of_object(value)
        if public is None:
            raise UnwritableError
        module, name = public
        if module in ("__main__",) or module.rpartition(".")[2].startswith(("test_", "conftest")):
            raise UnwritableError
        if module:
            self.modules.add(module)
        return module + "." + name if module else name

    def _items(self, values: Any, depth: int) -> list[str]:
        if len(values) > _MOST_ITEMS:
            raise UnwritableError
        return [self.write(value, depth + 1) for value in values]

    def _pairs(self, value: Any, depth: int) -> str:
        keys, values = self._items(list(value), depth), self._items(list(value.values()), depth)
        return "{" + ", ".join(k + ": " + v for k, v in zip(keys, values)) + "}"

    def _container(self, value: Any, depth: int) -> str:
        if type(value) is dict:
            return self._pairs(value, depth)
        items = self._items(list(value), depth)
        if type(value) is tuple:
            return "(" + ", ".join(items) + ("," if len(items) == 1 else "") + ")"
        if type(value) is list:
            return "[" + ", ".join(items) + "]"
        braces = "{" + ", ".join(sorted(items)) + "}"
        if type(value) is set:
            return braces if items else "set()"
        return "frozenset({})".format(braces if items else "")

    def _of_library(self, value: Any, depth: int) -> str:
        """Return the source of a value of the standard library; empty if it is none of those above."""
        kind = type(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        zone = getattr(value, "tzinfo", None) if name in ("datetime.datetime", "datetime.time") else None
        if name in _PREFIXED and (zone is None or self._of_library(zone, depth)):
            text = _short(value)
            self.modules |= {name.partition(".")[0]} | ({"zoneinfo"} if "zoneinfo." in text else set())
            return _PREFIXED[name] + text
        if name.startswith("pathlib.") and name.rpartition(".")[2].endswith("Path"):
            self.modules.add("pathlib")
            return "pathlib.{}({!r})".format(kind.__name__.replace("Posix", ""), str(value))
        if name.partition(".")[0] == "collections":
            return self._of_collections(value, kind.__name__, depth)
        if name == "re.Pattern":
            self.modules.add("re")
            return f"re.compile({self.write(value.pattern, depth + 1)}, {int(value.flags)})"
        return ""

    def _of_collections(self, value: Any, name: str, depth: int) -> str:
        if name == "OrderedDict":
            parts = [self.write(list(value.items()), depth + 1)]
        elif name == "Counter":
            parts = [self._pairs(value, depth)]
        elif name == "defaultdict":
            parts = [self.write(value.default_factory, depth + 1), self._pairs(value, depth)]
        elif name == "deque":
            parts = [self.write(list(value), depth + 1)]
            parts += [] if value.maxlen is None else [str(value.maxlen)]
        else:
            return ""
        self.modules.add("collections")
        return "collections.{}({})".format(name, ", ".join(parts))

    def _structure(self, value: Any, depth: int) -> str:
        """Return the source of an enum member, a named tuple, a dataclass; otherwise a variable's name."""
        kind, own = type(value), dict(type(value).__dict__)
        try:
            if isinstance(value, enum.Enum) and isinstance(value._name_, str) and value._name_.isidentifier():
                return self.name_of(kind) + "." + value._name_
            if isinstance(value, tuple) and isinstance(own.get("_fields"), tuple):
                return self._call(kind, dict(zip(kind._fields, tuple(value))), depth)
            if "__dataclass_fields__" in own and own["__dataclass_params__"].eq:
                fields = [name for name, field in own["__dataclass_fields__"].items() if field.init]
                return self._call(kind, {name: value.__dict__[name] for name in fields}, depth)
        except (UnwritableError, AttributeError, KeyError):
            pass
        variable = self.stand_in(value)
        if not variable:
            raise UnwritableError
        return variable

    def _call(self, kind: Any, fields: dict[str, Any], depth: int) -> str:
        arguments = [name + "=" + self.write(value, depth + 1) for name, value in fields.items()]
        return "{}({})".format(self.name_of(kind), ", ".join(arguments))


def _short(value: Any) -> str:
    if isinstance(value, (str, bytes)) and len(value) > _LONGEST:
        raise UnwritableError
    return repr(value)


def _number(value: Any) -> str:
    if isinstance(value, int):
        if value.bit_length() > _MOST_BITS:
            raise UnwritableError
        return repr(value)
    if isinstance(value, complex):
        return f"complex({_number(value.real)}, {_number(value.imag)})"
    return repr(value) if math.isfinite(value) else f"float('{value}')"


def lambda_source(function: Any) -> str:
    """Return the source of a ``lambda`` that is alone in its line and uses only its parameters and built-ins."""
    code = function.__code__
    if code.co_freevars or not all(name in dir(builtins) for name in code.co_names):
        raise UnwritableError
    try:
        with open(code.co_filename, encoding="utf-8") as file:
            text = file.read()
        nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Lambda)]
    except (OSError, SyntaxError, ValueError) as error:
        raise UnwritableError from error
    here = [node for node in nodes if node.lineno == code.co_firstlineno]
    source = ast.get_source_segment(text, here[0]) if len(here) == 1 else None
    if source is None or "\n" in source or len(source) > _LONGEST_LAMBDA:
        raise UnwritableError
    return source
