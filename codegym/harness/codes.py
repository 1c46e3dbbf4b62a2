"""Compiled modules, kept between boxes: compiling a large test file can take longer than running its tests.

They are made by Python in a box, from the files that lie there, without executing any; and are found by the
content of the file that is imported, so that they are right for every tree. What a tree has changed is compiled
by the run itself. One folder a source tree, in it a file
for each test module and one for the rest; the tasks of one package share them.

So a folder holds what other trees hold: the sources before a bug was put into them, the tests before a form
changed them. A run is handed what lies in its own tree and no more, since the code under test can read it all.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.harness.inbox_text import ENV, program
from codegym.sandbox.host.lease import draft_prefix
from codegym.sandbox.protocol import WORKDIR, Changes, Sandbox, Tree

_INTO = "/tmp/.codegym-codes"  # noqa: S108  a path in the box
_SECONDS = 120.0
_KEY, _SIZE = 32, 4
"""Bytes of a module's key, and of the size of its code, which stand before it."""


@dataclass(frozen=True)
class Codes:
    """Where the modules of a source tree are kept, by ``name``, and the keys of those that a run may be handed."""

    name: str
    allowed: frozenset[bytes]


def codes_of(tree: Tree, changes: Changes, image_digest: str, *, purpose: str) -> Codes:
    """Return the compiled modules that a run on ``tree`` with ``changes`` may start from.

    They are kept with the tree's lowest layer, its source. ``purpose`` keeps apart what was compiled in a
    grader's boxes and in an agent's.
    """
    found: dict[str, tuple[bytes, bytes]] = {}
    for layer in reversed(tree.layers):
        found.update(_keys_in(layer))
    for path, file in changes.items():
        found.pop(path, None)
        if file is not None and file.link is None and path.endswith(".py"):
            found[path] = _keys(path, file.content)
    allowed = frozenset(key for keys in found.values() for key in keys)
    return Codes(f"{purpose} {tree.layers[-1].name} {image_digest}", allowed)


def codes_for(box: Sandbox, codes: Codes, paths: Sequence[str]) -> bytes:
    """Return the allowed compiled modules of a tree with the test files ``paths``; made at the first call.

    They are made in a fork of ``box``, where no process of the agent's is.
    """
    folder = cache_dir() / "codes" / digest_json(codes.name)
    parts = {f"{digest_json(path)}.codes": f"{WORKDIR}/{path}" for path in sorted(paths)} | {"modules.codes": ""}
    missing = {name: path for name, path in parts.items() if not (folder / name).is_file()}
    made = _make(box, missing) if missing else {}
    for name, packed in made.items():
        _keep(folder / name, packed)
    there = [(folder / name).read_bytes() for name in parts if name in made or name not in missing]
    return b"".join(entry for packed in there for key, entry in _entries(packed) if key in codes.allowed)


@lru_cache(maxsize=256)
def _keys_in(layer: Path) -> Mapping[str, tuple[bytes, bytes]]:
    modules = (path for path in layer.rglob("*.py") if path.is_file() and not path.is_symlink())
    named = ((path.relative_to(layer).as_posix(), path) for path in modules)
    return {name: _keys(name, path.read_bytes()) for name, path in named}


def _keys(path: str, source: bytes) -> tuple[bytes, bytes]:
    """Return the keys of a module as the programs in the box know it: as a test, and as any other."""
    test, plain = (f"{kind}\0{WORKDIR}/{path}\0".encode(errors="surrogateescape") for kind in ("test", "plain"))
    return hashlib.sha256(test + source).digest(), hashlib.sha256(plain + source).digest()


def _entries(packed: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys, and entries with the key in front."""
    at = 0
    while at + _KEY + _SIZE <= len(packed):
        end = at + _KEY + _SIZE + int.from_bytes(packed[at + _KEY : at + _KEY + _SIZE], "big")
        yield packed[at : at + _KEY], packed[at:end]
        at = end


def _make(box: Sandbox, parts: dict[str, str]) -> dict[str, bytes]:
    asked = json.dumps({"root": WORKDIR, "parts": parts, "into": _INTO}).encode()
    argv = ["python3", "-c", program("compiler") + "\ncompile_all()\n"]
    with box.fork() as clean:
        done = clean.exec(argv, timeout=_SECONDS, cwd="/", env=ENV, stdin=asked)
        return {name: clean.read(f"{_INTO}/{name}") for name in parts} if done.exit_code == 0 else {}


def _keep(file: Path, packed: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=draft_prefix(), dir=file.parent)
    with os.fdopen(handle, "wb") as out:
        out.write(packed)
    Path(draft).replace(file)
