"""The options of an env, checked when it is made: a wrong one is refused before a box is opened."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from codegym.catalog import cache_dir
from codegym.errors import ConfigError, unknown, wrong_fields
from codegym.harness.cache import ResultCache
from codegym.reward import RewardSpec
from codegym.task import Limits

RENDER_MODES = ("ansi", "human")


def checked_render_mode(mode: str | None) -> str | None:
    """Return ``mode``. Raises :class:`ConfigError` if an env can't render like that."""
    if mode is not None and mode not in RENDER_MODES:
        raise ConfigError(unknown("render mode", mode, RENDER_MODES))
    return mode


def reward_spec(reward: RewardSpec | Mapping[str, float] | None) -> RewardSpec:
    """Return a reward given as weights, or the default. Raises :class:`ConfigError` for an unknown component."""
    if isinstance(reward, RewardSpec):
        return reward
    try:
        return RewardSpec() if reward is None else RewardSpec(weights=dict(reward))
    except ValidationError as error:
        raise ConfigError(f"reward: {wrong_fields(error)}") from error


def result_cache(cache: ResultCache | bool | None) -> ResultCache | None:
    """Return the cache that an env uses: for ``True`` the one in the cache folder, for ``False`` none."""
    if isinstance(cache, ResultCache):
        return cache
    return _shared_cache(cache_dir() / "results") if cache else None


@lru_cache
def _shared_cache(folder: Path) -> ResultCache:
    """Return one cache for all envs of a process, so that envs that test the same tree wait for each other."""
    return ResultCache(folder)


def limit_changes(limits: Mapping[str, float] | None, max_turns: int | None) -> dict[str, float]:
    """Return the limits that replace a task's. Raises :class:`ConfigError` for a wrong name or value."""
    changes = dict(limits or {}) | ({} if max_turns is None else {"turns": max_turns})
    for name in changes:
        if name not in Limits.model_fields:
            raise ConfigError(unknown("limit", name, Limits.model_fields))
    changed_limits(Limits(), changes)
    return changes


def changed_limits(limits: Limits, changes: Mapping[str, float]) -> Limits:
    """Return ``limits`` with ``changes`` made to them. Raises :class:`ConfigError` for a wrong value."""
    try:
        return Limits.model_validate(limits.model_dump() | dict(changes))
    except ValidationError as error:
        raise ConfigError(f"limit {wrong_fields(error)}") from error
