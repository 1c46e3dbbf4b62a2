"""Generation family by family: a batch over many turns has the log-probabilities of a plain forward pass."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from codegym.errors import PolicyError

pytestmark = pytest.mark.train

DOCS = Path(__file__).parents[3] / "docs" / "training.md"

SHAPE: dict[str, Any] = {
    "vocab_size": 97,
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 512,
    "head_dim": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.3,  # far from uniform: with the usual 0.02 a wrong mask would hardly show
    "sliding_window": 16,
    "attention_chunk_size": 16,
    "num_experts": 4,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "shared_expert_intermediate_size": 32,
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
}
MLA = {"num_key_value_heads": 4, "q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8}
MLA |= {"qk_nope_head_dim": 8, "v_head_dim": 8}
MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_expand": 2, "mamba_d_state": 8, "mamba_n_groups": 1}

CACHED: dict[str, dict[str, Any]] = {
    "llama": {},
    "mistral": {},
    "mixtral": {},
    "ministral": {},
    "qwen2": {},
    "qwen2_moe": {},
    "qwen3": {},
    "qwen3_moe": {},
    "phi": {},
    "phi3": {},
    "gemma": {},
    "gemma2": {},
    "gemma3_text": {},
    "gpt_oss": {},
    "granite": {},
    "granitemoe": {},
    "cohere": {},
    "cohere2": {},
    "olmo2": {},
    "olmo3": {},
    "olmoe": {},
    "smollm3": {},
    "starcoder2": {},
    "gpt2": {},
    "gpt_neox": {},
    "bloom": {},
    "opt": {},
    "stablelm": {},
    "glm4": {},
    "glm4_moe": {},
    "deepseek_v2": MLA,
    "deepseek_v3": MLA,
    "exaone4": {},
    "ernie4_5": {},
    "nemotron": {},
    "seed_oss": {},
    "llama4_text": {},
    "apertus": {},
}
"""Families whose keys and values are kept from one answer to the next, and what their configuration needs."""

READ_AGAIN: dict[str, dict[str, Any]] = {
    "lfm2": {"layer_types": ["conv", "full_attention"] * 2},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "mamba_d_state": 8},
    "granitemoehybrid": MAMBA | {"layer_types": ["linear_attention", "full_attention"] * 2},
    "qwen3_5_text": {"linear_num_value_heads": 4, "linear_num_key_heads": 2},
}
"""Families with other states, which read the whole conversation for each answer."""

REFUSED = ("mamba", "rwkv", "minimax", "recurrent_gemma")
"""Families with a cache of their own, or none that pads."""

TOLERANCE = 1e-4


def random_model(family: str, more: dict[str, Any]) -> Any:
    """A small model of a family, with random weights."""
    pytest.importorskip("trl", reason="needs the train extra")
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **SHAPE | more)).eval()


@pytest.mark.parametrize(("family", "more"), (CACHED | READ_AGAIN).items())
def test_a_family_is_sampled_from_its_own_distribution(family: str, more: dict[str, Any]) -> None:
    model = random_model(family, more)
    from codegym.policy.local.cache import keeps_slots
    from codegym.policy.local.verify import generation_errors

    errors = generation_errors(model, lengths=(5, 40, 23, 23), turns=4)
    assert errors.max() < TOLERANCE
    assert keeps_slots(model) == (family in CACHED)


@pytest.mark.parametrize("family", REFUSED)
def test_a_family_that_would_be_wrong_is_refused(family: str) -> None:
    model = random_model(family, {})
    from codegym.policy.local.verify import check_generation

    with pytest.raises(PolicyError, match=rf"kind '{family}'.* endpoint policy"):
        check_generation(model)


def test_adapters_are_sampled_too() -> None:
    model = random_model("qwen2", {})
    import torch
    from peft import LoraConfig, get_peft_model

    from codegym.policy.local.verify import check_generation, plain_logprobs

    before = plain_logprobs(model, [5, 6, 7], [8])
    adapted = get_peft_model(model, LoraConfig(target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, weights in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.1)
    assert plain_logprobs(adapted.eval(), [5, 6, 7], [8]) != before
    check_generation(adapted)


def test_the_table_in_the_docs_is_this_one() -> None:
    rows = dict(re.findall(r"^\| (kept|read again|refused) \| (.*?) \|$", DOCS.read_text(), re.MULTILINE))
    listed = {name: tuple(re.findall(r"`(\w+)`", families)) for name, families in rows.items()}
    assert listed == {"kept": tuple(CACHED), "read again": tuple(READ_AGAIN), "refused": REFUSED}
