"""Failures of grades in real boxes: what failed, and who owns the failure."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from codegym.episode import Outcome
from codegym.errors import GradeError, ImageError, SandboxError, failure_of
from codegym.failure import Failure, FailureKind, Owner
from codegym.grade.grade import grade, grade_gold
from codegym.harness.cache import ResultCache
from codegym.sandbox.backend import backend
from codegym.sandbox.bwrap.backend import BwrapBackend
from codegym.sandbox.layered.box import LaidBox
from codegym.task import Task
from tests.grade.suites import patch_of, python_suite

BWRAP = backend("bwrap")
BAD = {
    FailureKind.MEMORY: "hog = bytearray(b'x' * (1 << 30))\n",
    FailureKind.NOT_STARTED: "import os\nos._exit(0)\n",
    FailureKind.UNREADABLE: "import os\ndef double(x):\n    os._exit(0)\n",
    FailureKind.DISK: "file = open('/tmp/fill', 'wb')\nwhile True:\n    file.write(b'x' * (4 << 20))\n",
    FailureKind.SETUP_TIMEOUT: "while True: pass\n",
    FailureKind.TEST_TIMEOUT: "def double(x):\n    while True: pass\n",
}


def limited(task: Task, **limits: float) -> Task:
    return task.model_copy(update={"limits": task.limits.model_copy(update=limits)})


def test_the_agent_s_failures_score(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path / "suite")
    cache = ResultCache(tmp_path / "cache")
    for kind, text in BAD.items():
        seconds = 3.0 if "timeout" in kind else 30.0
        harsh = limited(task, grade_seconds=seconds, disk_mb=32)
        verdict = grade(suite, harsh, patch_of({"mod.py": text}), backend=BWRAP, cache=cache)
        assert verdict.outcome in (Outcome.UNRESOLVED, Outcome.TIMEOUT), verdict
        assert verdict.failure == Failure(kind, Owner.AGENT), kind


def test_the_task_s_own_failures_do_not(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path)
    broken = task.model_copy(update={"gold_patch": patch_of({"mod.py": BAD[FailureKind.NOT_STARTED]})})
    with pytest.raises(GradeError, match="with its own solution as well") as caught:
        grade(suite, broken, patch_of({"mod.py": BAD[FailureKind.UNREADABLE]}), backend=BWRAP, cache=None)
    assert caught.value.failure == Failure(FailureKind.UNREADABLE, Owner.TASK)
    assert grade_gold(suite, broken, backend=BWRAP, cache=None).failure == Failure(
        FailureKind.NOT_STARTED, Owner.TASK
    )


def test_infrastructure_is_named() -> None:
    assert str(failure_of(GradeError("what?"))) == "infrastructure: unreadable"


def test_an_image_that_does_not_exist(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path)
    with pytest.raises(ImageError, match="Did you mean 'python'") as caught:
        grade_gold(suite, task.model_copy(update={"image": "pyhton"}), backend=BWRAP, cache=None)
    assert failure_of(caught.value) == Failure(FailureKind.IMAGE)


class Doomed(BwrapBackend):
    """A backend whose boxes die soon after they are opened."""

    def open(self, *asked: Any, **options: Any) -> LaidBox:
        box = super().open(*asked, **options)
        Timer(0.5, os.kill, (box.cell.pid, 9)).start()
        return box


def test_a_box_that_dies(tmp_path: Path) -> None:
    suite, task = python_suite(tmp_path)
    slow = patch_of({"mod.py": "import time\ntime.sleep(9)\n"})
    with pytest.raises(SandboxError, match="gone") as caught:
        grade(suite, task, slow, backend=Doomed(), cache=None)
    assert failure_of(caught.value) == Failure(FailureKind.BOX)
