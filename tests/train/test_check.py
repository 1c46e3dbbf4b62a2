"""What a run's file asks for and can't have is reported at once, and nothing is left behind."""

import json
from pathlib import Path

import pytest

from codegym.board.entry import Entry, Score
from codegym.errors import CodegymError, ConfigError
from codegym.suite import load_suite
from tests.train.conftest import EVALUATE, GRPO, SFT, Train, WriteRun

pytestmark = pytest.mark.train

MODEL = Path("m")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (GRPO + "learning_rat = 1e-4\n", "of phase 'grpo' 'learning_rat'. Did you mean 'learning_rate'"),
        (GRPO.replace("num_generations = 2", "num_generations = 3"), r"\[phase.trl\] of phase 'grpo': "),
        (SFT + 'optim = "sgd"\n', "phase 'warmup': optim: set optimizer ="),
        (GRPO + 'output_dir = "x"\n', "phase 'grpo': output_dir: checkpoints are in the run's folder"),
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
        ("samples = 2", 'samples = 2\nagainst = ["nowhere"]', "no such file or folder: nowhere"),
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


def entry(folder: Path, file: str, policy: str, **changes: object) -> Path:
    """Write an entry on the two tasks that the run evaluates, both attempted once and solved."""
    suite = load_suite("mini")
    made = Entry(
        board="b", policy=policy, suite="mini", suite_digest=suite.digest, split="train", tasks=2,
        tasks_digest="d", samples_per_task=1, counts=dict.fromkeys(suite.split("train").ids, (1, 1)),
        scores={"pass@1": Score(value=1.0, ci95=(1.0, 1.0), tasks=2)}, mean_reward=1.0, outcomes={"resolved": 2},
        tokens={}, seconds={}, infra_errors=0, seeds=(0,), episodes_digest="d",
    )  # fmt: skip
    path = folder / file
    path.write_text(made.model_copy(update=changes).model_dump_json())
    return path


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["mini-x"], r"phase 'x' and \[eval\] against '.*a0.json' both make entries/mini-x.json: rename"),
        (["Mini X"], "both make entries/mini-x.json"),
        (["rules", "rules"], r"against '.*a0.json' and \[eval\] against '.*a1.json' both make entries/rules.json"),
    ],
)
def test_entries_that_would_replace_each_other_are_refused(
    train: Train, write_run: WriteRun, tmp_path: Path, names: list[str], message: str
) -> None:
    paths = [str(entry(tmp_path, f"a{number}.json", name)) for number, name in enumerate(names)]
    path = write_run(EVALUATE.format(name="x"), model=MODEL)
    path.write_text(path.read_text().replace("[eval]", f"[eval]\nagainst = {json.dumps(paths)}"))
    with pytest.raises(ConfigError, match=message):
        train(path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_phases_whose_entries_would_be_one_file_are_refused(
    train: Train, write_run: WriteRun, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"phase 'a_b' and phase 'a-b' both make entries/mini-a-b.json"):
        train(write_run(EVALUATE.format(name="a_b"), EVALUATE.format(name="a-b"), model=MODEL), tmp_path / "run")


def test_an_entry_that_lost_all_that_it_shares_is_refused(
    train: Train, write_run: WriteRun, tmp_path: Path
) -> None:
    lost = dict.fromkeys(load_suite("mini").split("train").ids, (0, 0))
    path = write_run(EVALUATE.format(name="x"), model=MODEL)
    against = entry(tmp_path, "a.json", "rules", counts=lost | {"another": (8, 3)})
    path.write_text(path.read_text().replace("[eval]", f'[eval]\nagainst = ["{against}"]'))
    with pytest.raises(ConfigError, match="with rules: all its attempts at these tasks were lost"):
        train(path, tmp_path / "run")


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
