"""A file of the older form is refused with the same run in the form of today."""

from pathlib import Path

import pytest

from codegym.errors import ConfigError
from codegym.train.algorithm.settings import GrpoSettings
from codegym.train.config import RunConfig, load_config

HEAD = """
name = "tiny"
[policy]
context_tokens = 768
[policy.tiny]
vocabulary = 1024
[env]
suite = "pyrepair"
[eval]
tasks = 100
"""
PHASES = """
[[phase]]
name = "warmup"
algorithm = "sft"
budget_seconds = 60
reading_share = 0.2
[phase.data]
tasks = 40
samples = 8
[phase.trl]
learning_rate = 2e-3
per_device_train_batch_size = 8
[[phase]]
name = "before"
algorithm = "evaluate"
[[phase]]
name = "grpo"
algorithm = "grpo"
budget_seconds = 150
[phase.curriculum]
solved_in = "warmup"
[phase.trl]
learning_rate = 2.5e-4
num_generations = 16
per_device_train_batch_size = 16
gradient_accumulation_steps = 4
max_steps = 100
[[phase]]
name = "after"
algorithm = "evaluate"
"""
OLDER_TABLES = """
[warmup]
tasks = 40
samples = 8
budget_seconds = 60
reading_share = 0.2

[warmup.trl]
learning_rate = 2e-3
per_device_train_batch_size = 8

[train]
budget_seconds = 150
curriculum = true

[trl]
learning_rate = 2.5e-4
num_generations = 16
per_device_train_batch_size = 16
gradient_accumulation_steps = 4
max_steps = 100
"""


def rewritten(tmp_path: Path, text: str) -> RunConfig:
    """Load what the error for ``text`` proposes to paste."""
    (tmp_path / "older.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"have become \[\[phase\]\]") as refused:
        load_config(tmp_path / "older.toml")
    _, _, proposed = str(refused.value).partition("\n\n")
    (tmp_path / "new.toml").write_text(proposed)
    return load_config(tmp_path / "new.toml")


def test_an_older_run_becomes_a_run_of_phases(tmp_path: Path) -> None:
    (tmp_path / "today.toml").write_text(HEAD + PHASES)
    assert rewritten(tmp_path, HEAD + OLDER_TABLES) == load_config(tmp_path / "today.toml")


def test_a_run_without_a_warm_up_keeps_its_seed_and_its_odd_values(tmp_path: Path) -> None:
    older = """
name = "n"
[policy]
model = 'C:\\models\\"mine"'
[env]
suite = "kata"
limits = { grade_seconds = 20.5 }
[train]
seed = 7
curriculum = true
[trl]
bf16 = true
stop = ["a", "é"]
"with space" = { x = 1 }
"""
    config = rewritten(tmp_path, older)
    assert (config.seed, config.policy.model, config.env.limits) == (
        7,
        'C:\\models\\"mine"',
        {"grade_seconds": 20.5},
    )
    assert [phase.name for phase in config.phase] == ["before", "grpo", "after"]
    grpo = config.phase[1]
    assert isinstance(grpo, GrpoSettings)
    assert grpo.curriculum is None
    assert grpo.trl == {"bf16": True, "stop": ["a", "é"], "with space": {"x": 1}}
