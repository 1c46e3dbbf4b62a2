"""Forks of an env: a search from the middle of an episode sees what replays from its start would see."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gymnasium.error import ResetNeeded

from codegym.env import CodeEnv
from codegym.harness.cache import ResultCache
from codegym.sandbox.backend import backend
from codegym.suite import Suite

StepResult = tuple[str, float, bool, bool, dict[str, Any]]

FIX = '<tool name="replace_in_line"><path>src/clamp.py</path><line>5</line><old>value</old><new>{}</new></tool>'
TEST = '<tool name="test"></tool>'
UNDO = '<tool name="undo"></tool>'
SUBMIT = '<tool name="submit"></tool>'


def shell(command: str) -> str:
    return f'<tool name="shell"><command>{command}</command></tool>'


OPENING = (
    TEST,
    FIX.format("low"),
    shell("mkdir new && echo $$ > /tmp/gone && echo 1 > new/one; rm tests/conftest.py"),
)
BRANCHES = (
    (UNDO, FIX.format("high"), SUBMIT),
    (shell("ls -R; cat src/clamp.py"), "huh?", SUBMIT),
    (shell("rm -r new src; ls"), TEST, SUBMIT),
    (shell("sed -i 5s/low/high/ src/clamp.py"), '<tool name="diff"></tool>', SUBMIT),
)


@pytest.fixture(params=["bwrap", pytest.param("docker", marks=pytest.mark.docker)])
def env(mini: Suite, request: pytest.FixtureRequest) -> Iterator[CodeEnv]:
    run = next(c for c in backend(request.param).capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"{request.param}: {run.why}")
    with_it = CodeEnv(mini, sandbox=request.param, cache=None, max_turns=9)
    yield with_it
    with_it.close()


def told(step: StepResult) -> tuple[Any, ...]:
    """A step's result without times."""
    observation, reward, terminated, truncated, info = step
    ending = info.pop("ending", None)
    if ending is None:
        return observation, reward, terminated, truncated, info
    taken = [(step.action, step.observation) for step in ending.steps]
    graded = (ending.stop, ending.patch, ending.verdict.outcome, ending.verdict.fail_to_pass, ending.components)
    return observation, reward, terminated, truncated, info, taken, graded


def test_best_of_four_from_the_middle_is_four_replays(env: CodeEnv) -> None:
    env.reset(seed=3, options={"task": "clamp"})
    for action in OPENING:
        env.step(action)
    forks = [env.fork() for _ in BRANCHES]
    searched = []
    for fork, actions in zip(forks, BRANCHES, strict=True):
        searched.append([told(fork.step(action)) for action in actions])
    replayed = []
    for actions in BRANCHES:
        env.reset(seed=3, options={"task": "clamp"})
        for action in OPENING:
            env.step(action)
        replayed.append([told(env.step(action)) for action in actions])
    assert searched == replayed
    assert [run[-1][1] for run in searched] == [1.0, 0.0, 0.0, 1.0]


def test_a_fork_has_the_history_and_what_is_left_of_the_budget(env: CodeEnv) -> None:
    env.reset(seed=1, options={"task": "words"})
    env.step(TEST)
    fork = env.fork()
    assert fork.steps == env.steps
    assert fork.task == env.task
    assert [fork.step("?")[3] for _ in range(8)][-1]
    assert len(env.steps) == 1
    assert not env.step("?")[3]
    assert fork.np_random.integers(1 << 60) == env.np_random.integers(1 << 60)
    with pytest.raises(ResetNeeded):
        fork.fork()


def test_services_are_left_behind_and_listed(env: CodeEnv) -> None:
    env.reset(seed=1, options={"task": "words"})
    with env.fork() as quiet:
        assert quiet.left_behind == ()
    env.step(TEST)
    with env.fork() as fork:
        (service,) = fork.left_behind
        assert service.startswith("python3 -c")
        assert fork.step(TEST)[0] == env.step(TEST)[0]


def test_what_was_cached_for_one_serves_the_other(mini: Suite, tmp_path: Path) -> None:
    with CodeEnv(mini, cache=ResultCache(tmp_path)) as env:
        env.reset(options={"task": "clamp"})
        with env.fork() as fork:
            assert not env.step(TEST)[4]["cached"]
            assert fork.step(TEST)[4]["cached"]
