"""Families that are made up: each has tasks, and none of val and test says only what train says."""

import re
from pathlib import Path

import pytest

from codegym.errors import TaskError
from codegym.generator.family import SPLITS, Library, load_families
from codegym.generator.made_up import make_up
from codegym.generator.make import id_of, make_task
from codegym.generator.phrases import PHRASES
from codegym.generator.stream import Stream
from codegym.suite import load_suite
from codegym.task import FolderSource, Task
from tests.generator.modules import broken, failed_tests, hidden_tests, repaired, visible_tests

DRILL = load_suite("drill")
LISTED = load_families(DRILL.root, DRILL.env_id)
SOURCE = FolderSource(path=".", digest="")
SAMPLE = [(split, level, n) for split in SPLITS for level in range(1, 6) for n in range(3)]


def library(percent: int) -> Library:
    return LISTED.library.model_copy(update={"made_up": dict.fromkeys(SPLITS, percent)})


def task(split: str, level: int, number: int) -> Task:
    catalogue = type(LISTED)(library(100), "made-up", "made-up")
    return make_task(catalogue, SOURCE, level, SPLITS[split][0] + number)


@pytest.mark.parametrize(("split", "level", "number"), SAMPLE)
def test_a_task_fails_with_its_fault_and_passes_without(split: str, level: int, number: int) -> None:
    made = task(split, level, number)
    for tests in (visible_tests(made), hidden_tests(made)):
        assert failed_tests(broken(made), tests)
        assert failed_tests(repaired(made), tests) == []


def test_no_mark_is_left_in_a_program() -> None:
    for split in SPLITS:
        for level in range(1, 6):
            for number in range(30):
                text = re.sub(r"'[^']*'|!=", "", repaired(task(split, level, number)))
                assert not re.search(r"<\w+( words)?>|\{\w+\}|[@~!#]", text), text


MARK = re.compile(r"(<\w+ words>|\{it\}|\{under\}|#|!|~)")
FOUND = {"<": r"<\w+ words>", "{": r"\{\w+\}", "#": ".+", "!": ".+", "~": "'.'"}


def says(code: str, phrase_ways: list[str]) -> list[str]:
    """Return those of the ways that are in a template's docstrings."""
    text = " ".join(code.split())
    patterns = (
        "".join(FOUND[part[0]] if MARK.fullmatch(part) else re.escape(part) for part in MARK.split(way))
        for way in phrase_ways
    )
    return [pattern for pattern in patterns if re.search(pattern, text, re.IGNORECASE)]


def test_a_family_of_test_has_a_sentence_that_train_never_has() -> None:
    held_out = [*PHRASES.held_out]
    assert len(held_out) > 60
    for level in range(1, 6):
        for number in range(60):
            train, test = (make_up(Stream(f"{level}/{number}"), split, level).code for split in ("train", "test"))
            assert says(train, held_out) == []
            assert says(test, held_out)


def test_a_stream_gives_the_same_family() -> None:
    one, same, other = (make_up(Stream(name), "train", 3) for name in ("a", "a", "b"))
    assert one == same
    assert one.name != other.name
    assert one.name.startswith("made_up_")


def test_none_is_a_listed_family() -> None:
    bodies = {family.lines for family in LISTED.library.family}
    assert bodies.isdisjoint(make_up(Stream(str(n)), "train", 1 + n % 5).lines for n in range(1000))


def test_a_suite_says_how_many_are_made_up() -> None:
    families = [task.metadata["family"] for task in (DRILL.task(id_of(2, n)) for n in range(60))]
    assert 15 < sum(str(name).startswith("made_up_") for name in families) < 45


def test_a_share_is_in_percent(tmp_path: Path) -> None:
    text = (DRILL.root / "families.toml").read_text().replace("train = 50\nval = 50", "train = 50\nval = 101")
    (tmp_path / "families.toml").write_text(text)
    with pytest.raises(TaskError, match=r"made_up\.val"):
        load_families(tmp_path, "codegym/other-v1")
