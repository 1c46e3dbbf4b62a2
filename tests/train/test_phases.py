"""Each kind of phase alone, and a run that is stopped and resumed, in the fake sandbox."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from codegym.board.entry import Entry
from codegym.episode import Episode
from codegym.episode_file import read_episodes
from codegym.progress.display import Display, PhaseBar
from tests.train.conftest import EVALUATE, GRPO, SFT, TINY, Train, WriteRun

pytestmark = [pytest.mark.train, pytest.mark.slow]

BEFORE, AFTER = EVALUATE.format(name="before"), EVALUATE.format(name="after")


class Interrupting(Display):
    """A display whose user presses Ctrl-C as soon as it shows ``text``, in a title or in a note."""

    def __init__(self, text: str) -> None:
        super().__init__(Console(file=io.StringIO()))
        self.text = text

    @contextmanager
    def phase(self, name: str, title: str) -> Iterator[Any]:
        if self.text in title:
            raise KeyboardInterrupt
        with super().phase(name, title) as bar:
            yield InterruptingBar(bar, self.text)


@dataclass(frozen=True)
class InterruptingBar:
    """A bar whose user presses Ctrl-C as soon as its note has ``text``."""

    bar: PhaseBar
    text: str

    def update(self, share: float, note: str = "") -> None:
        self.bar.update(share, note)
        if self.text in note:
            raise KeyboardInterrupt


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_sft_makes_a_policy_from_what_the_script_played(model: Path) -> None:
    from codegym.policy.local.load import load_model

    network, tokenizer = load_model(str(model))
    assert network.config.vocab_size == tokenizer.vocab_size == 300
    episodes = list(read_episodes(model.parent / "episodes"))
    assert {(episode.policy, episode.task) for episode in episodes} == {("repair", "clamp"), ("repair", "words")}
    (metrics,) = lines(model.parent / "metrics.jsonl")
    assert metrics["step"] >= 1
    summary = json.loads((model.parents[2] / "summary.json").read_text())
    assert (summary["policy"], summary["evaluations"], summary["before"]) == (str(model), {}, None)
    assert summary["metrics"]["warmup"]["episodes"]["episodes"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["tagged", "native"])
def test_gold_is_imitated_in_any_dialect_and_played_again_from_its_episodes(
    train: Train, write_run: WriteRun, tmp_path: Path, model: Path, dialect: str
) -> None:
    def imitate(out: Path, data: str, dialect: str) -> list[Episode]:
        path = write_run(SFT.replace("[phase.data]", f"[phase.data]\n{data}"), model=model)
        text = path.read_text().replace('sandbox = "fake"', f'sandbox = "bwrap"\ndialect = "{dialect}"')
        path.write_text(text)
        train(path, out)
        return list(read_episodes(out / "phases" / "01-warmup" / "episodes"))

    first = imitate(tmp_path / "gold", 'policy = "gold"', dialect)
    assert {(episode.policy, episode.reward) for episode in first} == {("gold", 1.0)}
    recorded = tmp_path / "gold" / "phases" / "01-warmup" / "episodes"
    again = imitate(tmp_path / "again", f'episodes = "{recorded}"', "tagged" if dialect == "native" else "native")
    assert [episode.reward for episode in again] == [1.0] * len(first)
    assert [[step.tool for step in one.steps] for one in again] == [
        [step.tool for step in one.steps] for one in first
    ]


def test_evaluation_leaves_the_policy_and_makes_an_entry(
    train: Train, write_run: WriteRun, tmp_path: Path, model: Path
) -> None:
    run = tmp_path / "run"
    summary = train(write_run(BEFORE, model=model), run)
    entry = Entry.model_validate_json((run / "entries" / "mini-before.json").read_bytes())
    assert (entry.policy, entry.tasks, entry.samples_per_task) == ("mini-before", 2, 2)
    assert summary["policy"] == str(model)
    assert summary["evaluations"] == {"before": entry.summary()}
    assert (summary["before"], summary["gain"]) == (summary["after"], None)
    episodes = list(read_episodes(run / "phases" / "01-before" / "episodes"))
    turns = [turn for episode in episodes if episode.tokens for turn in episode.tokens.sequences[0].turns]
    assert turns
    assert {turn.version for turn in turns} == {None}


def test_grpo_trains_on_its_own_episodes(train: Train, write_run: WriteRun, tmp_path: Path, model: Path) -> None:
    path = write_run(GRPO, model=model)
    path.write_text(path.read_text().replace("[eval]", '[eval]\nevery = 2\nval_split = "train"\nval_tasks = 1'))
    train(path, tmp_path / "run")
    folder = tmp_path / "run" / "phases" / "01-grpo"
    assert (folder / "policy" / "model.safetensors").exists()
    metrics = lines(folder / "metrics.jsonl")
    assert [line["step"] for line in metrics if "val/pass@1" in line] == [2]
    assert [line["step"] for line in metrics if "loss" in line] == [1, 2]
    episodes = list(read_episodes(folder / "episodes"))
    assert len(episodes) == 8
    versions = [episode.tokens.sequences[0].turns[0].version for episode in episodes if episode.tokens]
    assert versions == [0] * 4 + [1] * 4
    assert len(list(read_episodes(folder / "validation" / "step-2"))) == 2
    for episode in episodes:
        steps = [turn.step for turn in episode.tokens.sequences[0].turns] if episode.tokens else []
        assert [step for step in steps if step is not None] == list(range(len(episode.steps)))


@pytest.mark.slow
def test_a_run_that_is_stopped_anywhere_is_resumed(train: Train, write_run: WriteRun, tmp_path: Path) -> None:
    curriculum = '[phase.curriculum]\nsolved_in = "warmup"\n'
    path, run = write_run(TINY, SFT, BEFORE, GRPO, curriculum, AFTER), tmp_path / "run"
    warmup, grpo = run / "phases" / "01-warmup", run / "phases" / "03-grpo"
    made: dict[Path, int] = {}
    for text in ("Supervised", "(before)", "(grpo)", "step 2", "(after)"):
        with pytest.raises(KeyboardInterrupt):
            train(path, run, resume=run.exists(), display=Interrupting(text))
        assert not (run / "summary.json").exists()
        assert (warmup / "policy").exists() == (text != "Supervised")
        for policy in run.glob("phases/*/policy/model.safetensors"):
            assert made.setdefault(policy, policy.stat().st_mtime_ns) == policy.stat().st_mtime_ns
    assert len(made) == 2
    assert [line["step"] for line in lines(grpo / "metrics.jsonl") if "loss" in line] == [1, 2]
    assert len(list(read_episodes(grpo / "episodes"))) == 12  # step 2 was played twice
    summary = train(path, run, resume=True)
    assert summary["policy"] == str(grpo / "policy")
    assert set(summary["evaluations"]) == {"before", "after"}
    assert {"pass@1", "ci95", "tasks", "clusters"} == set(summary["gain"])
    assert (run / "policy-before").resolve() == (warmup / "policy").resolve()
    assert (run / "policy-after").resolve() == (grpo / "policy").resolve()
    assert len(list(read_episodes(warmup / "episodes"))) == 2
    assert train(path, run, resume=True) == summary
