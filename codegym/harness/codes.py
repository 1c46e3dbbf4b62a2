"""Keeps compiled modules between boxes: compiling a large test file can take longer than running its tests.

Python in a box compiles the box's files without executing them. A compiled module's key covers the content of its
source file, so that it is right for every tree; files that a tree has changed are compiled by the run itself.
There is one folder per source tree, with one file per test module and one for all other modules; the tasks of one
package share it.

So a folder may contain modules of other trees: the sources without the bug, the tests before a form changed them.
A run gets only the modules of its own tree, since the code under test can read all of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codegym.atomic import write_whole
from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.harness.inbox_text import ENV, program
from codegym.sandbox.host.lease import draft_prefix
from codegym.sandbox.protocol import WORKDIR, Changes, Sandbox, Tree

_INTO = "/tmp/.codegym-codes"  # noqa: S108  a path in the box
_SECONDS = 120.0
_KEY, _SIZE = 32, 4
"""The length in bytes of a module's key, and of the number after it that gives the size of its code."""


@dataclass(frozen=True)
class Codes:
    """The ``name`` of a source tree's folder of modules, and the keys of the modules that a run may get."""

    name: str
    allowed: frozenset[bytes]


def codes_of(tree: Tree, changes: Changes, image_digest: str, *, purpose: str) -> Codes:
    """Return which compiled modules a run on ``tree`` with ``changes`` may use.

    They are stored under the tree's lowest layer, its source. ``purpose`` separates modules that were compiled in
    a grader's boxes from those of an agent's boxes.
    """
    keys_by_path: dict[str, tuple[bytes, bytes]] = {}
    for layer in reversed(tree.layers):
        keys_by_path.update(_keys_in(layer))
    for path, file in changes.items():
        keys_by_path.pop(path, None)
        if file is not None and file.link is None and path.endswith(".py"):
            keys_by_path[path] = _keys(path, file.content)
    allowed = frozenset(key for keys in keys_by_path.values() for key in keys)
    return Codes(f"{purpose} {tree.layers[-1].name} {image_digest}", allowed)


def codes_for(box: Sandbox, codes: Codes, paths: Sequence[str]) -> bytes:
    """Return the allowed modules for the test files ``paths``, packed; compile them at the first call.

    They are compiled in a fork of ``box``, in which no process of the agent runs.
    """
    folder = cache_dir() / "codes" / digest_json(codes.name)
    parts = {f"{digest_json(path)}.codes": f"{WORKDIR}/{path}" for path in sorted(paths)} | {"modules.codes": ""}
    missing = {name: path for name, path in parts.items() if not (folder / name).is_file()}
    compiled = _compile(box, missing) if missing else {}
    for name, packed in compiled.items():
        _write(folder / name, packed)
    files = [(folder / name).read_bytes() for name in parts if name in compiled or name not in missing]
    return b"".join(entry for packed in files for key, entry in _entries(packed) if key in codes.allowed)


@lru_cache(maxsize=256)
def _keys_in(layer: Path) -> Mapping[str, tuple[bytes, bytes]]:
    modules = (path for path in layer.rglob("*.py") if path.is_file() and not path.is_symlink())
    by_name = ((path.relative_to(layer).as_posix(), path) for path in modules)
    return {name: _keys(name, path.read_bytes()) for name, path in by_name}


def _keys(path: str, source: bytes) -> tuple[bytes, bytes]:
    """Return a module's two keys, as the programs in the box compute them: as a test module, and as any other."""
    test, plain = (f"{kind}\0{WORKDIR}/{path}\0".encode(errors="surrogateescape") for kind in ("test", "plain"))
    return hashlib.sha256(test + source).digest(), hashlib.sha256(plain + source).digest()


def _entries(packed: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each key with its whole entry (key, size, code)."""
    at = 0
    while at + _KEY + _SIZE <= len(packed):
        end = at + _KEY + _SIZE + int.from_bytes(packed[at + _KEY : at + _KEY + _SIZE], "big")
        yield packed[at : at + _KEY], packed[at:end]
        at = end


def _compile(box: Sandbox, parts: dict[str, str]) -> dict[str, bytes]:
    question = json.dumps({"root": WORKDIR, "parts": parts, "into": _INTO}).encode()
    argv = ["python3", "-c", program("compiler") + "\ncompile_all()\n"]
    with box.fork() as fork:
        result = fork.exec(argv, timeout=_SECONDS, cwd="/", env=ENV, stdin=question)
        return {name: fork.read(f"{_INTO}/{name}") for name in parts} if result.exit_code == 0 else {}


def _write(file: Path, packed: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, packed, prefix=draft_prefix(), mode=0o600)
