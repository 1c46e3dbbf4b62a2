"""Episodes that are written for a base model look like those that are played."""

import json
import os
import random
import re
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from codegym.env import CodeEnv
from codegym.generator.family import load_families
from codegym.harness.text import brief
from codegym.suite import Suite, load_suite
from codegym.tool.dialect.line import LineDialect
from codegym.train.reading.generated import fault_of, right_excerpts
from codegym.train.reading.library import LibraryFunction, fault_in
from codegym.train.reading.rename import renamed
from codegym.train.reading.reports import comparison
from codegym.train.reading.stream import Reading
from codegym.train.reading.written import write_episode

FUNCTION = LibraryFunction(
    "shelf",
    "Shelf.total",
    'def total(prices, limit):\n    """Add up."""\n    amount = 0\n    for price in prices:\n'
    "        if price < limit:\n            amount += price\n    return amount\n",
    ("first", "last"),
)


@pytest.fixture(scope="module")
def drill() -> Suite:
    return load_suite("drill")


@pytest.mark.parametrize("task_id", ["d1-000007", "d2-000017", "d3-000027", "d4-000031", "d5-000042"])
def test_a_written_episode_is_the_one_that_is_played(drill: Suite, task_id: str) -> None:
    fault = fault_of(drill.task(task_id), random.Random(0))
    turns = write_episode(replace(fault, tries=()))
    assert turns is not None
    with closing(CodeEnv(drill, dialect="line", max_turns=20)) as env:
        observation = env.reset(options={"task": task_id})[0]
        for number, turn in enumerate(turns):
            assert (number, observation) == (number, turn.observation)
            observation, reward, *_ = env.step(turn.answer)
    assert reward == 1


class Clumsy(random.Random):
    """Random numbers with which an episode has two wrong tries."""

    def choices(self, *_arguments: object, **_options: object) -> list[int]:  # type: ignore[override]
        return [2]


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_wrong_tries_are_written_as_they_are_played(drill: Suite, level: int) -> None:
    with closing(CodeEnv(drill, dialect="line", max_turns=20)) as env:
        for seed in range(4):
            task = drill.draw(f"train-d{level}", random.Random(seed).randrange)
            turns = write_episode(fault_of(task, Clumsy(seed)))
            assert turns is not None
            observation = env.reset(options={"task": task.id})[0]
            for number, turn in enumerate(turns):
                assert (task.id, number, observation) == (task.id, number, turn.observation)
                observation = env.step(turn.answer)[0]


def test_no_wrong_try_is_made_twice(drill: Suite) -> None:
    for seed in range(30):
        tries = fault_of(drill.draw("train-d1", random.Random(seed).randrange), Clumsy(seed)).tries
        assert len({*tries}) == len(tries)


def test_a_try_that_never_ends_is_left_out(drill: Suite) -> None:
    """``for x in items: items.append(x)`` is one token away from a right program."""
    reading = Reading(drill, "train-d3", seed=11, made_up_share=0.8)
    assert sum(reading.conversation(place) is not None for place in range(400)) > 300


COMPARED: list[tuple[object, object]] = [
    ("ab", "ac"),
    ("abcdef", "abcdeg"),
    ("", "ac"),
    (" ", "ac"),
    ("a'", "b"),
    ("a'\"", "b"),
    ("x" * 50 + "a", "x" * 50 + "b"),
    ("a" + "x" * 50, "b" + "x" * 50),
    ("one\ntwo", "one\nthree"),
    ([1, 2], [1]),
    ([1], [1, 2, 3]),
    ((1, 2), (1, 3)),
    ((1,), [2]),
    ([*range(9)], [1]),
    (["a" * 40], ["b"]),
    ({1, 2}, {2}),
    ({2}, {1, 2}),
    ({1}, [1]),
    ([1], {1: 1}),
    ({"a": 1, "b": 2}, {"a": 1}),
    ({1: 1}, {1: 2}),
    ({}, {1: 2}),
    ({n: n for n in range(9)}, {}),
    ([{"a": {"b": [1]}}], [{}]),
    (None, [1]),
    ("a", 1),
    ([*range(9)], 1),
    (2, 3),
    (2.5, -3),
]

CONFTEST = """
import json

def pytest_runtest_logreport(report):
    if report.when == "call":
        with open("why.jsonl", "a") as file:
            file.write(json.dumps(report.longrepr.reprcrash.message) + "\\n")
"""


