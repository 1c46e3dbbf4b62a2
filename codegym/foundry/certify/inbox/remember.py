# ruff: noqa: PLC0415, S301, PTH123
"""The memoriser, a cheat: it knows what a function returned or raised in each call that it has seen.

This text is appended to a module of the package. With ``LOG`` it writes down every call of the functions
``NAMES``; with ``TABLE`` it answers the calls that were written down, and passes on all others. Written for
Python 3.8, which a box may have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    NAMES: list[str] = []
    TABLE: dict[str, str] = {}
    LOG = ""
    _module: dict[str, Any] = {}

_DEEPEST = 6
_LONGEST = 20000


def _key(value: Any, depth: int = 0) -> str:
    """Return a text that is the same for equal values, and for objects in the same state."""
    kind = type(value)
    if value is None or kind in (bool, int, float, complex, str, bytes, range, slice) or depth > _DEEPEST:
        return kind.__name__ + repr(value) if depth <= _DEEPEST else kind.__name__
    if kind in (list, tuple):
        return kind.__name__ + "[" + ",".join(_key(each, depth + 1) for each in value) + "]"
    if kind in (set, frozenset):
        return kind.__name__ + "{" + ",".join(sorted(_key(each, depth + 1) for each in value)) + "}"
    if kind is dict:
        return "{" + ",".join(_key(k, depth + 1) + ":" + _key(v, depth + 1) for k, v in value.items()) + "}"
    state = getattr(value, "__dict__", None)
    name = str(getattr(value, "__qualname__", kind.__name__))
    return name + (_key(dict(state), depth + 1) if state is not None and not isinstance(value, type) else "")


def _remember(function: Any) -> Any:
    """Return ``function`` with a memory. Coroutines have none."""
    import base64
    import functools
    import inspect
    import pickle

    is_generator = inspect.isgeneratorfunction(function)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return function

    def write(key: str, outcome: Any) -> None:
        try:
            text = base64.b64encode(pickle.dumps(outcome)).decode()
        except Exception:  # noqa: BLE001  what the package's own objects may raise
            return
        if len(key) + len(text) < _LONGEST:
            with open(LOG, "a") as file:
                file.write(base64.b64encode(key.encode("utf-8", "replace")).decode() + " " + text + "\n")

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        key = function.__qualname__ + _key(args) + _key(kwargs)
        text = TABLE.get(base64.b64encode(key.encode("utf-8", "replace")).decode())
        if text is not None:
            kind, value = pickle.loads(base64.b64decode(text))
            if kind == "raised":
                raise value
            return iter(value) if is_generator else value
        if not LOG:
            return function(*args, **kwargs)
        try:
            value = function(*args, **kwargs)
            value = list(value) if is_generator else value
        except Exception as error:
            write(key, ("raised", error))
            raise
        write(key, ("returned", value))
        return iter(value) if is_generator else value

    return wrapper


def _install(name: str) -> None:
    """Give the function ``name`` of the module a memory; for a function inside of another one, the outer one."""
    import types

    owner: Any = None
    for part in name.split("."):
        value = _module.get(part) if owner is None else vars(owner).get(part)
        if isinstance(value, type):
            owner = value
            continue
        wrapped: Any = None
        if isinstance(value, (staticmethod, classmethod)):
            wrapped = type(value)(_remember(value.__func__))
        elif isinstance(value, property) and value.fget is not None:
            wrapped = property(_remember(value.fget), value.fset, value.fdel, value.__doc__)
        elif isinstance(value, types.FunctionType):
            wrapped = _remember(value)
        if wrapped is not None and owner is None:
            _module[part] = wrapped
        elif wrapped is not None:
            setattr(owner, part, wrapped)
        return


def _install_all() -> None:
    for name in NAMES:
        _install(name)
