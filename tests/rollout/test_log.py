import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codegym.episode import Episode, Outcome, Step, StopReason, Verdict, is_graded
from codegym.errors import ConfigError
from codegym.rollout.export import export_parquet
from codegym.rollout.job import job_seed, make_jobs
from codegym.rollout.log import EpisodeLog, read_episodes
from codegym.rollout.metrics import summarise
from codegym.tokens import Tokens, TokenSequence


def make_episode(sample: int = 0, **fields: object) -> Episode:
    given = {
        "id": f"e{sample}",
        "suite": "mini",
        "task": "clamp",
        "task_digest": "d",
        "policy": "gold",
        "seed": 7,
        "sample": sample,
        "stop": StopReason.SUBMITTED,
        "verdict": Verdict(outcome=Outcome.RESOLVED),
        "reward": 1.0,
    }
    return Episode.model_validate(given | fields)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    episodes = [make_episode(i, error="line\nbreak \u2028 and ü") for i in range(3)]
    with EpisodeLog(tmp_path / "run") as log:
        for episode in episodes:
            log.append(episode)
        assert list(log.episodes()) == episodes
    assert list(read_episodes(tmp_path / "run" / "episodes-0.jsonl")) == episodes


def test_torn_line_is_ignored_by_readers_and_cut_by_the_next_writer(tmp_path: Path) -> None:
    with EpisodeLog(tmp_path) as log:
        log.append(make_episode(0))
    whole = log.path.read_bytes()
    torn = make_episode(1, patch="x" * 200_000).model_dump_json().encode()
    log.path.write_bytes(whole + torn)
    assert [episode.sample for episode in read_episodes(tmp_path)] == [0]
    with EpisodeLog(tmp_path) as log:
        assert log.path.read_bytes() == whole
        log.append(make_episode(2))
    assert [episode.sample for episode in read_episodes(tmp_path)] == [0, 2]


def test_file_of_nothing_but_a_torn_line(tmp_path: Path) -> None:
    (tmp_path / "episodes-0.jsonl").write_bytes(b'{"id": "e')
    with EpisodeLog(tmp_path) as log:
        assert log.path.read_bytes() == b""


def test_damage_elsewhere_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "episodes-0.jsonl"
    path.write_text(f"not json\n{make_episode().model_dump_json()}\n")
    with pytest.raises(ConfigError, match=r"episodes-0\.jsonl:1"):
        list(read_episodes(tmp_path))
    with pytest.raises(ConfigError, match="no episodes at"):
        list(read_episodes(tmp_path / "nowhere"))


def test_each_writer_has_its_own_file_and_takes_over_a_dead_ones(tmp_path: Path) -> None:
    with EpisodeLog(tmp_path) as first, EpisodeLog(tmp_path) as second:
        assert (first.path.name, second.path.name) == ("episodes-0.jsonl", "episodes-1.jsonl")
        second.append(make_episode(1))
        first.append(make_episode(0))
        assert [episode.sample for episode in first.episodes()] == [0, 1]
    with EpisodeLog(tmp_path) as third:
        assert third.path == first.path


@pytest.mark.parametrize(
    "spoiled",
    [
        {"stop": StopReason.INFRA_ERROR, "reward": None, "verdict": None},
        {"reward": None},
        {"verdict": None},
        {"verdict": Verdict(outcome=Outcome.INFRA_ERROR)},
    ],
)
def test_what_infrastructure_spoiled_says_nothing_however_it_stopped(spoiled: dict[str, object]) -> None:
    assert is_graded(make_episode())
    assert not is_graded(make_episode(**spoiled))


WRITER = """
import sys
from pathlib import Path
from codegym.episode import Episode
from codegym.rollout.log import EpisodeLog
episode = Episode.model_validate_json(sys.stdin.readline())
log = EpisodeLog(Path(sys.argv[1]))
sample = len(list(log.episodes()))
while True:
    log.append(episode.model_copy(update={"sample": sample}))
    print(sample, flush=True)
    sample += 1
"""


