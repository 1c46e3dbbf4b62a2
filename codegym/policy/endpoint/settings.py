"""The user's settings of an endpoint. They never contain the key, only where to read it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, ValidationError, field_validator

from codegym.errors import ConfigError, unknown, wrong_fields
from codegym.task import Frozen


class EndpointSettings(Frozen):
    """An OpenAI-compatible endpoint, how to ask it and how often.

    ``base_url`` is the URL before ``/chat/completions``. The key is the content of ``api_key_file`` or of the
    environment variable ``api_key_env``; local servers need none. ``timeout_seconds`` limits one request;
    ``attempts`` is the number of tries per request. ``context_tokens`` ends an episode whose last request and
    answer had so many tokens, as the server counts them; without it the server's own context does. Prices are in
    US dollars per million tokens. ``extra_body`` is added to each request unchanged. ``send_seed`` sends a seed:
    the episode's plus the number of the turn, so that turns with equal messages do not draw equal answers.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    base_url: str = Field(pattern=r"^https?://")
    model: str
    name: str = ""
    api_key_file: Path | None = None
    api_key_env: str = ""
    temperature: float | None = Field(1.0, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(4096, ge=1)
    context_tokens: int | None = Field(None, ge=1)
    send_seed: bool = True
    timeout_seconds: float = Field(300.0, gt=0)
    attempts: int = Field(6, ge=1)
    requests_per_minute: float | None = Field(None, gt=0)
    concurrent: int = Field(16, ge=1)
    prompt_price: float | None = Field(None, ge=0)
    completion_price: float | None = Field(None, ge=0)
    extra_body: dict[str, Any] = Field(default_factory=dict)

    @field_validator("extra_body")
    @classmethod
    def _check_json(cls, value: dict[str, Any]) -> dict[str, Any]:
        """Refuse values that TOML has and JSON has not: dates, ``nan`` and ``inf``."""
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"can't be sent as JSON: {error}") from error
        return value

    def api_key(self) -> str:
        """Return the key; empty if none is configured. Raises :class:`ConfigError` if it can't be read."""
        if self.api_key_file is not None:
            try:
                key = self.api_key_file.expanduser().read_text().strip()
            except UnicodeDecodeError:
                key = ""
            except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder for ~
                raise ConfigError(f"api_key_file {str(self.api_key_file)!r}: {error}") from error
            return _check_key(key, f"the file {str(self.api_key_file)!r}")
        if self.api_key_env:
            return _check_key(
                os.environ.get(self.api_key_env, ""), f"the environment variable {self.api_key_env!r}"
            )
        return ""

    def sampling(self, seed: int) -> dict[str, Any]:
        """Return the request's fields for sampling."""
        fields = {"temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens}
        fields |= {"seed": seed} if self.send_seed else {}
        return {name: value for name, value in fields.items() if value is not None}

    def cost_microusd(self, prompt_tokens: int, completion_tokens: int) -> int | None:
        """Return the cost of the tokens in millionths of a US dollar, or ``None`` if a price is not set."""
        if self.prompt_price is None or self.completion_price is None:
            return None
        return round(prompt_tokens * self.prompt_price + completion_tokens * self.completion_price)


def read_settings(settings: Mapping[str, Any]) -> EndpointSettings:
    """Return the checked settings. Raises :class:`ConfigError` naming the wrong setting and the nearest match."""
    for name in settings:
        if name not in EndpointSettings.model_fields:
            raise ConfigError(unknown("setting of policy endpoint", name, EndpointSettings.model_fields))
    try:
        return EndpointSettings(**settings)
    except ValidationError as error:
        raise ConfigError(f"policy endpoint: {wrong_fields(error)}") from error


def _check_key(key: str, where: str) -> str:
    if not key or not key.isascii() or not key.isprintable():
        raise ConfigError(f"{where} contains no API key: write the key there, on one line, and nothing else")
    return key
