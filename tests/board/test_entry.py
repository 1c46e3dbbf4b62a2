"""An entry follows from its episodes, and says so when it does not."""

import json
from pathlib import Path

import pytest

from codegym.board.definition import Board, board_folder, board_names, load_board
from codegym.board.entry import (
    Entry,
    make_entry,
    one_per_attempt,
    read_entries,
    scores_of,
    slug,
    verify,
    write_entry,
)
from codegym.episode import Episode, Outcome, StopReason, Verdict, too_many_lost
from codegym.errors import ConfigError

BOARD = Board(name="b", title="B", suite="kata", split="test", samples=4, ks=(1, 4))


def attempt(task: str, sample: int, outcome: Outcome, **more: object) -> Episode:
    fields = {
        "id": f"{task}-{sample}",
        "suite": "kata",
        "task": task,
        "task_digest": f"digest of {task}",
        "policy": "tiny (after)",
        "seed": sample,
        "sample": sample,
        "stop": StopReason.SUBMITTED,
        "verdict": Verdict(outcome=outcome),
        "reward": None if outcome is Outcome.INFRA_ERROR else float(outcome is Outcome.RESOLVED),
        "usage": {"completion_tokens": 10},
        "timings": {"all": 0.5},
        "versions": {"codegym": "0.1.0"},
    }
    return Episode(**(fields | more))


def run() -> list[Episode]:
    made = [
        attempt(f"t{i}", s, Outcome.RESOLVED if s < i else Outcome.UNRESOLVED) for i in range(4) for s in range(4)
    ]
    return [*made, attempt("t4", 0, Outcome.INFRA_ERROR)]


def entry(episodes: list[Episode]) -> Entry:
    return make_entry(BOARD, episodes, suite_digest="sd", seeds=[7], created="2026-01-01", wall_seconds=9.0)


def test_counts_scores_and_totals() -> None:
    made = entry(run())
    assert made.counts == {"t0": (4, 0), "t1": (4, 1), "t2": (4, 2), "t3": (4, 3), "t4": (0, 0)}
    assert made.score("pass@1").value == pytest.approx(6 / 16)
    assert made.score("pass@4").value == pytest.approx(3 / 4)
    assert made.score("pass^4").value == 0
    assert made.score("pass@4").tasks == 4
    assert made.infra_errors == 1
    assert made.mean_reward == pytest.approx(6 / 16)
    assert made.tokens == {"completion_tokens": 170}
    assert made.seconds == {"all": 8.5}
    assert made.outcomes == {"infra_error": 1, "resolved": 6, "unresolved": 10}
    assert set(made.summary()) == {"pass@1", "pass@4", "pass^4", "ci95"}


def test_undefined_scores_are_absent() -> None:
    assert set(entry([attempt("t", 0, Outcome.RESOLVED)]).scores) == {"pass@1"}


def test_verify_recomputes_everything() -> None:
    episodes = run()
    made = entry(episodes)
    assert verify(made, reversed(episodes), BOARD) == []
    forged = made.model_copy(update={"counts": made.counts | {"t0": (4, 4)}})
    assert [line.split(":")[0] for line in verify(forged, episodes, BOARD)] == ["counts"]
    other = [attempt("t0", 0, Outcome.RESOLVED), *episodes[1:]]
    assert {"counts", "scores", "episodes_digest"} <= {line.split(":")[0] for line in verify(made, other, BOARD)}
    touched = [episodes[0].model_copy(update={"patch": "x"}), *episodes[1:]]
    assert [line.split(":")[0] for line in verify(made, touched, BOARD)] == ["episodes_digest"]


def test_a_second_try_replaces_an_infrastructure_error_and_nothing_else() -> None:
    lost, first = attempt("t", 0, Outcome.INFRA_ERROR), attempt("t", 0, Outcome.UNRESOLVED)
    better = attempt("t", 0, Outcome.RESOLVED)
    assert one_per_attempt([lost, first, better]) == [first]
    assert one_per_attempt([lost, lost]) == [lost]


def test_episodes_that_do_not_belong_together_are_refused() -> None:
    one = attempt("t", 0, Outcome.RESOLVED)
    for other, said in [
        ({"policy": "q"}, "one policy"),
        ({"suite": "s"}, "one suite"),
        ({"task_digest": "x"}, "chang"),
    ]:
        with pytest.raises(ConfigError, match=said):
            entry([one, attempt("t", 1, Outcome.RESOLVED, **other)])
    with pytest.raises(ConfigError, match="found none"):
        entry([])
    with pytest.raises(ConfigError, match="ranks suite 'kata'"):
        entry([attempt("t", 0, Outcome.RESOLVED, suite="other")])


