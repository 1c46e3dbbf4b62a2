# ruff: noqa: PTH103, PTH118, PTH119, PTH123
"""Compiles a repository's modules in the box, executing none of them, for runs of pytest to start from.

Writes to the files that it is told, for each module, its :func:`key_of`, the size of its code, and its code as
:mod:`marshal` writes it; test modules have pytest's assertions rewritten. A module is found there by its
content, so that nothing stale can be: what has changed is compiled anew by the run that meets it.
"""

from __future__ import annotations

import ast
import fnmatch
import hashlib
import json
import marshal
import os
import sys

sys.path[:] = [entry for entry in sys.path if entry]

_MOST = 6 << 20
_LARGE = 1 << 20
_TESTS = ("test_*.py", "*_test.py", "conftest.py")


def key_of(kind: str, path: str, source: bytes) -> bytes:
    """Return the key of a module: of what was done to it, where it lies, and what is in it."""
    return hashlib.sha256(f"{kind}\0{path}\0".encode("utf-8", "surrogateescape") + source).digest()


def compile_all() -> None:
    """Read from stdin which parts to make: a file for each, of one test module, or of all that are none."""
    asked = json.load(sys.stdin)
    os.makedirs(asked["into"], exist_ok=True)
    for name, path in asked["parts"].items():
        paths = [path] if path else untested(asked["root"])
        with open(os.path.join(asked["into"], name), "wb") as file:
            for key, code in compiled_all(paths).items():
                file.write(key + len(code).to_bytes(4, "big") + code)


def untested(root: str) -> list[str]:
    """Return the modules below ``root`` that are no tests, the shallowest first; a ``conftest.py`` is one."""
    found = [path for path in modules(root) if not is_test(path) or path.endswith("/conftest.py")]
    return sorted(found, key=lambda path: (path.count("/"), path))


def is_test(path: str) -> bool:
    """Return whether pytest would rewrite the assertions of a module, going by its name."""
    return any(fnmatch.fnmatch(os.path.basename(path), pattern) for pattern in _TESTS)


def compiled_all(paths: list[str]) -> dict[bytes, bytes]:
    """Return the code of modules by key, as far as there is room."""
    codes: dict[bytes, bytes] = {}
    room = _MOST
    for path in paths:
        key, code = compiled(path, is_test(path))
        room -= len(code)
        if code and room > 0:
            codes[key] = code
    return codes


def modules(root: str) -> list[str]:
    """Return every module below ``root``."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "node_modules"]
        found += [os.path.join(folder, name) for name in names if name.endswith(".py")]
    return found


def compiled(path: str, test: bool) -> tuple[bytes, bytes]:
    """Return a module's key and code; no code if it can't be compiled or is very large."""
    from _pytest.assertion.rewrite import rewrite_asserts  # noqa: PLC0415

    try:
        with open(path, "rb") as file:
            source = file.read(_LARGE)
        key = key_of("test" if test else "plain", path, source)
        tree = ast.parse(source, filename=path)
        if test:
            rewrite_asserts(tree, source, path)
        return key, marshal.dumps(compile(tree, path, "exec", dont_inherit=True)) if len(source) < _LARGE else b""
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return b"", b""
