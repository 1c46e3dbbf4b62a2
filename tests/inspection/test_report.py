"""What a report says of a suite: sizes, functions, reach, near-duplicates, refusals, and tasks to read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from codegym.difficulty import TaskAttempts, keep_attempts, wilson
from codegym.inspection.duplicates import SAME_FUNCTION, SAME_PATCH, nameless, surplus, twin_groups
from codegym.inspection.functions import MODULE, changed_functions, functions_of
from codegym.inspection.reading import drawn
from codegym.inspection.refusals import refusals_of
from codegym.inspection.report import SuiteReport, inspect_suite
from codegym.patch import make_patch
from codegym.sandbox.protocol import File
from codegym.suite import Suite, load_suite
from codegym.task import FolderSource, Task, TestPlan

SOURCE = b"""import os

class Till:
    @property
    def open(self):
        return True

def close(a, b):
    def inner():
        return a
    return inner() - b
"""


def patch(old: bytes, new: bytes, path: str = "a.py") -> str:
    return make_patch({path: File(old)}, {path: File(new)})


def task(name: str, gold: str, *tests: str) -> Task:
    plan = TestPlan(framework="pytest", fail_to_pass=tests or ("t::a",))
    source = FolderSource(path="x", digest="d")
    return Task(id=name, instruction="i", source=source, tests=plan, image="python", gold_patch=gold)


def test_functions_of_languages() -> None:
    assert [(f.name, f.first, f.last) for f in functions_of("a.py", SOURCE)] == [
        ("Till.open", 4, 6), ("close", 8, 11)
    ]  # fmt: skip
    assert [f.name for f in functions_of("a.c", b"int add(int a, int b)\n{\n  return a + b;\n}\n")] == ["add"]
    assert [f.name for f in functions_of("a.js", b"function add(a, b) {\n  return a + b;\n}\n")] == ["add"]
    assert functions_of("a.py", b"def (") == functions_of("a.txt", SOURCE) == ()


def test_changed_functions_are_those_of_changed_lines() -> None:
    broken = SOURCE.replace(b"inner() - b", b"inner() + b")
    assert changed_functions(patch(broken, SOURCE), {"a.py": SOURCE}) == {("a.py", "close"): 4}
    without = SOURCE.replace(b"import os\n", b"")
    assert changed_functions(patch(without, SOURCE), {"a.py": SOURCE}) == {("a.py", MODULE): 0}
    both = without.replace(b"return True", b"return False")
    assert changed_functions(patch(both, SOURCE), {"a.py": SOURCE}) == {("a.py", "Till.open"): 3}


def test_near_duplicates_by_function_and_tests() -> None:
    one, two = (patch(SOURCE.replace(b"- b", sign), SOURCE) for sign in (b"+ b", b"* b"))
    functions = {"a": ("a.py: close",), "b": ("a.py: close",), "c": ("a.py: close",)}
    tasks = [task("a", one), task("b", two), task("c", two + "", "t::other")]
    groups = twin_groups(tasks, functions)
    assert [(group.rule, group.tasks) for group in groups] == [
        (SAME_FUNCTION, ("a", "b")), (SAME_PATCH, ("b", "c"))
    ]  # fmt: skip
    assert surplus(groups) == 2


def test_patches_are_equal_up_to_names_only() -> None:
    def renamed(name: bytes, value: bytes) -> str:
        old = b"def " + name + b"(items):\n    return items[0]\n"
        return patch(old, old.replace(b"0", value), f"{name.decode()}.py")

    assert nameless(renamed(b"first", b"1")) == nameless(renamed(b"head", b"1"))
    assert nameless(renamed(b"first", b"1")) != nameless(renamed(b"head", b"2"))
    assert nameless(patch(b"return a - b\n", b"return b - a\n")) != nameless(
        patch(b"return a - b\n", b"return a\n")
    )


def test_what_the_forge_refused_is_counted(mini: Suite, tmp_path: Path) -> None:
    report = {
        "operators": {"mutation": {"refused": {"unnoticed": 3, "timeout": 5}}},
        "left_out": ["tests/slow.py"],
    }
    (tmp_path / "forge.json").write_text(json.dumps(report))
    suite = replace(mini, root=tmp_path, refused={"x": "gold: it fails"}, quarantined={"y": ("t::a",)})
    assert [(r.stage.partition(":")[0], r.reason, r.count) for r in refusals_of(suite, ())] == [
        ("certificate", "1 in quarantine", 1),
        ("certificate", "gold", 1),
        ("forge", "timeout", 5),
        ("forge", "unnoticed", 3),
        ("forge", "tests/slow.py", 1),
    ]


def test_the_same_seed_draws_the_same_tasks() -> None:
    ids = [f"t{n}" for n in range(40)]
    assert drawn(ids, 10, 1) == drawn(ids, 10, 1) != drawn(ids, 10, 2)
    assert drawn(ids, 99, 1) == ids


@pytest.fixture(scope="module")
def kata() -> SuiteReport:
    return inspect_suite(load_suite("kata"))


def test_kata(kata: SuiteReport) -> None:
    assert (kata.tasks, kata.inspected, kata.certified, len(kata.reading)) == (29, 29, 29, 10)
    assert kata.counts("split") == {"train": 15, "test": 8, "val": 6}
    assert kata.counts("difficulty") == {"unknown": 29}
    assert set(kata.counts("kind")) == {"bug", "implement", "performance", "compile", "refactor", "upgrade"}
    assert all(size.tasks == 29 and size.most > size.least for size in kata.sizes.values())
    rows = {row.task: row for row in kata.rows}
    assert "src/arena.c: arena_alloc" in rows["arena"].functions
    assert rows["tip-jar"].hidden == rows["tip-jar"].deciding == 21
    functions, of = kata.reach.functions
    assert 0 < functions < of
    assert all(reading.tests[0].code or reading.hidden_files for reading in kata.reading)
    assert any(reading.tests[0].code for reading in kata.reading)


def test_a_generated_suite_is_sampled() -> None:
    report = inspect_suite(load_suite("drill"), sample=10, read=2)
    assert (report.tasks, report.inspected, len(report.reading)) == (2600, 10, 2)
    assert report.reach.sources == ()
    assert {row.kind for row in report.rows} <= {f"generated: level {level}" for level in range(1, 6)}


def test_measured_difficulty_is_in_the_report(mini: Suite, tmp_path: Path) -> None:
    suite = replace(mini, root=tmp_path)
    for solved, name in enumerate(("clamp", "total", "words")):
        record = TaskAttempts(
            task=name,
            digest=mini.task(name).digest,
            policy="p",
            policy_digest="p",
            attempts=4,
            solved=solved,
            interval=wilson(4, solved),
        )
        keep_attempts(suite, [record])
    report = inspect_suite(suite)
    assert {row.task: row.difficulty for row in report.rows} == {
        "clamp": "hard", "total": "medium", "words": "easy"
    }  # fmt: skip
    assert [(policy.policy, policy.attempts, policy.rate) for policy in report.policies] == [("p", 12, 0.25)]
    assert report.reach.missing == 3
