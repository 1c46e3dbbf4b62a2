"""Chat templates as they are: no system role, tools or tool turns; ends of their own; turns that are rewritten."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from codegym.policy.protocol import Opening
from tests.policy.conftest import Tiny

pytestmark = pytest.mark.train

TURNS = "{% for m in messages %}[{{ m.role }}]{{ m.content }}<|end|>{% endfor %}"
ASKS = "{% if add_generation_prompt %}[assistant]{% endif %}"
TOOLS = "{% for tool in tools or [] %}{{ tool.function.name }},{% endfor %}"
TOOL_TURNS = "{# 'tool' turns #}"
THOUGHTS = (
    "{% for m in messages %}[{{ m.role }}]{% if m.role == 'assistant' %}{{ m.content.split('</think>')[-1] }}"
    "{% else %}{{ m.content }}{% endif %}<|end|>{% endfor %}" + ASKS
)

OpeningOf = Callable[..., Opening]


def with_template(tokenizer: Any, template: str) -> Any:
    changed = copy.deepcopy(tokenizer)
    changed.chat_template = template
    return changed


def test_a_template_that_shows_no_tools_gets_their_schemas_in_the_system_prompt(
    tiny: Tiny, opening: OpeningOf
) -> None:
    from codegym.policy.chat import ChatFormat

    native = opening()
    silent, shows = (ChatFormat(with_template(tiny[1], more + TURNS)) for more in ("", TOOLS))
    text = tiny[1].decode(silent.opening_ids(native))
    assert '"parameters"' in text
    assert '<tool_call>{"name": "…", "arguments": {…}}</tool_call>' in text
    assert '"parameters"' not in tiny[1].decode(shows.opening_ids(native))
    assert silent.notes("native") == ["the chat template shows no tools: their schemas are in the system prompt"]
    assert silent.notes("tagged") == shows.notes("native") == []


def test_results_of_tools_are_tool_turns_where_the_template_has_them(tiny: Tiny, opening: OpeningOf) -> None:
    from codegym.policy.chat import ChatFormat

    call = '<tool_call>{"name": "test", "arguments": {}}</tool_call>'
    chat = ChatFormat(with_template(tiny[1], TOOL_TURNS + TURNS + ASKS))
    assert chat.role(opening(), call) == "tool"
    assert chat.observation_text("ok", "tool") == "<|end|>[tool]ok<|end|>[assistant]"
    assert chat.role(opening(), "no call") == "user"
    assert chat.role(replace(opening(), dialect="tagged"), call) == "user"
    assert ChatFormat(with_template(tiny[1], TURNS + ASKS)).role(opening(), call) == "user"


def test_an_answer_ends_where_the_template_ends_a_turn(tiny: Tiny) -> None:
    from codegym.policy.chat import ChatFormat

    tokenizer = with_template(tiny[1], TURNS + ASKS)
    tokenizer.eos_token = "<|pad|>"  # noqa: S105 - a token of text
    chat = ChatFormat(tokenizer)
    assert chat.end_id == tokenizer.convert_tokens_to_ids("<|end|>")
    assert chat.end_ids == {chat.end_id, tokenizer.convert_tokens_to_ids("<|pad|>")}
    assert chat.observation_ids("x", ended=True) == chat.observation_ids("x", ended=False)[1:]


@pytest.mark.parametrize(("thought", "sequences"), [("", 1), ("why</think>", 2)])
def test_a_template_that_rewrites_turns_begins_a_new_sequence(
    tiny: Tiny, opening: OpeningOf, thought: str, sequences: int
) -> None:
    from codegym.policy.chat import ChatFormat
    from codegym.policy.local.conversation import LocalConversation
    from codegym.policy.local.generate import Generation
    from codegym.policy.local.sampling import Sampling

    chat = ChatFormat(with_template(tiny[1], THOUGHTS))

    def answer(request: Generation) -> None:
        request.sampled = [*chat.ids(thought + "submit"), chat.end_id]
        request.logprobs, request.ended = [-0.5] * len(request.sampled), True

    for keeps in (False, True):
        sampling = Sampling(answer=50, context=5000, keep_turns=keeps)
        conversation = LocalConversation(chat, sampling, opening(), answer, lambda: 3)
        assert conversation.reply(None).text == thought + "submit"
        conversation.reply("passed")
        made = conversation.tokens().sequences
        assert len(made) == (1 if keeps else sequences)
        assert [turn.step for one in made for turn in one.turns] == [0, 1]
        assert conversation.usage().get("rewrites", 0) == len(made) - 1
        last = tiny[1].decode(made[-1].prompt_ids + made[-1].completion_ids)
        assert ("</think>submit<|end|>[user]passed" in last) == (bool(thought) and keeps)
        assert "submit<|end|>[user]passed<|end|>[assistant]" in last


def test_defaults_fit_the_model(tiny: Tiny) -> None:
    from codegym.policy.local.sampling import Sampling, end_ids

    model = copy.copy(tiny[0])
    model.generation_config = copy.deepcopy(model.generation_config)
    model.generation_config.temperature, model.generation_config.top_k = 0.7, 20
    model.generation_config.eos_token_id = [3, 5]
    fitted = Sampling(top_p=0.9).fitted(model)
    assert (fitted.context, fitted.answer) == (256, 64)
    assert (fitted.temperature, fitted.top_p, fitted.top_k) == (0.7, 0.9, 20)
    assert end_ids(model) == {3, 5}


def test_top_p_and_top_k_leave_out_what_is_unlikely() -> None:
    pytest.importorskip("trl", reason="needs the train extra")
    import numpy as np
    import torch

    from codegym.policy.local.draw import Draw

    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))
    for draw, kept in ((Draw(top_p=0.6), 2), (Draw(top_k=2), 2), (Draw(), 4), (Draw(temperature=0.0), 1)):
        random = np.random.default_rng(0)
        drawn = {draw(logits, [random])[0][0] for _ in range(200)}
        assert drawn == set(range(kept))
    _, (logprob,) = Draw(top_k=1)(logits, [np.random.default_rng(0)])
    assert logprob == pytest.approx(0.0)
