"""Registers suites as Gymnasium environments: one id per suite, without loading any task."""

from __future__ import annotations

from gymnasium.envs.registration import register, registry

from codegym.errors import TaskError
from codegym.suite import load_manifest, suite_names


def register_envs() -> None:
    """Register ``codegym/<suite>-v<version>`` for every suite on this machine. Repeated calls are harmless."""
    for name in suite_names():
        env_id = _env_id(name)
        if env_id not in registry:
            register(env_id, entry_point="codegym.env:make_env", kwargs={"suite": name})


def _env_id(name: str) -> str:
    """Return a suite's id. An invalid ``suite.toml`` gives version 1; making the env then raises the error."""
    try:
        manifest = load_manifest(name)
    except TaskError:
        return f"codegym/{name}-v1"
    return f"codegym/{manifest.name}-v{manifest.version}"
