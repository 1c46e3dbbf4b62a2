"""A training run is one TOML file; this module is its one typed place.

``[trl]`` and ``[warmup.trl]`` are handed to TRL's ``GRPOConfig`` and ``SFTConfig`` unchanged; every other key
is checked here, and an unknown one is refused with the nearest match.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from codegym.errors import ConfigError, unknown

T = TypeVar("T")


class Section(BaseModel):
    """A table of the file: frozen, and no key that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TinySection(Section):
    """``[policy.tiny]``: a small model of a stock architecture, made and trained from nothing."""

    architecture: str = "qwen2"
    vocabulary: int = Field(1024, ge=300)
    hidden_size: int = 128
    num_hidden_layers: int = 4
    num_attention_heads: int = 2
    num_key_value_heads: int = 2
    intermediate_size: int = 384


class PolicySection(Section):
    """``[policy]``: a model by folder or hub name in ``model``, or else ``[policy.tiny]``; and how it answers."""

    model: str = ""
    tiny: TinySection | None = None
    dtype: str = "float32"
    device: str = "cpu"
    temperature: float = Field(1.0, ge=0)
    answer_tokens: int = Field(48, ge=1)
    context_tokens: int = Field(1024, ge=16)
    batch: int = Field(64, ge=1)
    threads: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _one_model(self) -> Self:
        if bool(self.model) == bool(self.tiny):
            raise ValueError("needs either model or [policy.tiny]")
        return self


class EnvSection(Section):
    """``[env]``: where episodes take place. ``limits`` replaces single limits of the tasks, as in CodeEnv."""

    suite: str
    split: str = "train"
    dialect: str = "line"
    sandbox: str = "bwrap"
    max_turns: int = Field(24, ge=1)
    limits: dict[str, float] = Field(default_factory=dict)
    cache: bool = True


class RolloutSection(Section):
    """``[rollout]``: how many episodes at once, and how often one is tried again after trouble with a box."""

    workers: int = Field(16, ge=1)
    retries: int = Field(2, ge=0)


class WarmupSection(Section):
    """``[warmup]``: supervised training before GRPO.

    ``tasks`` of the train split are played ``samples`` times each by the scripted expert, to be imitated. Training
    lasts ``budget_seconds``; for the first ``reading_share`` of it the policy learns to predict all that
    it sees, for the rest only what it should say.
    """

    tasks: int = Field(40, ge=1)
    samples: int = Field(3, ge=1)
    budget_seconds: float = Field(60.0, gt=0)
    reading_share: float = Field(0.2, ge=0, lt=1)
    trl: dict[str, Any] = Field(default_factory=dict)


class TrainSection(Section):
    """``[train]``: GRPO. ``budget_seconds`` ends training early, after the step in progress; 0 means no bound.

    ``curriculum`` keeps to the tasks that the scripted expert solved, where a beginner is sometimes rewarded.
    """

    seed: int = 0
    budget_seconds: float = Field(0.0, ge=0)
    curriculum: bool = False


class EvalSection(Section):
    """``[eval]``: ``samples`` attempts at each of ``tasks`` tasks of ``split`` (0: all), before and after GRPO.

    During GRPO, after every ``every`` steps (0: never), ``val_samples`` at each of ``val_tasks`` of ``val_split``.
    """

    split: str = "test"
    tasks: int = Field(0, ge=0)
    samples: int = Field(8, ge=1)
    val_split: str = "val"
    val_tasks: int = Field(16, ge=1)
    val_samples: int = Field(2, ge=1)
    every: int = Field(0, ge=0)


class RunConfig(Section):
    """A whole file. ``name`` names the run's policies and its board."""

    name: str = Field(pattern=r"^[a-z][a-z0-9._-]*$")
    policy: PolicySection
    env: EnvSection
    rollout: RolloutSection = RolloutSection()
    reward: dict[str, float] = Field(default_factory=lambda: {"resolved": 1.0})
    warmup: WarmupSection | None = None
    train: TrainSection = TrainSection()
    eval: EvalSection = EvalSection()
    trl: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _taught(self) -> Self:
        if self.policy.tiny and self.warmup is None:
            raise ValueError("[policy.tiny] needs a [warmup]: an untrained model only says noise")
        if self.warmup and self.env.dialect != "line":
            raise ValueError('the expert of [warmup] speaks the line dialect: set dialect = "line" in [env]')
        return self


def load_config(path: Path) -> RunConfig:
    """Read a run's TOML file. Raises :class:`ConfigError` naming the key and the nearest known one."""
    try:
        values = tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise ConfigError(f"{path}: {error}") from error
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{path}: " + "; ".join(_problem(dict(e)) for e in error.errors())) from error


def trl_config(kind: type[T], defaults: Mapping[str, Any], given: Mapping[str, Any], table: str) -> T:
    """Return TRL's config of ``kind``. Raises :class:`ConfigError` for a key or a value that it does not take."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    for key in given:
        if key not in known:
            raise ConfigError(unknown(f"key in {table}", key, known))
    try:
        return kind(**dict(defaults) | dict(given))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{table}: {error}") from error


def _problem(error: dict[str, Any]) -> str:
    if error["type"] == "value_error":
        return ": ".join([*map(str, error["loc"]), str(error["ctx"]["error"])])
    *table, key = (str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        section: Any = RunConfig
        for name in table:
            section = _section_of(section, name)
        return unknown(f"key in [{'.'.join(table) or 'the top level'}]", key, section.model_fields)
    return f"{'.'.join([*table, key])}: {error['msg']}"


def _section_of(section: type[BaseModel], name: str) -> type[BaseModel]:
    annotation = section.model_fields[name].annotation
    for option in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return section
