# ruff: noqa: PTH103, PTH118, PTH119, PTH123
"""Compiles a repository's modules in the box, without executing them, for later runs of pytest.

Each output file has, for each module, its key (:func:`key_of`), the size of its code, and its code in the format
of :mod:`marshal`. In test modules the assertions are rewritten as pytest does. The key covers the module's
content, so that no stale code is used: the run itself compiles a module that has changed.
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
    """Return a module's key, which covers its kind (``test`` or ``plain``), its path and its content."""
    return hashlib.sha256(f"{kind}\0{path}\0".encode("utf-8", "surrogateescape") + source).digest()


def compile_all() -> None:
    """Read from stdin which files to write: one per test module, and one for all other modules."""
    request = json.load(sys.stdin)
    os.makedirs(request["into"], exist_ok=True)
    for name, path in request["parts"].items():
        paths = [path] if path else other_modules(request["root"])
        with open(os.path.join(request["into"], name), "wb") as file:
            for key, code in compile_modules(paths).items():
                file.write(key + len(code).to_bytes(4, "big") + code)


def other_modules(root: str) -> list[str]:
    """Return the modules below ``root`` that are not tests, and each ``conftest.py``; the shallowest first."""
    chosen = [path for path in modules(root) if not is_test(path) or path.endswith("/conftest.py")]
    return sorted(chosen, key=lambda path: (path.count("/"), path))


def is_test(path: str) -> bool:
    """Return whether a module's name is one for which pytest rewrites assertions."""
    return any(fnmatch.fnmatch(os.path.basename(path), pattern) for pattern in _TESTS)


def compile_modules(paths: list[str]) -> dict[bytes, bytes]:
    """Return the code of modules by key, up to a total size."""
    codes: dict[bytes, bytes] = {}
    room = _MOST
    for path in paths:
        key, code = compile_module(path, is_test(path))
        room -= len(code)
        if code and room > 0:
            codes[key] = code
    return codes


def modules(root: str) -> list[str]:
    """Return every module below ``root``."""
    paths = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "node_modules"]
        paths += [os.path.join(folder, name) for name in names if name.endswith(".py")]
    return paths


def compile_module(path: str, test: bool) -> tuple[bytes, bytes]:
    """Return a module's key and code; the code is empty if it can't be compiled or is very large."""
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