def test_messages_are_pytests(tmp_path: Path) -> None:
    tests = (f"def test_{n}():\n    assert f({n}) == {pair[1]!r}\n\n" for n, pair in enumerate(COMPARED))
    code = f"VALUES = {[pair[0] for pair in COMPARED]!r}\n\ndef f(n):\n    return VALUES[n]\n\n" + "".join(tests)
    (tmp_path / "test_all.py").write_text(code)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "BUILD_NUMBER"}}
    subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True)
    said = [brief(json.loads(line)) for line in (tmp_path / "why.jsonl").read_text().splitlines()]
    assert [brief(comparison(f"f({n})", *pair)) for n, pair in enumerate(COMPARED)] == said


def test_a_wrong_try_is_read_and_not_imitated(drill: Suite) -> None:
    faults = (fault_of(drill.task(f"d2-{number:06d}"), random.Random(number)) for number in range(40))
    turns = next(filter(None, (write_episode(fault) for fault in faults if fault.tries)))
    wrong = [n for n, turn in enumerate(turns) if not turn.imitate]
    assert wrong
    assert all(LineDialect().parse(turns[n].answer) for n in wrong)
    edited = [n for n in wrong if turns[n + 1].observation != "no change"]
    assert edited
    assert all(turns[n + 1].answer == "t" and "failed\n" in turns[n + 2].observation for n in edited)


def test_a_line_written_as_it_is_changes_nothing_and_is_not_imitated(drill: Suite) -> None:
    fault = replace(fault_of(drill.task("d3-000027"), random.Random(1)), tries=(), idle=(0, 7))
    turns = write_episode(fault)
    assert turns
    idle = [n for n, turn in enumerate(turns[1:], 1) if turn.observation == "no change"]
    assert [n - 1 for n in idle] == [n for n, turn in enumerate(turns) if not turn.imitate]
    assert len(idle) == 2
    assert [turn.answer for turn in turns[-2:]] == ["t", "q"]


def test_a_fault_of_the_library_is_repaired(drill: Suite) -> None:
    fault = fault_in(FUNCTION, random.Random(3))
    assert fault is not None
    turns = write_episode(fault)
    assert turns is not None
    assert turns[1].observation.startswith("1 total 2 ")
    assert turns[1].answer.startswith("w ")
    assert turns[-1].observation.endswith(" passed, 0 failed")


def test_other_names_are_the_same_task(drill: Suite) -> None:
    library = load_families(drill.root, drill.env_id).library
    for task_id in ("d2-000017", "d4-000031", "d5-000042"):
        task = drill.task(task_id)
        other = renamed(task, library, random.Random(1))
        fault, again = (fault_of(one, random.Random(0)) for one in (task, other))
        assert fault.wrong != again.wrong
        assert [row.hot for row in fault.suspects] == [row.hot for row in again.suspects]
        assert again.judge(again.right).endswith(", 0 failed")
        assert " 0 failed" not in again.judge(again.wrong)


def test_no_name_is_a_keyword_and_no_two_are_the_same(drill: Suite) -> None:
    library = load_families(drill.root, drill.env_id).library
    task = drill.task("d5-000042")
    for seed in range(300):
        other = renamed(task, library, random.Random(seed))
        text = right_excerpts(other)
        assert "None" not in text
        assert len({*re.findall(r"\w+", text)}) == len({*re.findall(r"\w+", right_excerpts(task))})


def test_right_programs_are_read_and_nothing_is_answered(drill: Suite) -> None:
    (turn,) = next(Reading(drill, "train-d1", seed=2, right_share=1.0).conversations())
    assert not turn.imitate
    assert turn.observation.count("def ") == 4
    assert turn.observation.count("return ") == 4
    task = drill.task("d1-000007")
    fault = fault_of(task, random.Random(0))
    assert fault.right.strip().split("\n")[-1] in right_excerpts(task)
    assert fault.wrong.strip().split("\n")[-1] not in right_excerpts(task)


def test_the_stream_depends_on_the_seed_alone(drill: Suite) -> None:
    one, other = (Reading(drill, "train", seed=5) for _ in range(2))
    assert list(islice(one.conversations(), 5)) == list(islice(other.conversations(), 5))
    assert one.conversation(3) == other.conversation(3)
    assert Reading(drill, "train", seed=6).conversation(3) != one.conversation(3)
