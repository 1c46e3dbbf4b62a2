"""Exercism-style exercises: a folder with instructions, a stub, a test file and an example solution.

``.meta/config.json`` says which file is which. Tracks whose tests run by pytest can be imported; the tests are
those of the track, ids read from the test files.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codegym.errors import ConfigError, TaskError
from codegym.importer.human_eval import LIMITS
from codegym.importer.imported import Imported, Wishes, folder, metadata, placed, task_id
from codegym.patch import make_patch
from codegym.sandbox.protocol import File
from codegym.task import Task, TestPlan
from codegym.tree import Files, read_tree

_TOLD = ("introduction.md", "instructions.md", "instructions.append.md")


def exercism(path: Path, wishes: Wishes) -> Iterator[Imported]:
    """Yield the exercises below ``path``, sorted: every folder with a ``.meta/config.json``."""
    configs = sorted(path.rglob(".meta/config.json"))
    if not configs:
        raise ConfigError(f"{path} holds no exercise: a folder with .meta/config.json in it")
    for config in configs:
        yield _exercise(config.parent.parent, wishes)


def _exercise(root: Path, wishes: Wishes) -> Imported:
    config = json.loads((root / ".meta" / "config.json").read_text())
    stub, tests, example = (
        _files(root, config, *keys) for keys in (("solution",), ("test",), ("example", "exemplar"))
    )
    ids = tuple(name for path, file in tests.items() for name in _tests(root, path, file.content.decode()))
    seen = {path: file for path, file in read_tree(root).items() if not path.startswith((".meta/", ".docs/"))}
    before = {path: file for path, file in seen.items() if path not in tests}
    return placed(
        Task(
            id=task_id(root.name),
            instruction=_instruction(root, tuple(stub)),
            source=folder(before),
            gold_patch=make_patch(before, dict(zip(stub, example.values(), strict=False))),
            tests=TestPlan(
                framework="pytest", fail_to_pass=ids, command="--override-ini=pythonpath=.", hidden=folder(tests)
            ),
            image=wishes.image or "python",
            limits=LIMITS,
            metadata=metadata(config, wishes, format="exercism", language="python", kind="implement"),
        ),
        before,
        tests,
    )


def _files(root: Path, config: dict[str, Any], *keys: str) -> Files:
    paths = [path for key in keys for path in config.get("files", {}).get(key, [])]
    if not paths:
        raise TaskError(f"{root / '.meta/config.json'} names no file as {' or '.join(keys)}")
    missing = [path for path in paths if not (root / path).is_file()]
    if missing:
        raise TaskError(f"{root} has no {', '.join(missing)}, which its config.json names")
    return {path: File((root / path).read_bytes()) for path in paths}


def _tests(root: Path, path: str, code: str) -> Iterator[str]:
    if not path.endswith(".py"):
        raise TaskError(
            f"{root.name}: {path} is not run by pytest. Other tracks need their own image and test runner, which "
            "codegym has not"
        )
    for node in ast.parse(code).body:
        if isinstance(node, ast.ClassDef):
            yield from (f"{path}::{node.name}::{test}" for test in _functions(node.body))
    yield from (f"{path}::{test}" for test in _functions(ast.parse(code).body))


def _functions(body: list[ast.stmt]) -> list[str]:
    return [node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]


def _instruction(root: Path, stub: tuple[str, ...]) -> str:
    told = [(root / ".docs" / name).read_text().strip() for name in _TOLD if (root / ".docs" / name).is_file()]
    return "\n\n".join([*told, f"The solution goes into {', '.join(f'`{path}`' for path in stub)}."])
