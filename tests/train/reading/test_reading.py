"""Episodes that are written for a base model look like those that are played."""

import random
import re
from contextlib import closing
from dataclasses import replace
from itertools import islice

import pytest

from codegym.env import CodeEnv
from codegym.generator.family import load_families
from codegym.suite import Suite, load_suite
from codegym.tool.dialect.line import LineDialect
from codegym.train.reading.generated import fault_of, right_excerpts
from codegym.train.reading.library import LibraryFunction, fault_in
from codegym.train.reading.rename import renamed
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


def test_a_wrong_try_is_read_and_not_imitated(drill: Suite) -> None:
    faults = (fault_of(drill.task(f"d2-{number:06d}"), random.Random(number)) for number in range(40))
    turns = next(filter(None, (write_episode(fault) for fault in faults if fault.tries)))
    wrong = [n for n, turn in enumerate(turns) if not turn.imitate]
    assert wrong
    assert all(LineDialect().parse(turns[n].answer) for n in wrong)
    assert all(turns[n + 1].answer == "t" and "failed\n" in turns[n + 2].observation for n in wrong)
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