def test_entries_on_disk(tmp_path: Path) -> None:
    made = entry(run())
    assert write_entry(tmp_path, made).name == "tiny-after.json"
    worse = made.model_copy(update={"policy": "a noop", "scores": {}})
    write_entry(tmp_path, worse)
    assert read_entries(tmp_path) == [worse, made]
    assert json.loads((tmp_path / "entries/tiny-after.json").read_text())["seeds"] == [7]
    (tmp_path / "entries/z.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"z\.json: not a board entry"):
        read_entries(tmp_path)
    assert slug("../../etc/Passwd v1.5!") == "etc-passwd-v1.5"


def test_every_shipped_board_loads_and_holds_verifiable_rows() -> None:
    assert set(board_names()) >= {"kata", "pyrepair"}
    for name in board_names():
        board = load_board(board_folder(name))
        assert board.name == name
        assert all(found.board == name for found in read_entries(board_folder(name)))
    with pytest.raises(ConfigError, match="Did you mean 'kata'"):
        board_folder("kat")


def test_the_intervals_of_shipped_entries_follow_from_their_counts_and_clusters() -> None:
    for name in board_names():
        for found in read_entries(board_folder(name)):
            scores = scores_of(found.counts, load_board(board_folder(name)).ks, found.clusters)
            assert {key: score.ci95 for key, score in found.scores.items()} == {
                key: pytest.approx(score.ci95) for key, score in scores.items()
            }


def test_clusters_widen_the_interval_and_are_checked_against_the_suite() -> None:
    episodes = [attempt(f"t{i}", 0, Outcome.RESOLVED if i < 10 else Outcome.UNRESOLVED) for i in range(20)]
    pairs = {f"t{i}": f"f{i // 2}" for i in range(20)}
    alone = entry(episodes)
    made = make_entry(BOARD, episodes, suite_digest="sd", clusters=pairs)
    assert (alone.cluster_count, made.cluster_count) == (20, 10)
    assert "clusters" not in alone.model_dump(mode="json")
    assert made.score("pass@1").ci95[0] < alone.score("pass@1").ci95[0]
    assert verify(made, episodes, BOARD) == verify(made, episodes, BOARD, pairs) == []
    assert {line.split(":")[0] for line in verify(made, episodes, BOARD, {})} == {"scores", "clusters"}
    older = made.model_copy(update={"clusters": {}})
    assert [line.split(":")[0] for line in verify(older, episodes, BOARD, pairs)] == ["clusters"]


def test_a_board_that_asks_for_more_than_it_samples_is_refused(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text('name="b"\ntitle="B"\nsuite="kata"\nsamples=4\nks=[1,8]\n')
    with pytest.raises(ConfigError, match="between 1 and samples = 4"):
        load_board(tmp_path)


def lossy(lost: int, of: int) -> Entry:
    """An entry of ``of`` attempts, of which the first ``lost`` were lost and all others resolved their task."""
    return entry([attempt("t", i, Outcome.INFRA_ERROR if i < lost else Outcome.RESOLVED) for i in range(of)])


def test_too_many_lost_episodes_leave_no_score() -> None:
    kept, none = lossy(2, 40), lossy(12, 40)
    assert (kept.score("pass@1").value, kept.mean_reward, kept.lost()) == (1.0, 1.0, "2 of 40 episodes were lost")
    assert (none.scores, none.score("pass@1"), none.mean_reward) == ({}, None, None)
    assert none.summary() == {"ci95": None}
    assert none.lost() == "12 of 40 episodes were lost"
    assert lossy(1, 2).scores == {}
    assert lossy(0, 2).lost() == ""
    assert too_many_lost(1, 16) is too_many_lost(0, 0) is False
    assert too_many_lost(2, 16) is True


def test_an_older_entry_with_scores_has_none_either() -> None:
    older = lossy(12, 40).model_copy(update={"scores": entry(run()).scores, "mean_reward": 0.5})
    assert older.score("pass@1") is None
    assert older.summary() == {"ci95": None}


def test_what_rests_on_unproven_tests_is_said() -> None:
    """Older episodes and entries, which know of no unproven tests, keep their digests."""
    verdict = Verdict(outcome=Outcome.RESOLVED)
    assert "unproven" not in verdict.model_dump(mode="json")
    assert verdict.model_copy(update={"unproven": 2}).model_dump(mode="json")["unproven"] == 2
