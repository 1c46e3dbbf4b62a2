"""A run's TOML: wrong keys and values are refused with what to write instead."""

from collections.abc import Callable
from pathlib import Path

import pytest

from codegym.errors import ConfigError
from codegym.train.algorithm.settings import GrpoSettings, SftSettings
from codegym.train.config import load_config

GOOD = 'name = "n"\n[env]\nsuite = "kata"\n[policy]\nmodel = "m"\n'
GRPO = '[[phase]]\nalgorithm = "grpo"\n'

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "run.toml"
        path.write_text(text)
        return path

    return write


def test_a_small_file_has_defaults(write: Write) -> None:
    config = load_config(write(GOOD + GRPO))
    assert (config.env.dialect, config.seed) == ("line", 0)
    (phase,) = config.phase
    assert isinstance(phase, GrpoSettings)
    assert (phase.name, phase.budget_seconds, phase.curriculum) == ("grpo", 0.0, None)


def test_phases_keep_their_order_and_trl_its_keys(write: Write) -> None:
    more = '[[phase]]\nname = "warmup"\nalgorithm = "sft"\n[phase.data]\ntasks = 3\n[phase.trl]\nany_thing = 1\n'
    first, second = load_config(write(GOOD + more + GRPO)).phase
    assert isinstance(first, SftSettings)
    assert (first.name, first.data.tasks, first.trl) == ("warmup", 3, {"any_thing": 1})
    assert second.name == "grpo"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nam = 1\n" + GOOD + GRPO, "unknown key in the top level 'nam'. Did you mean 'name'"),
        (GOOD + GRPO + "[rollout]\nworker = 3\n", r"key in \[rollout\] 'worker'. Did you mean 'workers'"),
        (GOOD + GRPO + "[policy.tiny]\nhidden = 3\n", r"key in \[policy.tiny\] .*hidden_size"),
        (GOOD.replace('"kata"', "3") + GRPO, "env.suite"),
        (GOOD.replace('"n"', '"Mine!"') + GRPO, "name: String should match pattern"),
        ("name = ", "run.toml"),
        (GOOD.replace('model = "m"', "") + GRPO, r"policy: needs either model or \[policy.tiny\]"),
        (GOOD + "[policy.tiny]\n" + GRPO, "either model or"),
        (GOOD.replace('model = "m"', "[policy.tiny]") + GRPO, 'with algorithm = "pretrain" or "sft"'),
        (GOOD, r"needs at least one \[\[phase\]\], such as"),
        (GOOD + "[phase]\n", "with two brackets"),
        (GOOD + "[[phase]]\n", r"\[\[phase\]\] 1: unknown algorithm ''. Known: evaluate, grpo, pretrain, sft"),
        (GOOD + '[[phase]]\nalgorithm = "gpro"\n', "unknown algorithm 'gpro'. Did you mean 'grpo'"),
        (GOOD + GRPO + "budget = 1\n", r"\[\[phase\]\] 1 \(grpo\): unknown key .* Did you mean 'budget_seconds'"),
        (GOOD + GRPO + "budget_seconds = -1\n", r"\[\[phase\]\] 1 \(grpo\): budget_seconds: "),
        (GOOD + GRPO + GRPO, "several .* are named 'grpo'"),
        (GOOD + '[[phase]]\nalgorithm = "sft"\ndata = { task = 1 }\n', r"key in \[phase.data\] 'task'. .*'tasks'"),
        (
            GOOD + GRPO + "curriculum = { solve_in = 1 }\n",
            r"key in \[phase.curriculum\] 'solve_in'",
        ),
    ],
)
def test_what_is_wrong_is_named_with_the_nearest_match(write: Write, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(write(text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml"):
        load_config(tmp_path / "nothing.toml")
