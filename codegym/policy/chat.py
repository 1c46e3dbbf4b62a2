"""How an episode becomes tokens: a tokenizer's own chat template, turn by turn, nothing tokenised twice.

A conversation grows by what was sampled and by what was observed. What was sampled stays as it is, id by id;
what a template puts around an observation is found once, by rendering a conversation with marks in the places
of the answer and the observation. This holds for any template that renders a turn without looking ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from codegym.errors import PolicyError
from codegym.policy.protocol import Opening

_SAID, _SEEN = "\u241ecodegym-said\u241e", "\u241ecodegym-seen\u241e"


@dataclass(frozen=True)
class ChatFormat:
    """Renders openings and observations for one tokenizer."""

    tokenizer: Any

    @property
    def eos_id(self) -> int:
        """The id that ends an answer."""
        return int(self.tokenizer.eos_token_id)

    def opening_ids(self, opening: Opening) -> list[int]:
        """Return the ids of everything before the first answer; native tools are for the template to explain."""
        system = [{"role": "system", "content": opening.system}] if opening.system else []
        messages = [*system, {"role": "user", "content": opening.observation}]
        return self.ids(self._render(messages, opening.tools if opening.dialect == "native" else None))

    def observation_ids(self, observation: str, *, ended: bool) -> list[int]:
        """Return the ids between one answer and the next.

        ``ended`` says that the answer's sampled ids include the end token, which is then not repeated. Raises
        :class:`PolicyError` for a template that can't be used turn by turn.
        """
        before, after = self._around
        return self.ids((before.removeprefix(self.tokenizer.eos_token) if ended else before) + observation + after)

    def ids(self, text: str) -> list[int]:
        """Return the ids of ``text``, nothing added."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    @cached_property
    def _around(self) -> tuple[str, str]:
        """What the template puts before and after an observation that follows an answer."""
        turns = [("user", "."), ("assistant", _SAID), ("user", _SEEN)]
        text = self._render([{"role": role, "content": content} for role, content in turns], None)
        before, found, after = text.rpartition(_SAID)[2].partition(_SEEN)
        if not found or _SAID not in text:
            raise PolicyError("the tokenizer's chat template drops or moves turns: give it another template")
        return before, after

    def _render(self, messages: list[dict[str, str]], tools: list[dict[str, object]] | None) -> str:
        text: str = self.tokenizer.apply_chat_template(
            messages, tools=tools, tokenize=False, add_generation_prompt=True
        )
        return text
