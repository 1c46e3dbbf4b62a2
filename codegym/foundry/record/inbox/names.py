# ruff: noqa: B905
"""Finds the dotted name by which a user imports a function or a class of a package.

Nothing is called and no attribute is computed: only the dictionaries of modules and classes are read.
Written for Python 3.8, which a box may have, and whose ``zip`` is never strict.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

_WRAPPED = 8
"""Decorators around one function that are looked through."""
_DEEP = 3
"""Classes inside of classes that are looked into."""


def functions_of(value: Any) -> list[Any]:
    """Return the plain functions behind ``value``: what it wraps, and a property's getter."""
    functions = []
    for _ in range(_WRAPPED):
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        elif isinstance(value, property):
            value = value.fget
        elif isinstance(value, functools.cached_property):
            value = value.func
        if isinstance(value, types.FunctionType):
            functions.append(value)
        wrapped = _own(value).get("__wrapped__")
        if wrapped is None:
            break
        value = wrapped
    return functions


def _own(value: Any) -> dict[str, Any]:
    try:
        return dict(object.__getattribute__(value, "__dict__"))
    except (AttributeError, TypeError):
        return {}


class PublicNames:
    """The public names of the packages that are imported, best name first."""

    def __init__(self) -> None:
        self._packages: dict[str, tuple[int, dict[int, list[Any]], dict[int, str]]] = {}

    def of_function(self, frame: Any) -> Any:
        """Return (module, name in the module, holder, function) of the function that ``frame`` runs, or ``None``.

        ``holder`` is what the class's or module's dictionary has under that name.
        """
        _, functions, _ = self._package(str(frame.f_globals.get("__name__", "")))
        entries = functions.get(id(frame.f_code), [])
        return next((entry for entry in entries if _closes_over(entry[3], frame)), None)

    def of_object(self, value: Any) -> tuple[str, str] | None:
        """Return (module, name in the module) of a class or function; the module ``""`` stands for built-ins."""
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        if not isinstance(module, str) or not isinstance(name, str):
            return None
        public = self._package(module)[2].get(id(value))
        if public:
            module, _, name = public.partition(":")
        current: Any = sys.modules.get(module)
        for part in name.split("."):
            current = _own(current).get(part)
        if current is not value:
            return None
        return ("" if module == "builtins" else module), name

    def _package(self, module: str) -> Any:
        top = module.partition(".")[0]
        names = [name for name in list(sys.modules) if name == top or name.startswith(top + ".")]
        if self._packages.get(top, (0,))[0] != len(names):
            names.sort(key=_rank)
            self._packages[top] = _index(names)
        return self._packages.get(top, (0, {}, {}))


def _index(modules: list[str]) -> tuple[int, dict[int, list[Any]], dict[int, str]]:
    functions: dict[int, list[Any]] = {}
    classes: dict[int, str] = {}
    for module in modules:
        top = module.partition(".")[0]
        for name, value, holder in _members(top, _own(sys.modules.get(module)), "", _DEEP):
            if isinstance(value, (type, types.FunctionType)):
                classes.setdefault(id(value), module + ":" + name)
            for function in functions_of(holder):
                functions.setdefault(id(function.__code__), []).append((module, name, holder, function))
    for entries in functions.values():
        entries.sort(key=lambda entry: _rank(entry[0] + "." + entry[1]))
    return len(modules), functions, classes


def _members(top: str, values: dict[str, Any], prefix: str, depth: int) -> list[tuple[str, Any, Any]]:
    members = []
    for name, value in values.items():
        members.append((prefix + name, value, value))
        own = isinstance(value, type) and str(getattr(value, "__module__", "")).partition(".")[0] == top
        if own and depth:
            members += _members(top, _own(value), prefix + name + ".", depth - 1)
    return members


def _rank(name: str) -> tuple[int, int, int, str]:
    parts = name.split(".")
    private = sum(part.startswith("_") and not part.endswith("__") for part in parts)
    return private, len(parts), len(name), name


def _closes_over(function: Any, frame: Any) -> bool:
    """Return whether ``function`` is the one that ``frame`` runs, of several that share their code."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    if not cells:
        return True
    values = frame.f_locals
    try:
        return all(name not in values or cell.cell_contents is values[name] for name, cell in cells.items())
    except ValueError:
        return False


def names_in(code: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Return (qualified name without ``<locals>``, code) of all functions inside ``code``."""
    inside = []
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType) and not constant.co_name.startswith("<"):
            name = prefix + constant.co_name
            if constant.co_flags & 1:  # optimised: a function and not the body of a class
                inside.append((name, constant))
            inside += names_in(constant, name + ".")
    return inside
