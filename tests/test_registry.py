"""Environments through Gymnasium's front door, some of it from programs that never import codegym."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

from codegym.env import CodeEnv
from codegym.errors import ConfigError
from codegym.registry import register_envs
from codegym.suite import Suite, suite_names

SUBMIT = '<tool name="submit"></tool>'


@pytest.fixture(scope="module", autouse=True)
def _registered(mini: Suite) -> None:
    assert mini.env_id == "codegym/mini-v3"
    register_envs()


def outside(program: str, third_party: Path) -> str:
    """Run a program in a process of its own that has the third party's package installed."""
    env = os.environ | {"PYTHONPATH": str(third_party)}
    argv = [sys.executable, "-W", "error", "-c", program]
    ran = subprocess.run(argv, cwd=third_party, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_all_suites_are_registered_once_and_unloaded() -> None:
    register_envs()
    registered = [env_id for env_id in gymnasium.registry if env_id.startswith("codegym/")]
    names = [env_id.removeprefix("codegym/").rpartition("-v")[0] for env_id in registered]
    assert set(suite_names()) <= set(names)
    assert len(set(names)) == len(names)
    assert "codegym/mini-v3" in registered


def test_check_env_has_nothing_to_say() -> None:
    env = gymnasium.make("codegym/mini-v3", split="train", sandbox="fake").unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)
    env.close()


def test_check_env_in_a_real_box() -> None:
    env = gymnasium.make("codegym/mini-v3", task="clamp", dialect="line").unwrapped
    check_env(env, skip_render_check=True)
    env.close()


def test_unknown_options_get_the_nearest_match() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'split'"):
        gymnasium.make("codegym/mini-v3", spilt="train")


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_make_vec_steps_side_by_side(mode: str) -> None:
    with CodeEnv("mini", sandbox="bwrap") as before:
        before.reset(seed=1)  # a box opened before workers are forked must not disturb theirs
        envs = gymnasium.make_vec("codegym/mini-v3", 2, mode, task="clamp", cache=None, max_turns=4)
        observations, infos = envs.reset(seed=3)
        assert list(infos["task"]) == ["clamp", "clamp"]
        assert observations[0] == observations[1]
        fix = '<tool name="shell"><command>sed -i "5s/value/high/" src/clamp.py; echo é漢</command></tool>'
        observations, *_ = envs.step((fix, "no call"))
        assert observations[0] == "é漢\n[exit code 0]"
        _, rewards, terminated, _, infos = envs.step((SUBMIT, SUBMIT))
        assert list(rewards) == [1.0, 0.0]
        assert terminated.all()
        assert [ending.stop for ending in infos["ending"]] == ["submitted", "submitted"]
        envs.close()


def test_a_third_partys_suite_is_made_without_importing_codegym(third_party: Path) -> None:
    program = """
import json, sys
import gymnasium
env = gymnasium.make("codegym/mini-v3", sandbox="fake", split="train", cache=None)
observation, info = env.reset(seed=0, options={"task": "words"})
_, reward, terminated, _, end = env.step('<tool name="submit"></tool>')
env.close()
print(json.dumps([info["task"], reward, terminated, end["ending"].verdict.outcome, "acme_suites" in sys.modules]))
"""
    assert json.loads(outside(program, third_party)) == ["words", 0.0, True, "unresolved", False]


def test_python_starts_without_gymnasium(third_party: Path) -> None:
    said = outside(
        "import sys; print([m in sys.modules for m in ('gymnasium', 'pydantic', 'typing')])", third_party
    )
    assert said == "[False, False, False]\n"


def test_a_suite_that_is_not_built_says_how(third_party: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site" / "acme_recipe"
    folder.mkdir(parents=True)
    (folder / "suite.toml").write_text('name = "recipe"\nversion = 1\ntitle = "To be built"\n')
    (folder / "lock.jsonl").write_text("")
    (folder / "__init__.py").write_text("")
    info = tmp_path / "site" / "acme_recipe-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-recipe\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[codegym.suites]\nrecipe = acme_recipe\nbroken = acme_nowhere\n")
    program = """
import gymnasium
for name in ("recipe", "broken"):
    try:
        gymnasium.make(f"codegym/{name}-v1")
    except Exception as error:
        print(type(error).__name__, error)
"""
    said = outside(program, folder.parent).splitlines()
    assert said[0] == "TaskError suite 'recipe' is not built yet: run `codegym build recipe`"
    assert said[1].startswith("TaskError entry point 'acme_nowhere'")
