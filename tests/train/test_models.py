"""Models that are adapted, and what does not fit together."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.episode_file import read_episodes
from codegym.errors import CodegymError, ConfigError
from tests.train.conftest import EVALUATE, GRPO, SFT, Train, WriteRun

pytestmark = pytest.mark.train

LORA = "\n[policy.lora]\nrank = 4\n"


def test_an_adapter_is_trained_saved_alone_and_played(
    train: Train, write_run: WriteRun, tmp_path: Path, model: Path
) -> None:
    from codegym.policy.local.policy import LocalPolicy

    train(write_run(LORA, SFT, GRPO, EVALUATE.format(name="after"), model=model), tmp_path / "run")
    for phase in ("01-warmup", "02-grpo"):
        policy = tmp_path / "run" / "phases" / phase / "policy"
        assert (policy / "adapter_model.safetensors").exists()
        assert not (policy / "model.safetensors").exists()
    adapter = LocalPolicy.load(str(policy))
    assert hasattr(adapter._generator.model, "peft_config")
    adapter.close()
    assert list(read_episodes(tmp_path / "run" / "phases" / "03-after" / "episodes"))


def test_an_adapter_is_merged_on_request(train: Train, write_run: WriteRun, tmp_path: Path, model: Path) -> None:
    train(write_run(LORA + "merge = true\n", SFT, model=model), tmp_path / "run")
    policy = tmp_path / "run" / "phases" / "01-warmup" / "policy"
    assert (policy / "model.safetensors").exists()
    assert not (policy / "adapter_model.safetensors").exists()


def test_memory_is_estimated_without_loading(model: Path) -> None:
    from codegym.policy.local.load import load_config, load_model
    from codegym.train.config import LoraSection, PolicySection
    from codegym.train.model.memory import estimate

    config, network = load_config(str(model)), load_model(str(model))[0]
    size = sum(one.numel() for one in network.parameters())
    full = estimate(config, PolicySection(model="m"), 4)
    adapted = estimate(config, PolicySection(model="m", lora=LoraSection(rank=2)), 4)
    assert (full.weights, full.training) == (4 * size, 12 * size)
    assert adapted.training < full.training
    assert estimate(config, PolicySection(model="m"), 0).fixed == 4 * size
    saved = estimate(config, PolicySection(model="m", gradient_checkpointing=True), 4)
    assert saved.activations < full.activations
    assert "gradients and optimiser" in full.text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('dtype = "float16"', "use bfloat16 or float32"),
        ('attention = "flash_attention_2"', "needs a GPU: use sdpa or eager"),
        ("context_tokens = 9999", "512 positions: lower it"),
    ],
)
def test_what_does_not_fit_together_is_refused(  # noqa: PLR0917 - parametrized
    train: Train, write_run: WriteRun, tmp_path: Path, model: Path, change: str, message: str
) -> None:
    path = write_run(GRPO, model=model)
    text = path.read_text().replace("context_tokens = 512\n", "") if "context" in change else path.read_text()
    path.write_text(text.replace("[policy]", f"[policy]\n{change}"))
    with pytest.raises(ConfigError, match=message):
        train(path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_tiny_model_is_not_adapted(train: Train, write_run: WriteRun, tmp_path: Path) -> None:
    with pytest.raises(CodegymError, match=r"adapts a trained model: leave it out"):
        train(write_run("\n[policy.tiny]\n", LORA, SFT), tmp_path / "run")


@pytest.mark.parametrize("architecture", ["qwen2", "phi3", "lfm2", "llama"])
def test_a_tiny_tokenizer_is_loaded_as_it_was_made(train: Train, tmp_path: Path, architecture: str) -> None:
    from transformers import AutoConfig

    from codegym.policy.local.load import load_tokenizer
    from codegym.train.model.tiny import make_tokenizer

    made = make_tokenizer(["def total(prices, limit):\n    return amount_of(prices) <= 1024\n"] * 3, 320)
    AutoConfig.for_model(architecture).save_pretrained(tmp_path)
    text = "total(limit, 1024):\n    prices <= amount_of"
    for _ in range(2):
        made.save_pretrained(tmp_path)
        loaded = load_tokenizer(str(tmp_path))
        assert (loaded.encode(text), len(loaded)) == (made.encode(text), len(made))
        made = loaded
