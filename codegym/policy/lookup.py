"""Makes a policy from what a user wrote: ``gold``, ``replay:run/``, ``local:checkpoint/``, or a TOML table."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from codegym.episode_file import read_episodes
from codegym.errors import ConfigError, unknown
from codegym.policy.answers import AnswerOptions
from codegym.policy.endpoint.policy import EndpointPolicy, read_settings
from codegym.policy.protocol import Policy
from codegym.policy.script.baseline import guess, rules
from codegym.policy.script.chance import chance
from codegym.policy.script.gold import gold
from codegym.policy.script.repair import repair
from codegym.policy.script.script import noop, replay

Settings = Mapping[str, Any]


def make_policy(spec: str | Settings, answers: AnswerOptions | None = None) -> Policy:
    """Make a policy from a short specification or from a table of settings.

    ``gold``, ``repair``, ``noop``, ``random``, ``guess``, ``rules``; ``replay:PATH``, a file or folder of
    episodes; ``local:PATH``, a model's folder or its name on the hub; ``endpoint:PATH``, a TOML with the settings
    of an OpenAI-compatible endpoint. A table has ``kind`` and the kind's settings: ``{kind = "local", path = …,
    sampling = {…}}``, ``{kind = "endpoint", base_url = …, model = …}``. ``answers`` come before the settings.
    Raises :class:`ConfigError` with the nearest match, and :class:`~codegym.errors.PolicyError` for a model that
    can't be loaded.
    """
    table = _table(spec) if isinstance(spec, str) else spec
    settings = (answers or AnswerOptions()).applied(table)
    kind = str(settings.pop("kind", ""))
    if kind not in KINDS:
        raise ConfigError(unknown("policy", kind, KINDS))
    return KINDS[kind](settings)


def _table(spec: str) -> dict[str, Any]:
    kind, colon, path = spec.partition(":")
    if kind == "endpoint" and path:
        return {"kind": kind, **_read_toml(Path(path))}
    return {"kind": kind, "path": path} if colon else {"kind": kind}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"endpoint settings {str(path)!r}: {error}") from error


def _check(kind: str, settings: Settings, allowed: tuple[str, ...], required: tuple[str, ...] = ()) -> None:
    for name in settings:
        if name not in allowed:
            raise ConfigError(unknown(f"setting of policy {kind}", name, allowed))
    for name in required:
        if not settings.get(name):
            raise ConfigError(f"policy {kind} needs {name!r}: write {kind}:{name.upper()} or set it in the table")


def _gold(settings: Settings) -> Policy:
    _check("gold", settings, ())
    return gold()


def _noop(settings: Settings) -> Policy:
    _check("noop", settings, ())
    return noop()


def _random(settings: Settings) -> Policy:
    _check("random", settings, ("turns",))
    return chance(**settings)


def _guess(settings: Settings) -> Policy:
    _check("guess", settings, ())
    return guess()


def _rules(settings: Settings) -> Policy:
    _check("rules", settings, ())
    return rules()


def _repair(settings: Settings) -> Policy:
    _check("repair", settings, ())
    return repair()


def _replay(settings: Settings) -> Policy:
    _check("replay", settings, ("path", "name"), ("path",))
    return replay(read_episodes(Path(settings["path"])), settings.get("name", "replay"))


def _endpoint(settings: Settings) -> Policy:
    return EndpointPolicy(read_settings(settings))


def _local(settings: Settings) -> Policy:
    _check("local", settings, ("path", "name", "sampling", "device", "dtype"), ("path",))
    try:
        from codegym.policy.local.policy import LocalPolicy  # noqa: PLC0415 - torch is heavy and optional
        from codegym.policy.local.sampling import Sampling  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"local policies need the train extra: pip install 'codegym[train]' ({error})"
        ) from error
    sampling = settings.get("sampling", {})
    _check("local.sampling", sampling, tuple(Sampling.__dataclass_fields__))
    return LocalPolicy.load(
        settings["path"],
        name=settings.get("name", ""),
        sampling=Sampling(**sampling),
        device=settings.get("device", "cpu"),
        dtype=settings.get("dtype", "auto"),
    )


KINDS: dict[str, Callable[[Settings], Policy]] = {
    "gold": _gold,
    "noop": _noop,
    "random": _random,
    "repair": _repair,
    "guess": _guess,
    "rules": _rules,
    "replay": _replay,
    "endpoint": _endpoint,
    "local": _local,
}
"""Maps each ``kind`` of policy to its maker."""
