"""Opens rooms with one test, to test what one run leaves for the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codegym.grade.room import Room
from codegym.grade.subject import Subject
from codegym.harness.result import TestRun
from codegym.sandbox.backend import backend
from codegym.sandbox.bwrap.backend import BwrapBackend
from codegym.sandbox.protocol import File
from tests.grade.suites import change, suite_of

TEST = "tests/test_mod.py::test_it"
SEALED = [pytest.param("bwrap"), pytest.param("docker", marks=pytest.mark.docker)]
MOD = "def f():\n    return 1\n"


@contextmanager
def room_of(root: Path, kind: str, mod: str = MOD) -> Iterator[Room]:
    boxes = BwrapBackend(stage="disk") if kind == "bwrap on disk" else backend(kind)
    run = next(each for each in boxes.capabilities() if each.name == "run")
    if not run.available:
        pytest.skip(f"{kind}: {run.why}")
    plan = {"framework": "pytest", "fail_to_pass": (TEST,)}
    repo = {"mod.py": "", "tests/test_mod.py": ""}
    suite, task = suite_of(root, repo, {"tests/test_mod.py": "def test_it(): pass\n"}, tests=plan, image="python")
    subject = Subject(suite, task, boxes)
    with Room(subject, {**change({"mod.py": mod}), **subject.hidden}) as room:
        yield room


def ask(room: Room, test: str, name: str = "tests/test_mod.py") -> TestRun:
    return room.run({name: File(test.encode())}, (TEST,))
