"""Tasks are the same everywhere, differ from each other, and can't be solved by knowing what is visible."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from codegym.errors import TaskError
from codegym.generator.family import load_families
from codegym.generator.make import draw_family, id_of, split_of
from codegym.generator.program import draw_program
from codegym.generator.stream import Stream
from codegym.suite import claimed_suite, load_suite
from codegym.task import Task
from tests.generator.modules import broken, failed_tests, hidden_tests, memorising, repaired, visible_tests

DRILL = load_suite("drill")
LEVELS = (1, 2, 3, 4, 5)
SAMPLE = [
    DRILL.task(id_of(level, first + n))
    for level in LEVELS
    for first in (300_000, 850_000, 950_000)
    for n in (1, 2, 3)
]
DIGESTS = {
    "d1-000000": "7c61574e44addf7c6f74744b93751bb220283653207849c1d7f09ae1233fe3b9",
    "d2-123456": "99a3a3505ab1ddec34d2ea59f9eb060abb6e1ddbd0e31147516e65dda8b0b916",
    "d3-000123": "d833aca6c7a0c500d2b8b163eaa2680f6ce42451bd36702ac12878ebab122133",
    "d4-800007": "a2ed6bb741b124544e926f5808bdd7dcf086d5ff6dfaee8e0ddc45e4dba7cc53",
    "d5-999999": "805cf81608cb2ff964fd116f12acf6a90f4b6b9880df3514bee9346f38089c91",
}
"""Digests of some tasks. If they change, so does every result: raise `version` in envs/drill/suite.toml."""


def test_an_id_gives_the_same_task_on_every_machine() -> None:
    assert {task_id: DRILL.task(task_id).digest for task_id in DIGESTS} == DIGESTS


def test_an_id_gives_the_same_task_in_another_process() -> None:
    code = "from codegym.suite import load_suite; print(load_suite('drill').task('d4-123456').digest)"
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    out = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == DRILL.task("d4-123456").digest


def test_listed_tasks_are_finite_and_the_others_exist_too() -> None:
    lengths = {split: len(ids) for split, ids in DRILL.splits.items()}
    assert lengths == {"train": 2000, "fresh": 200, "val": 200, "test": 200}
    assert len(DRILL.tasks) == 2600
    assert "d3-654321" in DRILL.tasks
    assert DRILL.task("d3-654321").metadata["split"] == DRILL.split_of("d3-654321") == "train"
    for missing in ("d9-000001", "d3-1", "3-000001"):
        assert missing not in DRILL.tasks
        with pytest.raises(TaskError, match="drill"):
            DRILL.task(missing)


def test_a_split_has_a_part_per_level() -> None:
    parts = [DRILL.split(f"val-d{level}").ids for level in LEVELS]
    assert [*DRILL.splits["val"]] == [task_id for part in parts for task_id in part]
    with pytest.raises(TaskError, match="val"):
        DRILL.split("val-d9")


def test_draws_stay_inside_their_split() -> None:
    stream = Stream("draws")
    for name in ("train", "val", "test"):
        assert {DRILL.draw(name, stream.below).metadata["split"] for _ in range(20)} == {name}
    assert {DRILL.draw("test-d2", stream.below).id[:4] for _ in range(10)} == {"d2-9"}


def test_the_digest_names_the_families_and_the_generator() -> None:
    assert DRILL.generated
    assert DRILL.digest == claimed_suite("drill").digest
    assert DRILL.generated.digest == load_families(DRILL.root, DRILL.env_id).digest


def test_no_program_is_in_two_splits_and_families_are_apart() -> None:
    assert DRILL.generated
    library = DRILL.generated.catalogue.library
    names = [family.name for family in library.family]
    assert len(names) == len(set(names))
    sources = {
        split: {_shape(DRILL.tasks[i]) for i in ids[:: max(1, len(ids) // 100)]}
        for split, ids in DRILL.splits.items()
    }
    assert sources["train"].isdisjoint(sources["val"] | sources["test"])
    assert sources["val"].isdisjoint(sources["test"])
    assert all(len(each) >= 100 for each in sources.values())


def _shape(task: Task) -> str:
    return re.sub(r"\s+", " ", repaired(task))


@pytest.mark.parametrize("task", SAMPLE, ids=lambda task: task.id)
def test_the_fault_fails_some_visible_tests_and_some_hidden_ones(task: Task) -> None:
    plan = task.tests
    visible, hidden = (
        failed_tests(broken(task), visible_tests(task)),
        failed_tests(broken(task), hidden_tests(task)),
    )
    assert len(visible) >= 2
    assert len(hidden) >= 4
    assert len(visible) + len(hidden) == len(plan.fail_to_pass)
    assert set(plan.visible) < set(plan.deciding)
    assert not failed_tests(repaired(task), visible_tests(task)) + failed_tests(repaired(task), hidden_tests(task))


@pytest.mark.parametrize("task", SAMPLE, ids=lambda task: task.id)
def test_knowing_the_visible_inputs_is_not_enough(task: Task) -> None:
    cheat = memorising(task)
    assert failed_tests(cheat, visible_tests(task)) == []
    assert len(failed_tests(cheat, hidden_tests(task))) >= 4


@pytest.mark.parametrize("task", SAMPLE, ids=lambda task: task.id)
def test_the_instruction_shows_calls_and_neither_tests_nor_the_repair(task: Task) -> None:
    shown = task.instruction
    assert "expected" in shown
    assert "test_" not in shown
    assert ".py" not in shown
    added = [line[1:].strip() for line in task.gold_patch.splitlines() if re.match(r"\+[^+]", line)]
    assert added
    assert not any(line in shown for line in added)


def test_what_is_visible_tells_the_right_program_from_other_faults() -> None:
    """Hardly any fault that was not tried when the tests were chosen passes the visible ones only."""
    assert DRILL.generated
    library, fooled, tried = DRILL.generated.catalogue.library, 0, 0
    for task in SAMPLE:
        for attempt in range(200):
            stream = Stream(f"{DRILL.env_id}/{task.id}/{attempt}")
            drawn = draw_family(stream, library, split_of(int(task.id[3:])), task.metadata["level"])
            program = draw_program(stream, library, drawn)
            if drawn.name == task.metadata["family"] and program.text in repaired(task):
                break
        else:
            pytest.fail(f"{task.id} was not drawn again")
        for number in range(30):
            rival = program.broken_at(Stream(f"rival {number}"), stream.choose(program.sites))
            if rival is None:
                continue
            module = repaired(task).replace(program.text, rival.text)
            tried += 1
            if not failed_tests(module, visible_tests(task)):
                fooled += bool(failed_tests(module, hidden_tests(task)))
    assert tried > 1000
    assert fooled / tried < 0.03
