# ruff: noqa: B905
"""Reads from a frame that has just begun how its function was called.

Written for Python 3.8, whose ``zip`` is never strict.
"""

from __future__ import annotations

from typing import Any


def parameters_of(frame: Any, entry: Any, name: str) -> tuple[Any, list[tuple[str, str, Any]]]:
    """Return the instance (or class) of a method, and (parameter, prefix, value) of each argument.

    ``entry`` is what :meth:`PublicNames.of_function` returned. The prefix is ``key=`` or empty. Arguments that are
    the parameter's default are left out where the call would be the same.
    """
    code, values = frame.f_code, frame.f_locals
    names = list(code.co_varnames[: code.co_argcount])
    instance = values.get(names.pop(0)) if names and _is_bound(entry, name, names[0]) else None
    positional_only = max(0, code.co_posonlyargcount - (code.co_argcount - len(names)))
    default = _defaults(entry[3]) if entry else {}

    def is_default(key: str) -> bool:
        return key in default and default[key] is values.get(key)

    at = code.co_argcount + code.co_kwonlyargcount
    extra = values.get(code.co_varnames[at], ()) if code.co_flags & 4 else ()
    arguments: list[tuple[str, str, Any]] = []
    by_key = False
    for number, key in enumerate(names):
        later = names[number:positional_only]
        if is_default(key) and not extra and all(map(is_default, later)):
            by_key = True
        else:
            arguments.append((key, key + "=" if by_key else "", values.get(key)))
    arguments += [("*", "", value) for value in extra]
    keyword_only = code.co_varnames[code.co_argcount : at]
    arguments += [(key, key + "=", values.get(key)) for key in keyword_only if not is_default(key)]
    return instance, arguments + _keywords(code, values, at)


def _keywords(code: Any, values: dict[str, Any], at: int) -> list[tuple[str, str, Any]]:
    """Return the arguments in ``**options``. A key that is no name can't be written: its value is an object."""
    if not code.co_flags & 8:
        return []
    options = values.get(code.co_varnames[at + bool(code.co_flags & 4)], {})
    return [
        ("**", str(key) + "=", value if str(key).isidentifier() else object()) for key, value in options.items()
    ]


def _is_bound(entry: Any, name: str, first: str) -> bool:
    """Return whether a function's first argument is its instance or class."""
    if entry is None:
        return "." in name and first in ("self", "cls")
    return "." in entry[1] and not isinstance(entry[2], staticmethod)


def _defaults(function: Any) -> dict[str, Any]:
    code = function.__code__
    names, values = code.co_varnames[: code.co_argcount], function.__defaults__ or ()
    by_name = dict(zip(names[len(names) - len(values) :], values))
    by_name.update(function.__kwdefaults__ or {})
    return by_name
