"""What a run's file asks for and can't have is said at once, and nothing is left behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegym.errors import CodegymError, ConfigError
from codegym.suite import Suite

pytestmark = pytest.mark.train

GOOD = 'name = "n"\n[policy]\nmodel = "m"\n[env]\nsuite = "mini"\nsandbox = "fake"\n'

Train = Callable[..., dict[str, Any]]


@pytest.fixture
def train() -> Train:
    pytest.importorskip("trl", reason="needs the train extra")
    from codegym.train.run import train

    return train


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[trl]\nlearning_rat = 1e-4\n", "Did you mean 'learning_rate'"),
        ("[trl]\nper_device_train_batch_size = 3\n", r"\[trl\]: "),
        ("[warmup.trl]\nlearning_rat = 1e-4\n", "Did you mean 'learning_rate'"),
        ('[eval]\nsplit = "tst"\n', "Did you mean 'test'"),
        ('[eval]\nevery = 5\nval_split = "trainn"\n', "Did you mean 'train'"),
        ("[reward]\nresolvd = 1\n", "Did you mean 'resolved'"),
        ("limits = { turn = 3 }\n", "Did you mean 'turns'"),
        ("[env.limits]\nmemory_mb = 1\n", "memory_mb: "),
    ],
)
def test_a_wish_that_can_not_be_had_is_refused_at_once(
    mini: Suite, train: Train, tmp_path: Path, more: str, said: str
) -> None:
    (tmp_path / "run.toml").write_text(GOOD + more)
    with pytest.raises(CodegymError, match=said):
        train(tmp_path / "run.toml", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("key", "value"), [("device", "gpu0"), ("dtype", "float33")])
def test_a_device_or_type_that_is_not_there_is_named(
    mini: Suite, train: Train, tmp_path: Path, key: str, value: str
) -> None:
    (tmp_path / "run.toml").write_text(GOOD.replace("[env]", f'{key} = "{value}"\n[env]'))
    with pytest.raises(ConfigError, match=rf"\[policy\] {key} '{value}'"):
        train(tmp_path / "run.toml", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_on_other_tasks_is_not_gone_on_with(mini: Suite, train: Train, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(GOOD)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "versions.json").write_text('{"suite_digest": "other"}')
    with pytest.raises(ConfigError, match="on other tasks"):
        train(tmp_path / "run.toml", tmp_path / "run", resume=True)
