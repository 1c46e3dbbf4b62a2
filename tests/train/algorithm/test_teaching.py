"""What teaches nothing is not computed, and the loss of the rest is what it was."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.train
pytest.importorskip("trl", reason="needs the train extra")

import torch  # noqa: E402
from transformers import AutoConfig, AutoModelForCausalLM  # noqa: E402
from trl.trainer.utils import add_fused_lm_head  # noqa: E402

from codegym.train.algorithm.teaching import sampled, scoring, scoring_labels_only, trimmed  # noqa: E402


def tiny_model() -> torch.nn.Module:
    """A model with the output layer that TRL's trainer gives to every model."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 300, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
    model = AutoModelForCausalLM.from_config(
        AutoConfig.for_model("qwen2", num_attention_heads=2, num_key_value_heads=2, **sizes)
    )
    add_fused_lm_head(model, outputs=("log_probs", "entropy"))
    return model


def test_rows_and_columns_of_padding_are_left_out() -> None:
    inputs = {
        "prompt_ids": torch.tensor([[1, 2, 3], [0, 0, 4], [0, 5, 6]]),
        "prompt_mask": torch.tensor([[1, 1, 1], [0, 0, 1], [0, 1, 1]]),
        "completion_ids": torch.tensor([[7, 8, 9, 7], [8, 9, 0, 0], [9, 0, 0, 0]]),
        "completion_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]]),
        "tool_mask": torch.ones(3, 4),
        "advantages": torch.tensor([0.0, 1.0, -1.0]),
        "num_items_in_batch": torch.tensor(3),
    }
    kept = trimmed(inputs, inputs["advantages"] != 0)
    assert kept["prompt_ids"].tolist() == [[0, 4], [5, 6]]
    assert kept["completion_ids"].tolist() == [[8, 9], [9, 0]]
    assert kept["tool_mask"].shape == (2, 2)
    assert kept["advantages"].tolist() == [1.0, -1.0]
    assert kept["num_items_in_batch"] == 3
    whole = trimmed(inputs, torch.tensor([True, True, True]))
    assert whole["completion_ids"].equal(inputs["completion_ids"])


def test_only_what_was_sampled_is_scored_and_the_gradient_is_the_same() -> None:
    model = tiny_model()
    ids = torch.randint(0, 300, (2, 7), generator=torch.Generator().manual_seed(0))
    inputs = {
        "prompt_mask": torch.tensor([[1, 1, 1], [0, 1, 1]]),
        "completion_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]),
        "tool_mask": torch.tensor([[1, 0, 0, 1], [1, 0, 1, 1]]),
    }
    positions = sampled(inputs)
    assert positions.int().tolist() == [[0, 0, 0, 1, 0, 0, 1], [0, 0, 0, 1, 0, 1, 0]]
    attended = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1)
    arguments = {"input_ids": ids, "attention_mask": attended, "labels": ids, "fused_lm_head": True}

    def gradient(logprobs: torch.Tensor) -> torch.Tensor:
        model.zero_grad()
        (logprobs * positions[:, 1:]).sum().backward()
        return torch.cat([each.grad.flatten() for each in model.parameters()])

    plain = model(**arguments).log_probs
    with scoring_labels_only():
        scored = scoring(model, positions)(**arguments).log_probs
    assert torch.equal(scored != 0, positions[:, 1:])
    assert torch.allclose(scored, plain * positions[:, 1:], atol=1e-5)
    assert torch.allclose(gradient(scored), gradient(plain), atol=1e-5)
