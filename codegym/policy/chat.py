"""Turns an episode into tokens with the tokenizer's own chat template, turn by turn, and never tokenises twice.

A conversation grows by sampled answers and by observations. Sampled ids stay as they are. The text that the
template puts around an observation is determined once, by rendering a conversation with marks in the places of the
answer and the observation. :mod:`codegym.policy.template` says what the template can render.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from codegym.errors import ConfigError
from codegym.policy.protocol import Opening
from codegym.policy.template import Messages, Template
from codegym.tool.call import Call
from codegym.tool.dialect import dialect
from codegym.tool.dialect.thought import is_thought_tag, opened_thought

_CALL_FORM = 'Call a tool by writing <tool_call>{"name": "…", "arguments": {…}}</tool_call>. The tools:'


@dataclass(frozen=True)
class ChatFormat:
    """Renders openings and observations as token ids for one tokenizer."""

    tokenizer: Any

    @cached_property
    def template(self) -> Template:
        """The tokenizer's chat template."""
        return Template(self.tokenizer)

    def check(self, *, keep_turns: bool = True) -> None:
        """Raise :class:`ConfigError` if the tokenizer can't render an episode.

        With ``keep_turns``, the template also has to leave earlier turns as they are.
        """
        if not self.template.shows_observations:
            raise ConfigError("the tokenizer's chat template does not show what a user says: use another template")
        if self.template.around("user") is None and keep_turns:
            raise ConfigError(
                "the tokenizer's chat template drops or moves turns: use another template, or set "
                "keep_turns = false"
            )
        _ = self.end_id, self.template.has_system

    def notes(self, dialect_name: str) -> list[str]:
        """Return what a user should know of how openings are rendered, one sentence each."""
        without_tools = dialect_name == "native" and not self.template.has_tools
        return (
            ["the chat template shows no tools: their schemas are in the system prompt"] if without_tools else []
        )

    @cached_property
    def end_id(self) -> int:
        """The id with which the template ends an answer; the tokenizer's end token if it ends with none."""
        before, _ = self.template.around("user") or ("", "")
        first = self.ids(before)[:1]
        token = self.tokenizer.added_tokens_decoder.get(first[0]) if first else None
        if token is not None and token.special:
            return first[0]
        if self.tokenizer.eos_token_id is None:
            raise ConfigError("the tokenizer has no end token: set eos_token in its tokenizer_config.json")
        return int(self.tokenizer.eos_token_id)

    @property
    def end_ids(self) -> frozenset[int]:
        """The ids that end an answer: the template's and the tokenizer's."""
        return frozenset(id_ for id_ in (self.end_id, self.tokenizer.eos_token_id) if id_ is not None)

    def opening(self, opening: Opening) -> tuple[Messages, list[dict[str, object]] | None]:
        """Return the messages before the first answer, and the tools for the template.

        If the template has no place for a system prompt, the prompt is put before the first observation. In the
        native dialect a template without a place for tools gets their schemas in the system prompt.
        """
        tools = opening.tools if opening.dialect == "native" else []
        system = opening.system
        if tools and not self.template.has_tools:
            system, tools = "\n".join([system, _CALL_FORM, *map(_schema, tools)]), []
        user = {"role": "user", "content": opening.observation}
        if system and self.template.has_system:
            return [{"role": "system", "content": system}, user], tools or None
        return [
            user | {"content": f"{system}\n\n{opening.observation}" if system else opening.observation}
        ], tools or None

    def opening_ids(self, opening: Opening) -> list[int]:
        """Return the ids before the first answer."""
        return self.ids(self.template.render(*self.opening(opening)))

    def role(self, opening: Opening, answer: str) -> str:
        """Return the role of the observation that follows ``answer``: ``tool`` if it is a tool's result."""
        if opening.dialect != "native" or not self.template.has_tool_role:
            return "user"
        return "tool" if isinstance(dialect("native").parse(answer), Call) else "user"

    def observation_text(self, observation: str, role: str = "user") -> str:
        """Return the text between an answer and the next, the end of the answer included."""
        before, after = self.template.around(role) or ("", "")
        return before + observation + after

    def observation_ids(self, observation: str, *, ended: bool, role: str = "user") -> list[int]:
        """Return the ids between one answer and the next.

        ``ended``: the answer's sampled ids end with :attr:`end_id`, so it is not repeated.
        """
        ids = self.ids(self.observation_text(observation, role))
        return ids[1:] if ended and ids[:1] == [self.end_id] else ids

    def ids(self, text: str) -> list[int]:
        """Return the ids of ``text`` without special tokens around it."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def text(self, ids: list[int]) -> str:
        """Return the text of sampled ids without special tokens except tags of thoughts."""
        visible = [id_ for id_ in ids if id_ not in self._hidden]
        text: str = self.tokenizer.decode(visible, skip_special_tokens=False)
        return text

    def answer(self, ids: list[int]) -> str:
        """Return an answer's text without special tokens except tags of thoughts, the template's included."""
        _, after = self.template.around("user") or ("", self.template.render([{"role": "user", "content": "."}]))
        return opened_thought(after) + self.text(ids)

    @cached_property
    def _hidden(self) -> frozenset[int]:
        """The special tokens except the tags of thoughts."""
        added = self.tokenizer.added_tokens_decoder.items()
        return frozenset(
            id_ for id_, token in added if token.special and not is_thought_tag(token.content.strip())
        )


def _schema(tool: dict[str, Any]) -> str:
    return json.dumps(tool.get("function", tool), ensure_ascii=False)
