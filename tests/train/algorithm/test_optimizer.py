"""Muon and AdamW as one optimiser: who moves what, schedules, and going on from a checkpoint."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.train


@pytest.fixture
def args(tmp_path: Path) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(tmp_path), learning_rate=0.01, weight_decay=0.0, use_cpu=True, report_to="none"
    )


@pytest.fixture
def model() -> Any:
    from transformers import AutoModelForCausalLM, Qwen2Config

    shape = {"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
    config = Qwen2Config(
        vocab_size=11, hidden_size=8, intermediate_size=12, tie_word_embeddings=True, pad_token_id=0, **shape
    )
    return AutoModelForCausalLM.from_config(config)


def step(model: Any, optimizer: Any, seed: int) -> None:
    import torch

    ids = torch.randint(1, 11, (2, 6), generator=torch.Generator().manual_seed(seed))
    optimizer.zero_grad()
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()


def test_muon_has_the_matrices_and_adamw_the_rest(model: Any, args: Any) -> None:
    from codegym.train.algorithm.optimizer import muon

    names = {id(each): name for name, each in model.named_parameters()}
    matrices, rest = ({names[id(each)] for each in group["params"]} for group in muon(model, args).param_groups)
    assert "model.embed_tokens.weight" in rest
    assert all("proj" in name for name in matrices)
    assert all("proj" not in name or "bias" in name for name in rest)
    assert matrices | rest == set(names.values())


def test_a_schedule_sets_the_rate_of_every_parameter(model: Any, args: Any) -> None:
    import torch

    from codegym.train.algorithm.optimizer import muon

    optimizer = muon(model, args)
    optimizer.load_state_dict(deepcopy(optimizer.state_dict()))
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 0.0)
    before = [each.detach().clone() for each in model.parameters()]
    step(model, optimizer, 0)
    assert all(map(torch.equal, before, model.parameters()))


def test_a_step_after_a_checkpoint_is_the_step_without_one(model: Any, args: Any) -> None:
    import torch

    from codegym.train.algorithm.optimizer import muon

    optimizer = muon(model, args)
    step(model, optimizer, 0)
    copy = deepcopy(model)
    resumed = muon(copy, args)
    resumed.load_state_dict(deepcopy(optimizer.state_dict()))
    for each, one in ((model, optimizer), (copy, resumed)):
        step(each, one, 1)
    assert all(map(torch.equal, model.parameters(), copy.parameters()))