def test_kill_loses_no_episode_that_was_written(tmp_path: Path) -> None:
    line = make_episode(patch="y" * 50_000).model_dump_json() + "\n"
    last = -1
    for kill_after in (3, 7, 20):
        argv = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdin is not None
            assert writer.stdout is not None
            writer.stdin.write(line)
            writer.stdin.flush()
            said = [int(writer.stdout.readline()) for _ in range(kill_after)]
            os.kill(writer.pid, signal.SIGKILL)
            said += [int(rest) for rest in writer.stdout.read().split()]
        assert said[0] == last + 1
        samples = [episode.sample for episode in read_episodes(tmp_path)]
        assert samples == list(range(len(samples)))
        assert len(samples) in (said[-1] + 1, said[-1] + 2)
        last = samples[-1]


def test_seeds_depend_on_run_task_and_sample_only() -> None:
    jobs = make_jobs(["a", "b"], 3, run_seed=5)
    assert jobs == make_jobs(["a", "b"], 3, run_seed=5)
    assert len({job.seed for job in jobs}) == 6
    assert all(0 <= job.seed < 2**31 for job in jobs)
    assert job_seed(5, "b", 2) == jobs[-1].seed != job_seed(6, "b", 2)


def test_metrics_leave_spoiled_episodes_out_of_rates() -> None:
    tested = Step(action="t", tool="test", observation="", cached=True)
    looked = Step(action="v", tool="view", observation="")
    episodes = [
        make_episode(0, steps=(tested, looked), timings={"policy": 1.5}, usage={"completion_tokens": 10}),
        make_episode(1, reward=0.0, verdict=Verdict(outcome=Outcome.UNRESOLVED), timings={"policy": 0.5}),
        make_episode(2, stop=StopReason.INFRA_ERROR, reward=None, verdict=None),
    ]
    metrics = summarise(episodes)
    assert (metrics.episodes, metrics.infra_errors, metrics.resolved) == (3, 1, 1)
    assert (metrics.resolved_rate, metrics.mean_reward, metrics.mean_turns) == (0.5, 0.5, 1.0)
    assert (metrics.test_runs, metrics.test_runs_cached, metrics.verdicts) == (1, 1, 2)
    assert metrics.cache_hit_rate == pytest.approx(1 / 3)
    assert metrics.seconds == {"policy": 2.0}
    assert metrics.usage == {"completion_tokens": 10}
    assert metrics.stops == {"infra_error": 1, "submitted": 2}
    assert summarise([]).resolved_rate is None


def test_metrics_of_a_run_that_lost_too_much_hold_no_score() -> None:
    spoiled = make_episode(0, stop=StopReason.INFRA_ERROR, reward=None, verdict=None)
    few = summarise([spoiled, *map(make_episode, range(1, 20))])
    assert (few.scored(), few.lost()) == (few, "1 of 20 episodes were lost")
    many = summarise([spoiled, *map(make_episode, range(1, 4))]).scored()
    assert (many.mean_reward, many.resolved_rate, many.resolved) == (None, None, 3)
    assert summarise([make_episode()]).lost() == ""


@pytest.mark.train
def test_parquet_holds_a_row_an_episode(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    sequence = TokenSequence(prompt_ids=(1,), completion_ids=(2, 3), mask=(1, 0), logprobs=(-0.5, 0.0))
    tokens = Tokens(sequences=(sequence, sequence))
    episodes = [
        make_episode(0, tokens=tokens, components={"resolved": 1.0}),
        make_episode(1, components={"x": 2.0}),
    ]
    assert export_parquet(episodes, tmp_path / "out" / "episodes.parquet") == 2
    rows = datasets.Dataset.from_parquet(
        str(tmp_path / "out" / "episodes.parquet"), cache_dir=str(tmp_path / "cache")
    )
    assert rows[0]["completion_ids"] == [2, 3]
    assert [later["mask"] for later in json.loads(rows[0]["later_sequences"])] == [[1, 0]]
    assert (rows[1]["completion_ids"], rows[1]["later_sequences"]) == ([], "[]")
    assert rows["outcome"][:] == ["resolved", "resolved"]
    assert json.loads(rows[1]["components"]) == {"x": 2.0}
