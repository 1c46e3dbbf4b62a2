"""The engine is handed a player: another strategy than one plain attempt needs no change of the engine."""

from collections.abc import Callable
from typing import Any

import pytest

from codegym.env import CodeEnv
from codegym.episode import Episode, Outcome, StopReason
from codegym.errors import SandboxError
from codegym.policy.protocol import Policy
from codegym.policy.script.gold import gold
from codegym.policy.script.script import noop
from codegym.rollout.engine import rollout
from codegym.rollout.job import Job
from codegym.rollout.play import play
from codegym.suite import Suite


@pytest.fixture
def make_env(mini: Suite) -> Callable[[], CodeEnv]:
    return lambda: CodeEnv(mini, sandbox="fake", cache=None)


def first_and_second(job: Job, policy: Policy, env: CodeEnv, **how: Any) -> Episode:
    """Play with a policy that does nothing first, and keep the better episode."""
    tries = [play(job, one, env, **how) for one in (noop(), policy)]
    best = max(tries, key=lambda episode: episode.reward or 0.0)
    return best.model_copy(update={"metadata": {"tries": len(tries)}})


def test_a_search_is_a_player(make_env: Callable[[], CodeEnv]) -> None:
    (episode,) = rollout([Job("total", 0, 1)], first_and_second, gold(), make_env, workers=1)
    assert (episode.reward, episode.policy, episode.metadata) == (1.0, "gold", {"tries": 2})


def test_an_episode_is_made_of_its_ending(make_env: Callable[[], CodeEnv]) -> None:
    env = make_env()
    episode = play(Job("total", 0, 1), gold(), env)
    assert episode.verdict is not None
    assert (episode.stop, episode.verdict.outcome) == (StopReason.SUBMITTED, Outcome.RESOLVED)
    assert [step.tool for step in episode.steps] == ["replace", "submit"]
    assert episode.components["steps"] == len(episode.steps)
    assert set(episode.timings) == {"reset", "policy", "tools", "grade", "all"}
    env.close()


class Forks:
    """Opens something of its own and then meets a failure of the machine, once."""

    def __init__(self) -> None:
        self.closed = 0
        self.calls = 0

    def close(self) -> None:
        self.closed += 1

    def __call__(self, job: Job, policy: Policy, env: CodeEnv, **how: Any) -> Episode:
        self.calls += 1
        if self.calls == 1:
            how["opened"](self)
            raise SandboxError("the box died")
        return play(job, policy, env, **how)


def test_what_a_player_has_open_is_closed_before_it_is_tried_again(make_env: Callable[[], CodeEnv]) -> None:
    player = Forks()
    (episode,) = rollout([Job("total", 0, 1)], player, noop(), make_env, workers=1)
    assert (player.calls, player.closed, episode.stop) == (2, 1, StopReason.SUBMITTED)


def test_a_job_that_fails_each_time_is_recorded_with_every_reason(make_env: Callable[[], CodeEnv]) -> None:
    reasons = iter(["one", "two"])

    def player(job: Job, policy: Policy, env: CodeEnv, **how: Any) -> Episode:
        raise SandboxError(next(reasons))

    (episode,) = rollout([Job("total", 0, 1)], player, noop(), make_env, workers=1, retries=1)
    assert (episode.stop, episode.reward) == (StopReason.INFRA_ERROR, None)
    assert episode.error == "SandboxError: one\nSandboxError: two"
    assert episode.verdict is not None
    assert (episode.verdict.outcome, str(episode.verdict.failure)) == ("infra_error", "infrastructure: box")
