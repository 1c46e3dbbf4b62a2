"""Exercism-style exercises: a folder with instructions, a stub, test files and an example solution.

``.meta/config.json`` names the files of each kind. Tests of two languages can be run in codegym's images:
Python's, by pytest, and C's, by the test framework Unity, which is part of the exercise. A folder may have tracks
of many languages, as Aider's polyglot benchmark has; exercises of other languages are counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codegym.errors import ConfigError, TaskError
from codegym.importer.function.human_eval import LIMITS
from codegym.importer.imported_task import (
    ImportedTask,
    ImportOptions,
    NoRunnerError,
    folder_source,
    metadata,
    path_inside,
    read_each,
    safe_task_id,
    with_folders,
)
from codegym.importer.kit_text import kit
from codegym.importer.names import ids_of_tests
from codegym.importer.repository.language import language_of_paths
from codegym.patch import make_patch
from codegym.sandbox.protocol import File
from codegym.task import Task, TestPlan
from codegym.tree import Files, read_tree

_INSTRUCTION_FILES = ("introduction.md", "instructions.md", "instructions.append.md")
_KIT = ".codegym"
_UNITY_COMMAND = f"make -s -f {_KIT}/unity.mk >&2 && exec build/judge build/exercise"
_IGNORED = re.compile(r"^\s*TEST_IGNORE\(\);.*\n", re.MULTILINE)
_END = re.compile(r"return (UNITY_END|UnityEnd)\(\);")


def exercism(path: Path, options: ImportOptions) -> Iterator[ImportedTask]:
    """Yield the exercises below ``path``, sorted: every folder with a ``.meta/config.json``.

    An exercise's id is the name of its folder. If two have the same name, as in folders of several languages, the
    ids of all begin with the folder below ``path`` that they are in (``python-wordy``).
    """
    roots = [config.parent.parent for config in sorted(path.rglob(".meta/config.json"))]
    if not roots:
        raise ConfigError(f"{path} has no exercise, which is a folder with .meta/config.json in it")
    unique = len({root.name for root in roots}) == len(roots)
    names = {root: root.name if unique else f"{root.relative_to(path).parts[0]}-{root.name}" for root in roots}
    places = ((str(root), root) for root in roots)
    yield from read_each(places, lambda root: _exercise(root, names[root], options), options.skip)


def _exercise(root: Path, name: str, options: ImportOptions) -> ImportedTask:
    config = json.loads(path_inside(root, ".meta/config.json").read_text())
    stub, tests, example = (
        _files(root, config, *keys) for keys in (("solution",), ("test",), ("example", "exemplar"))
    )
    files = {path: file for path, file in read_tree(root).items() if not path.startswith((".meta/", ".docs/"))}
    before = {path: file for path, file in files.items() if path not in tests}
    language, plan, hidden = _test_plan(tests, before)
    return with_folders(
        Task(
            id=safe_task_id(name),
            instruction=_instruction(root, tuple(stub)),
            source=folder_source(before),
            gold_patch=make_patch(before, _solved(stub, example)),
            tests=plan.model_copy(update={"hidden": folder_source(hidden)}),
            image=options.image or {"python": "python", "c": "cc"}[language],
            limits=LIMITS,
            metadata=metadata(config, options, format="exercism", language=language, kind="implement"),
        ),
        before,
        hidden,
    )


def _files(root: Path, config: dict[str, Any], *keys: str) -> dict[str, File]:
    paths = [str(path) for key in keys for path in config.get("files", {}).get(key, [])]
    if not paths:
        raise TaskError(f".meta/config.json names no file as {' or '.join(keys)}")
    missing = [path for path in paths if not path_inside(root, path).is_file()]
    if missing:
        raise TaskError(f".meta/config.json names {', '.join(missing)}, which does not exist")
    return {path: File((root / path).read_bytes()) for path in paths}


def _solved(stub: Files, example: Files) -> dict[str, File | None]:
    """Return the example's files at the paths of the stub's, matched by the endings of names, then by order."""
    left, solved = dict(stub), dict[str, File | None]()
    for path, file in example.items():
        alike = [name for name in left if Path(name).suffix == Path(path).suffix] or list(left)
        if not alike:
            raise TaskError(f"the example {path} corresponds to no file of the solution")
        solved[alike[0]] = file
        del left[alike[0]]
    return solved


def _test_plan(tests: Files, before: Files) -> tuple[str, TestPlan, Files]:
    """Return the language, the test plan, and the files that grading lays over the exercise."""
    if all(path.endswith(".py") for path in tests):
        ids = tuple(name for path, file in tests.items() for name in ids_of_tests(path, file.content.decode()))
        plan = TestPlan(framework="pytest", fail_to_pass=ids, command="--override-ini=pythonpath=.")
        return "python", plan, tests
    if all(path.endswith(".c") for path in tests) and "test-framework/unity.c" in before:
        own = {path: file for path, file in before.items() if path.startswith("test-framework/")}
        judge = {f"{_KIT}/{name}": File(kit(name).encode()) for name in ("judge.c", "finish.h", "unity.mk")}
        plan = TestPlan(
            framework="tap",
            fail_to_pass=("exercise",),
            command=_UNITY_COMMAND,
            protected=(f"{_KIT}/**", "build/**", *tests, *own),
        )
        return "c", plan, own | judge | {path: _complete(path, file) for path, file in tests.items()}
    raise NoRunnerError(
        language_of_paths(tests) or "unknown language",
        f"{', '.join(tests)}: neither tests of pytest nor C with test-framework/unity.c. Other tracks need a test "
        "runner (jest, catch2, cargo, …) that no image of codegym has",
    )


def _complete(path: str, file: File) -> File:
    """Return a test program in which no test is ignored and which reports that it reached its end."""
    code, count = _END.subn(
        r"int codegym_failed = \1(); codegym_finish(); return codegym_failed;", file.content.decode()
    )
    if not count:
        raise TaskError(f"{path} has no 'return UNITY_END();'")
    return File(f'#include "{_KIT}/finish.h"\n{_IGNORED.sub("", code)}'.encode())


def _instruction(root: Path, stub: tuple[str, ...]) -> str:
    paths = [path_inside(root, f".docs/{name}") for name in _INSTRUCTION_FILES]
    texts = [path.read_text().strip() for path in paths if path.is_file()]
    return "\n\n".join([*texts, f"The solution goes into {', '.join(f'`{path}`' for path in stub)}."])
