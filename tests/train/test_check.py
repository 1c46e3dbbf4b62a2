"""What a run's file asks for and can't have is reported at once, and nothing is left behind."""

from pathlib import Path

import pytest

from codegym.errors import CodegymError, ConfigError
from tests.train.conftest import EVALUATE, GRPO, SFT, Train, WriteRun

pytestmark = pytest.mark.train

MODEL = Path("m")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (GRPO + "learning_rat = 1e-4\n", "of phase 'grpo' 'learning_rat'. Did you mean 'learning_rate'"),
        (GRPO.replace("num_generations = 2", "num_generations = 3"), r"\[phase.trl\] of phase 'grpo': "),
        (SFT + "learning_rat = 1e-4\n", "of phase 'warmup' 'learning_rat'. Did you mean 'learning_rate'"),
        (EVALUATE.format(name="x") + "[reward]\nresolvd = 1\n", "Did you mean 'resolved'"),
        (GRPO + "[env.limits]\nturn = 3\n", "Did you mean 'turns'"),
        (GRPO + "[env.limits]\nmemory_mb = 1\n", "memory_mb: "),
        (SFT + GRPO + '[phase.curriculum]\nsolved_in = "warm"\n', "earlier phase 'warm'. Did you mean 'warmup'"),
        (GRPO + '[phase.curriculum]\nsolved_in = "grpo"\n', "earlier phase 'grpo'. Known: none"),
    ],
)
def test_a_wrong_wish_is_refused_at_once(
    train: Train, write_run: WriteRun, tmp_path: Path, more: str, message: str
) -> None:
    with pytest.raises(CodegymError, match=message):
        train(write_run(more, model=MODEL), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('split = "train"', 'split = "tst"', "Did you mean 'test'"),
        ("samples = 2", 'every = 5\nval_split = "trainn"', "Did you mean 'train'"),
        ("samples = 2", 'samples = 2\nagainst = ["nowhere"]', "nowhere has not one board entry but 0"),
        ("[env]", 'device = "gpu0"\n[env]', r"\[policy\] device 'gpu0'"),
        ("[env]", "keep_turns = false\n[env]", "phase 'grpo': .* set keep_turns = true"),
        ("[env]", 'dtype = "float33"\n[env]', r"\[policy\] dtype 'float33'"),
        ("[env]", '[env]\ndialect = "tagged"', "script of phase 'warmup' speaks the line dialect"),
    ],
)
def test_a_wrong_value_is_named(  # noqa: PLR0917 - parametrized
    train: Train, write_run: WriteRun, tmp_path: Path, before: str, after: str, message: str
) -> None:
    path = write_run(SFT, GRPO, EVALUATE.format(name="x"), model=MODEL)
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(CodegymError, match=message):
        train(path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_on_other_tasks_is_not_resumed(train: Train, write_run: WriteRun, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "versions.json").write_text('{"suite_digest": "other"}')
    with pytest.raises(ConfigError, match="on other tasks"):
        train(write_run(GRPO, model=MODEL), tmp_path / "run", resume=True)


def test_a_run_of_the_older_layout_is_not_resumed(train: Train, write_run: WriteRun, tmp_path: Path) -> None:
    (tmp_path / "run" / "episodes").mkdir(parents=True)
    (tmp_path / "run" / "config.toml").write_text("[warmup]\n")
    with pytest.raises(ConfigError, match="older layout"):
        train(write_run(GRPO, model=MODEL), tmp_path / "run", resume=True)
