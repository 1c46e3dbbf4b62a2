"""A suite whose tests wait instead of computing, as tests do that use a network or a clock."""

from __future__ import annotations

from pathlib import Path

from codegym.patch import make_patch
from codegym.sandbox.protocol import Changes, File
from codegym.suite import Manifest, Suite
from codegym.task import FolderSource, Limits, Task, TestPlan
from codegym.tree import read_tree, tree_digest, write_file

SPLIT = "train"


def waiting_suite(root: Path, count: int, seconds: float) -> Suite:
    """Make ``count`` tasks in ``root``, each with one test that takes ``seconds`` and decides the grade."""
    tasks = {task.id: task for task in (_task(root, number, seconds) for number in range(count))}
    manifest = Manifest(name="waiting", version=1, title="Tests that wait")
    return Suite(manifest, root, tasks, {SPLIT: tuple(tasks)})


def _task(root: Path, number: int, seconds: float) -> Task:
    name = f"task{number}"
    module = {"mod.py": File(f"def times(x):\n    return x * {number + 3}\n".encode())}
    gold: Changes = {"mod.py": File(f"def times(x):\n    return x * {number + 2}\n".encode())}
    test = f"import time\n\nfrom mod import times\n\n\ndef test_times():\n    time.sleep({seconds})\n"
    test += f"    assert times(5) == {5 * (number + 2)}\n"
    for path, file in (module | {"tests/test_mod.py": File(test.encode())}).items():
        write_file(root / name / path, file)
    return Task(
        id=name,
        instruction=f"`times(5)` is {5 * (number + 3)}, and should be {5 * (number + 2)}.",
        source=FolderSource(path=name, digest=tree_digest(read_tree(root / name))),
        tests=TestPlan(framework="pytest", fail_to_pass=("tests/test_mod.py::test_times",)),
        image="python",
        gold_patch=make_patch(module, gold),
        limits=Limits(grade_seconds=60 + 20 * seconds),
    )
