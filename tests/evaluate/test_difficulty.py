"""Attempts from recorded episodes and from board entries; what was lost does not count."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from codegym.board.entry import make_entry, write_entry
from codegym.difficulty import difficulties, read_attempts
from codegym.episode import Episode, Outcome, StopReason, Verdict
from codegym.errors import ConfigError
from codegym.evaluate.difficulty import attempts_in, count_folders
from codegym.evaluate.folder import keep_facts
from codegym.evaluate.measure import question, standing_board
from codegym.rollout.log import EpisodeLog
from codegym.suite import Suite

TASKS = ("clamp", "total", "words")
SPOILED = {"stop": StopReason.INFRA_ERROR, "verdict": Verdict(outcome=Outcome.INFRA_ERROR), "reward": None}


@pytest.fixture
def own(mini: Suite, tmp_path: Path) -> Suite:
    """The suite ``mini`` with a folder in which attempts can be kept."""
    (tmp_path / "suite").mkdir()
    return replace(mini, root=tmp_path / "suite")


def attempts(suite: Suite, policy: str, *, solved: bool, tasks: Iterable[str] = TASKS) -> list[Episode]:
    """Return four episodes of each task."""
    return [
        Episode(
            id=f"{policy} {task} {sample}",
            suite="mini",
            task=task,
            task_digest=suite.task(task).digest,
            policy=policy,
            seed=sample,
            sample=sample,
            stop=StopReason.SUBMITTED,
            verdict=Verdict(outcome=Outcome.RESOLVED if solved else Outcome.UNRESOLVED),
            reward=float(solved),
        )
        for task in tasks
        for sample in range(4)
    ]


def write(folder: Path, episodes: Iterable[Episode]) -> Path:
    with EpisodeLog(folder) as log:
        for episode in episodes:
            log.append(episode)
    return folder


def test_episodes_are_counted_by_policy_and_only_once(own: Suite, tmp_path: Path) -> None:
    played = [*attempts(own, "strong", solved=True), *attempts(own, "weak", solved=False)]
    folder = write(tmp_path / "run" / "episodes", played)
    other = write(tmp_path / "other", attempts(own, "third", solved=True, tasks=["clamp"]))
    for folders in ([folder.parent, other], [folder]):
        count_folders(own, folders)
    assert [(r.task, r.policy, r.attempts, r.solved) for r in read_attempts(own)] == [
        (task, policy, 4, 4 * (policy != "weak"))
        for task in TASKS
        for policy in ("strong", "third", "weak")
        if policy != "third" or task == "clamp"
    ]
    assert {one.rate for one in difficulties(read_attempts(own)).values()} == {0.5, 2 / 3}


def test_a_policy_that_plays_otherwise_is_another(own: Suite, tmp_path: Path) -> None:
    for folder, turns in (("a", 3), ("b", 3), ("c", 9)):
        write(tmp_path / folder, attempts(own, "p", solved=True))
        keep_facts(tmp_path / folder, "p", {"dialect": "line", "max_turns": turns, "seed": turns})
    digests = [attempts_in(tmp_path / folder, own)[0].policy_digest for folder in "abc"]
    assert digests[0] == digests[1] != digests[2]


def test_lost_attempts_do_not_count_and_many_spoil_all(own: Suite, tmp_path: Path) -> None:
    episodes = attempts(own, "p", solved=True)
    more = [episodes[0].model_copy(update={"id": f"more {n}", "sample": 4 + n}) for n in range(5)]
    more[-1] = more[-1].model_copy(update=SPOILED)
    (few,) = attempts_in(write(tmp_path / "a", [*episodes, *more]), own)
    assert (few.is_scored, few.lost, sum(r.attempts for r in few.records)) == (True, 1, 16)
    spoiled = [episode.model_copy(update=SPOILED) for episode in episodes[:2]]
    (many,) = attempts_in(write(tmp_path / "b", [*spoiled, *episodes[2:]]), own)
    assert (many.is_scored, many.lost, many.records) == (False, 2, ())
    (again,) = attempts_in(write(tmp_path / "b", episodes[:2]), own)
    assert (again.is_scored, again.lost, sum(r.attempts for r in again.records)) == (True, 0, 12)


def test_episodes_of_another_task_are_no_attempts(own: Suite, tmp_path: Path) -> None:
    first, second, *_ = attempts(own, "p", solved=True)
    others = [first.model_copy(update={"task_digest": "e"}), second.model_copy(update={"suite": "other"})]
    (counted,) = attempts_in(write(tmp_path / "a", others), own)
    assert (counted.records, counted.others) == ((), 2)


def test_gold_says_nothing(own: Suite, tmp_path: Path) -> None:
    assert attempts_in(write(tmp_path / "a", attempts(own, "gold", solved=True)), own) == []


def test_an_entry_of_this_very_suite_counts(own: Suite, tmp_path: Path) -> None:
    board = question(standing_board("mini"), samples=4)
    episodes = attempts(own, "p", solved=True)
    write_entry(tmp_path, make_entry(board, episodes, suite_digest=own.digest))
    (counted,) = attempts_in(tmp_path, own)
    assert [(r.task, r.attempts, r.solved) for r in counted.records] == [(task, 4, 4) for task in TASKS]
    write_entry(tmp_path, make_entry(board, episodes, suite_digest="e" * 64))
    (counted,) = attempts_in(tmp_path, own)
    assert (counted.records, counted.others) == ((), 12)


def test_a_folder_without_episodes_and_entries_is_misuse(own: Suite, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no episodes and no entries/ below"):
        attempts_in(tmp_path, own)
