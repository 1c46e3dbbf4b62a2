"""Sends requests to an endpoint, with client-side limits, retries, and error messages that name the remedy.

A request is retried after a lost connection, a timeout, a busy or failing server, or an answer that is not JSON.
The wait doubles each time, with jitter, so that threads do not retry at the same moment; if the server says how
long to wait, all threads wait that long.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import numpy as np

from codegym.deadline import note
from codegym.errors import ConfigError, PolicyError
from codegym.policy.endpoint.answer import Answer, error_in, read_body
from codegym.policy.endpoint.context_full import is_context_full
from codegym.policy.endpoint.settings import EndpointSettings

LONGEST_WAIT = 60.0
"""The most seconds between two tries, unless the server asks for more."""

LONGEST_QUIET = 24 * 3600.0
"""The most seconds without requests, even if the server asks for more."""

_WRONG_SETTINGS = {
    401: "the key is missing or wrong: check api_key_file and api_key_env",
    403: "the key may not use this model",
    404: "there is no such model or path: check model and base_url",
}
_TRY_AGAIN = {408, 409, 425, 429}
_CONTEXT = re.compile(
    r"(?:maximum context length (?:is|of)|max_model_len=|max_new_tokens`? must be <=|max_seq_len \(|\d+ \+ \d+ >)"
    r" ?(\d+)"
)
"""Matches the context's size in an error about messages and answer that are too long together."""


class ContextFullError(Exception):
    """The endpoint reports that the messages are longer than its context."""


class _TryAgainError(Exception):
    """A failure that may be temporary. ``after``: how many seconds the server asked to wait, if it did."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


@dataclass
class Pace:
    """Client-side limits: requests at once, requests per minute, and a pause if the server asks for one."""

    per_minute: float | None
    concurrent: int
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._slots = threading.BoundedSemaphore(self.concurrent)

    @contextmanager
    def turn(self, closed: threading.Event) -> Iterator[None]:
        """Wait until a request may be sent, and occupy one of the slots inside the block."""
        with self._lock:
            start = max(self._next, time.monotonic())
            self._next = start + (60.0 / self.per_minute if self.per_minute else 0.0)
        _sleep(start - time.monotonic(), closed)
        with self._slots:
            yield

    def pause(self, seconds: float) -> None:
        """Let no request begin for ``seconds``."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


class ChatClient:
    """Requests chat completions, for any number of threads."""

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self.pace = Pace(settings.requests_per_minute, settings.concurrent)
        self._key = settings.api_key()
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        limits = httpx.Limits(max_connections=settings.concurrent)
        self._http = httpx.Client(headers=headers, timeout=settings.timeout_seconds, limits=limits)

    def complete(self, body: dict[str, Any], random: np.random.Generator, closed: threading.Event) -> Answer:
        """Send ``body`` until there is an answer, and return it.

        Raises :class:`ContextFullError`, :class:`ConfigError` if the settings are wrong, and :class:`PolicyError`
        if the last try failed or ``closed`` was set during a wait.
        """
        for attempt in range(self.settings.attempts):
            try:
                with self.pace.turn(closed):
                    return self._post(body)
            except _TryAgainError as error:
                failure = error
            if attempt + 1 < self.settings.attempts:
                self._wait(attempt, failure.after, random, closed)
        tries = f"{self.settings.attempts} {'try' if self.settings.attempts == 1 else 'tries'}"
        raise PolicyError(f"{self._endpoint()} gave no answer in {tries}; the last error: {failure}")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _post(self, body: dict[str, Any]) -> Answer:
        start, fired = time.monotonic(), False
        try:
            response = self._http.post(self.settings.base_url.rstrip("/") + "/chat/completions", json=body)
        except httpx.InvalidURL as error:
            raise ConfigError(f"{self._endpoint()}: {error}: check base_url") from error
        except httpx.RequestError as error:
            fired = isinstance(error, httpx.TimeoutException)
            raise _TryAgainError(f"{type(error).__name__}: {error}") from error
        finally:
            note("model request", self.settings.timeout_seconds, time.monotonic() - start, fired=fired)
        if not response.is_success:
            raise self._refusal(response)
        try:
            value = read_body(response.content)
            if embedded := error_in(value):
                raise self._refusal(response, embedded)
            return Answer.model_validate(value)
        except ValueError as error:
            raise _TryAgainError(f"not a chat completion: {self._excerpt(response)}") from error

    def _refusal(self, response: httpx.Response, error: Any = None) -> Exception:
        """Return the exception for an error response, or for the ``error`` in a response with a success status."""
        status = response.status_code if error is None else _code(error)
        message = f"HTTP {response.status_code}: {self._excerpt(response)}"
        if context := self._small_context(response.text):
            limits = f"max_tokens is {self.settings.max_tokens} and the whole context {context} tokens"
            return ConfigError(f"{self._endpoint()}: {limits}: set a lower one ({message})")
        if is_context_full(status, response.text):
            return ContextFullError(message)
        if status in _TRY_AGAIN or status >= 500:
            return _TryAgainError(message, _retry_after(response.headers.get("retry-after", "")))
        if status in _WRONG_SETTINGS:
            return ConfigError(f"{self._endpoint()}: {_WRONG_SETTINGS[status]} ({message})")
        return PolicyError(f"{self._endpoint()} refused the request: {message}")

    def _small_context(self, message: str) -> str:
        """Return the context's size if an error says that it is smaller than ``max_tokens``; otherwise empty."""
        context, longest = _CONTEXT.search(message), self.settings.max_tokens or 0
        small = context is not None and int(context[1]) < longest and re.search(rf"\b{longest}\b", message)
        return context[1] if context and small else ""

    def _wait(
        self, attempt: int, after: float | None, random: np.random.Generator, closed: threading.Event
    ) -> None:
        if after is not None:
            self.pace.pause(after)
        _sleep((after or 0.0) + min(LONGEST_WAIT, 0.5 * 2**attempt) * random.uniform(0.5, 1.0), closed)

    def _endpoint(self) -> str:
        return f"{self.settings.model!r} at {self.settings.base_url}"

    def _excerpt(self, response: httpx.Response) -> str:
        text = response.text.replace(self._key, "[key]") if self._key else response.text
        return " ".join(text.split())[:300] or "an empty body"


def _sleep(seconds: float, closed: threading.Event) -> None:
    if closed.wait(max(0.0, seconds)):
        raise PolicyError("the conversation was closed while it waited for the endpoint")


def _retry_after(header: str) -> float | None:
    """Return the seconds to wait from a Retry-After header (seconds or a date), or ``None`` if it is neither."""
    try:
        return _bounded(float(header))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    return _bounded((date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _bounded(seconds: float) -> float:
    return min(LONGEST_QUIET, max(0.0, seconds))


def _code(error: Any) -> int:
    """Return the status code in the error of a successful response; 500 if it has none."""
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 500
