"""How an episode becomes tokens: a tokenizer's own chat template, turn by turn, nothing tokenised twice.

A conversation grows by what was sampled and by what was observed. What was sampled stays as it is, id by id;
only the text around and after it is rendered, and that text is found by rendering a conversation with a mark
in the place of the assistant's answer. This holds for any template that renders a turn without looking ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codegym.errors import PolicyError
from codegym.policy.protocol import Opening

_MARK = "\u241ecodegym-answer\u241e"


@dataclass(frozen=True)
class ChatFormat:
    """Renders openings and observations for one tokenizer. ``eos_id`` ends an answer."""

    tokenizer: Any
    native_tools: bool = False

    @property
    def eos_id(self) -> int:
        """The id that ends an answer."""
        return int(self.tokenizer.eos_token_id)

    def opening_ids(self, opening: Opening) -> list[int]:
        """Return the ids of everything before the first answer."""
        return self._ids(self._render(_messages(opening), opening, prompt=True))

    def observation_ids(self, opening: Opening, observation: str, *, ended: bool) -> list[int]:
        """Return the ids between one answer and the next.

        ``ended`` says that the answer's sampled ids include the end token, which is then not repeated.
        """
        turns = [*_messages(opening), {"role": "assistant", "content": _MARK}]
        text = self._render([*turns, {"role": "user", "content": observation}], opening, prompt=True)
        _, found, after = text.partition(_MARK)
        if not found:
            raise PolicyError("the tokenizer's chat template drops the assistant's text: use another template")
        eos = self.tokenizer.eos_token
        return self._ids(after.removeprefix(eos) if ended else after)

    def _render(self, messages: list[dict[str, str]], opening: Opening, *, prompt: bool) -> str:
        tools = opening.tools if self.native_tools else None
        text: str = self.tokenizer.apply_chat_template(
            messages, tools=tools, tokenize=False, add_generation_prompt=prompt
        )
        return text

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


def _messages(opening: Opening) -> list[dict[str, str]]:
    system = [{"role": "system", "content": opening.system}] if opening.system else []
    return [*system, {"role": "user", "content": opening.observation}]
