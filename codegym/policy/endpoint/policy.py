"""A policy for any model behind an OpenAI-compatible ``/v1/chat/completions``: of a vendor, vLLM or a router.

In the ``native`` dialect tools are called through the API's ``tools`` field, in other dialects as plain text. The
key is read once, sent in a header, and never written anywhere.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from codegym.policy.endpoint.answer import Usage
from codegym.policy.endpoint.client import ChatClient, ContextFullError
from codegym.policy.endpoint.settings import EndpointSettings, read_settings
from codegym.policy.protocol import Opening, Reply

__all__ = ["EndpointPolicy", "EndpointSettings", "read_settings"]

JsonObject = dict[str, Any]


class EndpointPolicy:
    """Asks ``settings.model`` at ``settings.base_url``, from any number of threads."""

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self.name = settings.name or settings.model
        self.client = ChatClient(settings)

    def begin(self, opening: Opening) -> EndpointConversation:
        """Start one episode."""
        return EndpointConversation(self, opening)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


@dataclass
class EndpointConversation:
    """One episode's messages, as sent and received."""

    policy: EndpointPolicy
    opening: Opening
    messages: list[JsonObject] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        system = [{"role": "system", "content": self.opening.system}] if self.opening.system else []
        self.messages = [*system, {"role": "user", "content": self.opening.observation}]
        self._random = np.random.default_rng(self.opening.seed)
        self._length = 0
        self._counts = {"prompt_tokens": 0, "completion_tokens": 0, "requests": 0}

    def reply(self, observation: str | None) -> Reply:
        """Return the endpoint's answer; ``finished`` is false if its context is full.

        Raises :class:`~codegym.errors.PolicyError` if every try fails, and
        :class:`~codegym.errors.ConfigError` for a wrong key, model or path.
        """
        if observation is not None:
            self.messages.append(self._observation_message(observation))
        if self._length >= (self.policy.settings.context_tokens or math.inf):
            return Reply("", finished=False)
        body = self._body()
        try:
            answer = self.policy.client.complete(body, self._random, self.closed)
        except ContextFullError:
            return Reply("", finished=False)
        self._count(answer.usage)
        self.messages.append(answer.turn(self._counts["requests"]))
        return Reply(answer.text(), finished=not answer.is_context_full(_max_tokens(body)))

    def tokens(self) -> None:
        """Return ``None``: this kind of endpoint returns text, not tokens."""
        return

    def usage(self) -> dict[str, int]:
        """Return the endpoint's counts summed over requests, and ``cost_microusd`` if prices are set."""
        counts = self._counts
        cost = self.policy.settings.cost_microusd(counts["prompt_tokens"], counts["completion_tokens"])
        return counts | ({} if cost is None else {"cost_microusd": cost})

    def close(self) -> None:
        """Stop waiting for a retry."""
        self.closed.set()

    def _observation_message(self, observation: str) -> JsonObject:
        calls = self.messages[-1].get("tool_calls")
        if calls:
            return {"role": "tool", "tool_call_id": calls[0]["id"], "content": observation}
        return {"role": "user", "content": observation}

    def _body(self) -> JsonObject:
        settings = self.policy.settings
        seed = (self.opening.seed + self._counts["requests"]) % 2**31
        body = {"model": settings.model, "messages": self.messages, **settings.sampling(seed)}
        if self.opening.dialect == "native" and self.opening.tools:
            body["tools"] = self.opening.tools
        return body | settings.extra_body

    def _count(self, usage: Usage) -> None:
        self._length = usage.prompt_tokens + usage.completion_tokens
        self._counts["requests"] += 1
        self._counts["prompt_tokens"] += usage.prompt_tokens
        self._counts["completion_tokens"] += usage.completion_tokens


def _max_tokens(body: JsonObject) -> int | None:
    """Return the request's limit of tokens in the answer."""
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    return limit if isinstance(limit, int) else None
