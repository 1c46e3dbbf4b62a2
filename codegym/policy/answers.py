"""How a model's answers are drawn and limited, as ``run`` and ``eval`` take it by option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from codegym.errors import ConfigError

NAMES: Mapping[str, Mapping[str, str]] = {
    "local": {
        "temperature": "temperature",
        "top_p": "top_p",
        "answer_tokens": "answer",
        "context_tokens": "context",
    },
    "endpoint": {
        "temperature": "temperature",
        "top_p": "top_p",
        "answer_tokens": "max_tokens",
        "context_tokens": "context_tokens",
    },
}
"""What the settings of each kind of policy call the fields of :class:`AnswerOptions`."""


@dataclass(frozen=True)
class AnswerOptions:
    """``None`` leaves what the policy's own settings say, or else what fits the model.

    ``context_tokens`` limits the tokens of an episode, ``answer_tokens`` those of one answer.
    """

    temperature: float | None = None
    top_p: float | None = None
    answer_tokens: int | None = None
    context_tokens: int | None = None

    def values(self) -> dict[str, float]:
        """Return what is not left out, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def applied(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return a policy's settings with these over them. Raises :class:`ConfigError` for one without a model."""
        kind, values = str(settings.get("kind", "")), self.values()
        if not values:
            return dict(settings)
        if kind not in NAMES:
            options = ", ".join("--" + name.replace("_", "-") for name in values)
            raise ConfigError(f"policy {kind} has no model, and takes no {options}")
        changes = {NAMES[kind][name]: value for name, value in values.items()}
        if kind == "local":
            return {**settings, "sampling": {**settings.get("sampling", {}), **changes}}
        return {**settings, **changes}
