"""The rollout engine over real boxes: what it yields, what it survives, what it leaves."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codegym.env import CodeEnv
from codegym.episode import Episode, Outcome, StopReason
from codegym.errors import PolicyError, TaskError
from codegym.policy.endpoint.policy import EndpointPolicy, read_settings
from codegym.policy.protocol import Opening, Reply
from codegym.policy.script.chance import chance
from codegym.policy.script.gold import gold
from codegym.policy.script.script import Script, ScriptedConversation, ScriptedPolicy, fixed, noop, replay
from codegym.rollout.engine import rollout
from codegym.rollout.job import Job, make_jobs
from codegym.rollout.log import EpisodeLog, read_episodes
from codegym.rollout.metrics import summarise
from codegym.tool.call import Call
from codegym.tool.dialect import DIALECTS

MakeEnv = Callable[..., CodeEnv]
TASKS = ["clamp", "words", "total"]
SLEEP = Call("shell", {"command": "sleep 41.5"})


def by_job(episodes: Iterator[Episode]) -> dict[Job, Episode]:
    return {Job.of(episode): episode for episode in episodes}


@pytest.mark.parametrize("speech", sorted(DIALECTS))
def test_gold_solves_in_every_dialect(make_env: MakeEnv, speech: str) -> None:
    jobs = make_jobs(TASKS, 1, run_seed=0)
    made = rollout(jobs, gold(), lambda: make_env(dialect=speech), workers=3)
    ended = {e.task: (e.verdict and e.verdict.outcome, e.stop, e.reward) for e in made}
    assert ended == dict.fromkeys(TASKS, (Outcome.RESOLVED, StopReason.SUBMITTED, 1.0))


def test_an_episode_says_what_made_it(make_env: MakeEnv, sandbox: str) -> None:
    seen: list[Episode] = []
    (episode,) = rollout([Job("clamp", 4, 99)], noop(), make_env, workers=8, progress=seen.append)
    assert seen == [episode]
    assert (episode.suite, episode.task, episode.sample, episode.seed) == ("mini", "clamp", 4, 99)
    assert episode.policy == "noop"
    assert (episode.versions["backend"], episode.versions["dialect"]) == (sandbox, "tagged")
    assert episode.task_digest == make_env().suite.task("clamp").digest
    assert "too large" in episode.first_observation
    assert [step.tool for step in episode.steps] == ["submit"]
    assert (episode.reward, episode.components["resolved"], episode.patch) == (0.0, 0.0, "")
    assert set(episode.timings) == {"reset", "policy", "tools", "grade", "all"}
    assert episode.timings["all"] >= episode.timings["tools"] + episode.timings["grade"]
    assert episode.usage == {"requests": 1}


def test_same_seeds_give_the_same_episodes_whatever_the_order(make_env: MakeEnv) -> None:
    jobs = make_jobs(["clamp", "words"], 3, run_seed=1)

    def made(jobs: list[Job], workers: int) -> dict[Job, object]:
        episodes = by_job(rollout(jobs, chance(6), make_env, workers=workers))
        return {job: (e.id, [(s.action, s.observation) for s in e.steps], e.patch) for job, e in episodes.items()}

    first = made(jobs, 3)
    assert first == made(jobs[::-1], 1)
    assert len({str(actions) for _, actions, _ in first.values()}) > 1


def test_replay_gives_the_recorded_observations(make_env: MakeEnv) -> None:
    jobs = make_jobs(["clamp"], 2, run_seed=1)
    recorded = by_job(rollout(jobs, chance(6), make_env, workers=2))
    again = by_job(rollout(jobs, replay(recorded.values()), make_env, workers=2))
    for job, episode in recorded.items():
        assert [s.observation for s in again[job].steps] == [s.observation for s in episode.steps]
        assert again[job].patch == episode.patch


def test_budgets_end_episodes(make_env: MakeEnv) -> None:
    look = Call("view", {"path": "words.py"})
    (episode,) = rollout([Job("words", 0, 0)], fixed([look] * 50), make_env, workers=1)
    assert (episode.stop, len(episode.steps), episode.reward) == (StopReason.TURN_LIMIT, 6, 0.0)


class FullContext(ScriptedConversation):
    """Runs out of context in the middle of its second answer."""

    def reply(self, observation: str | None) -> Reply:
        if observation is None:
            return super().reply(None)
        return Reply("half an act", finished=False)


def test_a_full_context_is_graded_as_it_stands(make_env: MakeEnv) -> None:
    class Short(ScriptedPolicy):
        def begin(self, opening: Opening) -> ScriptedConversation:
            return FullContext(opening, self.script(opening))

    (episode,) = rollout([Job("clamp", 0, 0)], Short("short", gold().script), make_env, workers=1)
    assert (episode.stop, episode.reward) == (StopReason.CONTEXT_LIMIT, 1.0)
    assert [(step.tool, step.observation == "") for step in episode.steps] == [("replace", False), (None, True)]


def test_a_policy_that_can_not_answer_costs_retries_and_no_reward(make_env: MakeEnv, tmp_path: Path) -> None:
    settings = {"base_url": "http://127.0.0.1:9/v1", "model": "nobody", "attempts": 1}
    policy = EndpointPolicy(read_settings(settings))
    with EpisodeLog(tmp_path) as log:
        (episode,) = rollout([Job("clamp", 0, 5)], policy, make_env, workers=1, retries=1, log=log)
        assert (episode.stop, episode.reward) == (StopReason.INFRA_ERROR, None)
        assert episode.verdict is not None
        assert episode.verdict.outcome is Outcome.INFRA_ERROR
        assert "PolicyError: 'nobody' at http://127.0.0.1:9/v1" in episode.error
        assert (episode.suite, episode.policy, episode.seed) == ("mini", "nobody", 5)
        assert {"reset", "model request"} <= {deadline.name for deadline in episode.deadlines}
        (again,) = rollout([Job("clamp", 0, 5)], noop(), make_env, workers=1, log=log)
        assert again.stop is StopReason.SUBMITTED
    policy.close()


def test_a_box_that_dies_is_replaced_and_the_seed_kept(make_env: MakeEnv) -> None:
    envs: list[CodeEnv] = []
    seeds: list[int] = []

    def make() -> CodeEnv:
        envs.append(make_env())
        return envs[-1]

    def script(opening: Opening) -> Script:
        seeds.append(opening.seed)
        if len(seeds) <= 2:
            envs[-1]._play.bench.box.close()  # type: ignore[union-attr]
            yield Call("test")
        yield from gold().script(opening)

    (episode,) = rollout([Job("clamp", 0, 11)], ScriptedPolicy("fragile", script), make, workers=1)
    assert (episode.reward, seeds, len(envs)) == (1.0, [11, 11, 11], 3)


def test_a_bug_is_raised_where_the_caller_sees_it(make_env: MakeEnv) -> None:
    def script(opening: Opening) -> Script:
        yield Call("submit") if opening.seed else Call(str(1 // opening.seed))

    with pytest.raises(ZeroDivisionError):
        list(rollout([Job("clamp", 0, 0)], ScriptedPolicy("bug", script), make_env, workers=2))
    with pytest.raises(TaskError, match="Did you mean 'clamp'"):
        list(rollout([Job("clump", 0, 0)], noop(), make_env, workers=2))
    assert not alive()


def alive() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("codegym-rollout")]


def test_a_slow_episode_holds_nobody_up_and_stop_ends_it(
    make_env: MakeEnv, runs: Callable[..., list[int]]
) -> None:
    def script(opening: Opening) -> Script:
        if opening.task.id == "total":
            yield SLEEP

    jobs = make_jobs(["total", "clamp", "words"], 2, run_seed=0)
    stop = threading.Event()
    made: list[Episode] = []
    start = time.monotonic()
    for episode in rollout(jobs, ScriptedPolicy("slow", script), make_env, workers=3, stop=stop):
        made.append(episode)
        if len(made) == 1:
            assert runs("sleep 41.5", wait=10)
            stop.set()
    assert {episode.task for episode in made} <= {"clamp", "words"}
    assert time.monotonic() - start < 15
    assert not alive()
    assert not runs("sleep 41.5")


def test_closing_the_iterator_ends_everything(make_env: MakeEnv, runs: Callable[..., list[int]]) -> None:
    def script(opening: Opening) -> Script:
        if opening.seed:
            yield SLEEP

    jobs = [Job("clamp", seed, seed) for seed in range(3)]
    episodes = rollout(jobs, ScriptedPolicy("slow", script), make_env, workers=3)
    assert next(episodes).seed == 0
    episodes.close()
    assert not alive()
    assert not runs("sleep 41.5")


def test_what_the_log_holds_is_not_run_again(make_env: MakeEnv, tmp_path: Path) -> None:
    asked: list[int] = []

    def script(opening: Opening) -> Script:
        asked.append(opening.seed)
        if opening.seed == 2 and asked.count(2) == 1:
            raise PolicyError("down")
        yield Call("submit")

    policy = ScriptedPolicy("counted", script)
    jobs = [Job("clamp", seed, seed) for seed in range(4)]
    with EpisodeLog(tmp_path) as log:
        first = list(rollout(jobs[:3], policy, make_env, workers=2, log=log, retries=0))
    assert sorted(asked) == [0, 1, 2]
    with EpisodeLog(tmp_path) as log:
        second = list(rollout(jobs, policy, make_env, workers=2, log=log, retries=0))
    assert sorted(asked) == [0, 1, 2, 2, 3]
    assert sorted(episode.seed for episode in second) == [0, 1, 2, 3]
    assert all(episode in first for episode in second if episode.seed < 2)
    assert len(list(read_episodes(tmp_path))) == 5
    assert summarise(second).infra_errors == 0
