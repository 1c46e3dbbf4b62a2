"""Suites become Gymnasium environments: one id a suite, registered without loading a single task."""

from __future__ import annotations

from gymnasium.envs.registration import register, registry

from codegym.errors import TaskError
from codegym.suite import load_manifest, suite_names


def register_envs() -> None:
    """Register ``codegym/<suite>-v<version>`` for every suite that can be found. Doing it again is fine."""
    for name in suite_names():
        env_id = _env_id(name)
        if env_id not in registry:
            register(env_id, entry_point="codegym.env:make_env", kwargs={"suite": name})


def _env_id(name: str) -> str:
    """Return a suite's id; where ``suite.toml`` is wrong it gets version 1, and making it says what is wrong."""
    try:
        manifest = load_manifest(name)
    except TaskError:
        return f"codegym/{name}-v1"
    return f"codegym/{manifest.name}-v{manifest.version}"
