"""A training run is one TOML file; this module reads it.

Every key is checked before anything is done, and an unknown one is refused with the nearest match. What a
``[[phase]]`` may contain is declared in :mod:`codegym.train.algorithm.settings`; ``[phase.trl]`` goes to TRL.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from codegym.errors import ConfigError
from codegym.train.algorithm.registry import read_phase
from codegym.train.algorithm.settings import PhaseSettings
from codegym.train.older_form import is_older, rewrite
from codegym.train.section import Section, wrong_values


class TinySection(Section):
    """``[policy.tiny]``: a small model of a stock architecture, made and trained from nothing.

    ``config`` has further keys of the architecture's config, such as ``layer_types``.
    """

    architecture: str = "qwen2"
    vocabulary: int = Field(1024, ge=300)
    hidden_size: int = 128
    num_hidden_layers: int = 4
    num_attention_heads: int = 2
    num_key_value_heads: int = 2
    intermediate_size: int = 384
    config: dict[str, Any] = Field(default_factory=dict)


class LoraSection(Section):
    """``[policy.lora]``: train an adapter by peft and leave the model's own weights as they are.

    ``targets`` are peft's ``target_modules``. The adapter is saved alone; with ``merge``, the whole model with the
    adapter in its weights.
    """

    rank: int = Field(16, ge=1)
    alpha: float = Field(32, gt=0)
    dropout: float = Field(0.0, ge=0, lt=1)
    targets: str | list[str] = "all-linear"
    merge: bool = False


class PolicySection(Section):
    """``[policy]``: ``model`` or ``[policy.tiny]``, how it is trained, and how answers are sampled.

    ``model`` is a folder, a hub's name, a GGUF file in either of them, or the folder of an adapter. ``attention``
    is transformers' ``attn_implementation``. ``keep_turns``: earlier turns stay as they were sampled, whatever the
    chat template makes of them. ``threads`` are torch's for generation, ``training_threads`` for the optimiser.
    """

    model: str = ""
    tiny: TinySection | None = None
    lora: LoraSection | None = None
    dtype: str = "float32"
    device: str = "cpu"
    attention: str = ""
    gradient_checkpointing: bool = False
    temperature: float = Field(1.0, ge=0)
    answer_tokens: int = Field(48, ge=1)
    context_tokens: int = Field(1024, ge=16)
    batch: int = Field(64, ge=1)
    threads: int = Field(0, ge=0)
    training_threads: int = Field(0, ge=0)
    keep_turns: bool = True

    @model_validator(mode="after")
    def _one_model(self) -> Self:
        if bool(self.model) == bool(self.tiny):
            raise ValueError("needs either model or [policy.tiny]")
        if self.tiny and self.lora:
            raise ValueError("[policy.lora] adapts a trained model: leave it out, or set model for [policy.tiny]")
        return self


class EnvSection(Section):
    """``[env]``: where episodes take place: in ``tasks`` tasks spread evenly over ``split`` (0: all).

    ``limits`` replaces single limits of the tasks, as in CodeEnv.
    """

    suite: str
    split: str = "train"
    tasks: int = Field(0, ge=0)
    dialect: str = "line"
    sandbox: str = "bwrap"
    max_turns: int = Field(24, ge=1)
    limits: dict[str, float] = Field(default_factory=dict)
    cache: bool = True


class RolloutSection(Section):
    """``[rollout]``: how many episodes run at once, and how often one is retried if the machine fails."""

    workers: int = Field(16, ge=1)
    retries: int = Field(2, ge=0)


class EvalSection(Section):
    """``[eval]``: an evaluation makes ``samples`` attempts at each of ``tasks`` tasks of ``split`` (0: all).

    During GRPO, ``val_samples`` attempts at each of ``val_tasks`` tasks of ``val_split`` are made after every
    ``every`` steps (0: never).

    The last evaluation is compared with the board entries ``against``: files, or folders with one entry.
    """

    split: str = "test"
    tasks: int = Field(0, ge=0)
    samples: int = Field(8, ge=1)
    against: list[Path] = Field(default_factory=list)
    val_split: str = "val"
    val_tasks: int = Field(16, ge=1)
    val_samples: int = Field(2, ge=1)
    every: int = Field(0, ge=0)


class RunConfig(Section):
    """A whole file. ``name`` names the run's policies and its board; ``seed`` decides every random choice."""

    name: str = Field(pattern=r"^[a-z][a-z0-9._-]*$")
    seed: int = 0
    policy: PolicySection
    env: EnvSection
    rollout: RolloutSection = RolloutSection()
    reward: dict[str, float] = Field(default_factory=lambda: {"resolved": 1.0})
    eval: EvalSection = EvalSection()
    phase: tuple[PhaseSettings, ...]

    @model_validator(mode="after")
    def _phases_in_order(self) -> Self:
        if not self.phase:
            raise ValueError("needs at least one [[phase]], such as\n\n" + EXAMPLE)
        repeated = [name for name, count in Counter(phase.name for phase in self.phase).items() if count > 1]
        if repeated:
            raise ValueError(f"several [[phase]] are named {repeated[0]!r}: give each a name of its own")
        if self.policy.tiny and not self.phase[0].makes_policy:
            raise ValueError(
                '[policy.tiny] needs a first [[phase]] with algorithm = "pretrain" or "sft": '
                "an untrained model answers noise"
            )
        return self


EXAMPLE = """\
[[phase]]
algorithm = "grpo"
[phase.trl]
max_steps = 100
"""
"""The phase that a file without any is shown."""


def load_config(path: Path) -> RunConfig:
    """Read a run's TOML file. Raises :class:`ConfigError` naming the key and the nearest known one."""
    try:
        values = tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise ConfigError(f"{path}: {error}") from error
    if is_older(values):
        raise ConfigError(
            f"{path}: [warmup], [train] and [trl] have become [[phase]]. This is the same run in the new form:\n\n"
            + rewrite(values)
        )
    try:
        return RunConfig.model_validate(values | {"phase": _read_phases(values.get("phase", []))})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        messages = wrong_values(error, RunConfig, lambda name: f"[{name}]" if name else "the top level")
        raise ConfigError(f"{path}: {'; '.join(messages)}") from error


def _read_phases(tables: Any) -> tuple[PhaseSettings, ...]:
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise ConfigError("phase: a list of tables is needed: write [[phase]], with two brackets, above each")
    return tuple(read_phase(number, table) for number, table in enumerate(tables, 1))
