"""Training goes on from the last checkpoint that was written to its end."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.train


def checkpoint(trainer: Path, steps: int, state: str | None = "{}") -> Path:
    path = trainer / f"checkpoint-{steps}"
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    if state is not None:
        (path / "trainer_state.json").write_text(state)
    return path


@pytest.mark.parametrize("state", [None, "", '{"global_step": 1'])
def test_a_half_written_one_is_removed_and_the_one_before_it_taken(tmp_path: Path, state: str | None) -> None:
    from codegym.train.algorithm.checkpoint import last_checkpoint, steps_of

    checkpoint(tmp_path, 8)
    whole, half = checkpoint(tmp_path, 10), checkpoint(tmp_path, 12, state)
    assert last_checkpoint(tmp_path) == whole
    assert steps_of(whole) == 10
    assert not half.exists()


def test_without_a_whole_one_there_is_none(tmp_path: Path) -> None:
    from codegym.train.algorithm.checkpoint import last_checkpoint

    checkpoint(tmp_path, 2, None)
    assert last_checkpoint(tmp_path) is None
    assert last_checkpoint(tmp_path / "nowhere") is None


def test_transformers_writes_the_state_of_the_trainer_last(tmp_path: Path) -> None:
    import torch
    import transformers

    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(n_embd=4, n_layer=1, n_head=1, vocab_size=8))
    rows = [{"input_ids": torch.tensor([1, 2]), "labels": torch.tensor([1, 2])}] * 8
    args = transformers.TrainingArguments(
        output_dir=str(tmp_path), max_steps=1, save_steps=1, report_to="none", disable_tqdm=True, use_cpu=True
    )
    transformers.Trainer(model=model, args=args, train_dataset=rows).train()
    files = sorted((tmp_path / "checkpoint-1").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert len(files) > 3
    assert files[-1].name == "trainer_state.json"
