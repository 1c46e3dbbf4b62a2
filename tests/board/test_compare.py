"""One entry against another: paired where both attempted the same, refused where they did not."""

import json
from pathlib import Path

import pytest

from codegym.board.compare import compare, find_entry, possible_gains, shared_tasks
from codegym.board.definition import Board
from codegym.board.entry import Entry, make_entry, write_entry
from codegym.episode import Episode, Outcome, StopReason, Verdict
from codegym.errors import ConfigError

PAIRS = {f"t{i}": f"function {i // 2}" for i in range(20)}


def made(policy: str, solved: range, tasks: range = range(20), digest: str = "d" * 64, lost: int = 0) -> Entry:
    """Return an entry of two attempts at each of ``tasks``; both at those in ``solved`` succeeded."""
    board = Board(name="b", title="B", suite="kata", samples=2, ks=(1, 2))
    episodes = [
        Episode(
            id=f"t{task}-{sample}",
            suite="kata",
            task=f"t{task}",
            task_digest="d",
            policy=policy,
            seed=sample,
            sample=sample,
            stop=StopReason.SUBMITTED,
            verdict=Verdict(outcome=Outcome.RESOLVED if task in solved else Outcome.UNRESOLVED),
            reward=float(task in solved),
        )
        for task in tasks
        for sample in range(2)
    ]
    spoiled = {"verdict": Verdict(outcome=Outcome.INFRA_ERROR), "reward": None, "stop": StopReason.INFRA_ERROR}
    episodes[:lost] = [episode.model_copy(update=spoiled) for episode in episodes[:lost]]
    clusters = {task: name for task, name in PAIRS.items() if int(task[1:]) in tasks}
    return make_entry(board, episodes, suite_digest=digest, clusters=clusters)


def test_the_gain_is_over_the_tasks_that_both_have() -> None:
    paired = compare(made("old", range(5)), made("new", range(10), range(4, 30)))
    assert set(paired.gains) == {"pass@1", "pass@2", "pass^2"}
    for gain in paired.gains.values():
        assert (gain.value, gain.tasks, gain.clusters) == (5 / 16, 16, 8)
        assert gain.ci95[0] < gain.value < gain.ci95[1]
    assert compare(made("old", range(5)), made("old", range(5))).gains["pass@1"].ci95 == (0.0, 0.0)


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (made("old", range(5), range(20, 24)), "has none of these tasks"),
        (made("old", range(5), digest="e" * 64), "another version of suite 'kata', eeeeeeeeee, not dddddddddd"),
        (made("old", range(5), lost=9), "9 of 40 episodes were lost, so that it has no score"),
        (made("old", range(5)).model_copy(update={"suite": "drill"}), "on suite 'drill', not 'kata'"),
    ],
)
def test_what_cannot_be_paired_is_refused(before: Entry, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compare(before, made("new", range(10)))


def test_an_entry_without_scores_has_no_gain() -> None:
    with pytest.raises(ConfigError, match="can't compare new: 9 of 40 episodes were lost"):
        compare(made("old", range(5)), made("new", range(10), lost=9))
    assert shared_tasks(made("old", range(5)), "kata", "d" * 64, ["t3", "t99"]) == ["t3"]


def test_an_entry_is_found_by_its_file_or_its_folder(tmp_path: Path) -> None:
    one = made("old", range(5))
    path = write_entry(tmp_path, one)
    assert find_entry(path) == find_entry(tmp_path) == one
    write_entry(tmp_path, made("new", range(10)))
    with pytest.raises(ConfigError, match=r"not one board entry but 2 \(new, old\)"):
        find_entry(tmp_path)
    with pytest.raises(ConfigError, match=r"no such file or folder: .*nowhere"):
        find_entry(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"not one board entry but 0 \(none\)"):
        find_entry(tmp_path / "empty")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"counts": {"t1": [1, 5]}}, r"wrong.json: not a board entry: counts.t1: 5 of 1 attempts can't be"),
        ({"counts": {"t1": [1, -1]}}, r"wrong.json: not a board entry: counts.t1: -1 of 1 attempts can't be"),
        ({"scores": {"x": {"value": 1, "ci95": [0, 1], "tasks": 1}}}, "wrong.json: not a board entry: scores.x"),
        ({"scores": {"pass@0": {"value": 1, "ci95": [0, 1], "tasks": 1}}}, "not a board entry: scores.pass@0"),
    ],
)
def test_impossible_numbers_in_a_file_are_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(made("old", range(5)).model_dump(mode="json") | changes))
    with pytest.raises(ConfigError, match=message):
        find_entry(path)


def test_a_score_that_no_task_pairs_is_left_out() -> None:
    old, new = made("old", range(5)), made("new", range(10))
    half = old.model_copy(update={"counts": {**dict.fromkeys(old.counts, (1, 0)), "t19": (2, 0)}})
    other = new.model_copy(update={"counts": {**new.counts, "t19": (1, 0)}})
    assert {name: gain.value for name, gain in compare(half, other).gains.items()} == {"pass@1": 0.5}


def test_pass_1_is_compared_without_being_listed() -> None:
    old = made("old", range(5))
    unlisted = old.model_copy(update={"scores": {}})
    assert {name: gain.value for name, gain in compare(unlisted, made("new", range(10))).gains.items()} == {
        "pass@1": 0.25
    }


def test_what_was_lost_on_all_shared_tasks_has_no_gain() -> None:
    old, new = made("old", range(5)), made("new", range(10))
    lost = old.model_copy(update={"counts": dict.fromkeys(old.counts, (0, 0))})
    with pytest.raises(ConfigError, match="with old: all its attempts at these tasks were lost"):
        compare(lost, new)
    lost = new.model_copy(update={"counts": dict.fromkeys(new.counts, (0, 0))})
    assert possible_gains(old, lost) == {}
    with pytest.raises(ConfigError, match="no task has a graded attempt on both sides"):
        compare(old, lost)
