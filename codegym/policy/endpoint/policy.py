"""Any model behind an OpenAI-compatible ``/v1/chat/completions``: a vendor's, a vLLM server's, a router's.

In the ``native`` dialect tools are called through the API's own ``tools`` field, in others as plain text. The key
is read once, sent in a header, and never written anywhere.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from codegym.policy.endpoint.answer import Usage
from codegym.policy.endpoint.client import ChatClient, ContextFullError
from codegym.policy.endpoint.settings import EndpointSettings, read_settings
from codegym.policy.protocol import Opening, Reply

__all__ = ["EndpointPolicy", "EndpointSettings", "read_settings"]

Message = dict[str, Any]


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
    """One episode's messages, as they were sent and received."""

    policy: EndpointPolicy
    opening: Opening
    messages: list[Message] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        system = [{"role": "system", "content": self.opening.system}] if self.opening.system else []
        self.messages = [*system, {"role": "user", "content": self.opening.observation}]
        self._random = np.random.default_rng(self.opening.seed)
        self._counted = {"prompt_tokens": 0, "completion_tokens": 0, "requests": 0}

    def reply(self, observation: str | None) -> Reply:
        """Answer; ``finished`` is false where the endpoint says that its context is full.

        Raises :class:`~codegym.errors.PolicyError` when no try brings an answer, and
        :class:`~codegym.errors.ConfigError` where none could (no such key, model or path).
        """
        if observation is not None:
            self.messages.append(self._observed(observation))
        body = self._body()
        try:
            answer = self.policy.client.complete(body, self._random, self.closed)
        except ContextFullError:
            return Reply("", finished=False)
        self._count(answer.usage)
        self.messages.append(answer.turn(self._counted["requests"]))
        return Reply(answer.text(), finished=not answer.found_no_room(_longest(body)))

    def tokens(self) -> None:
        """Return ``None``: an endpoint of this kind shows text, not tokens."""
        return

    def usage(self) -> dict[str, int]:
        """Return the endpoint's own counts, summed over requests; with prices set, ``cost_microusd`` too."""
        counted = self._counted
        cost = self.policy.settings.cost_microusd(counted["prompt_tokens"], counted["completion_tokens"])
        return counted | ({} if cost is None else {"cost_microusd": cost})

    def close(self) -> None:
        """Give up waiting for a further try."""
        self.closed.set()

    def _observed(self, observation: str) -> Message:
        calls = self.messages[-1].get("tool_calls")
        if calls:
            return {"role": "tool", "tool_call_id": calls[0]["id"], "content": observation}
        return {"role": "user", "content": observation}

    def _body(self) -> Message:
        settings = self.policy.settings
        seed = (self.opening.seed + self._counted["requests"]) % 2**31
        body = {"model": settings.model, "messages": self.messages, **settings.sampling(seed)}
        if self.opening.dialect == "native" and self.opening.tools:
            body["tools"] = self.opening.tools
        return body | settings.extra_body

    def _count(self, usage: Usage) -> None:
        self._counted["requests"] += 1
        self._counted["prompt_tokens"] += usage.prompt_tokens
        self._counted["completion_tokens"] += usage.completion_tokens


def _longest(body: Message) -> int | None:
    """Return the most tokens that a request lets its answer have."""
    asked = body.get("max_completion_tokens", body.get("max_tokens"))
    return asked if isinstance(asked, int) else None
