"""The local policy: batching changes nothing, ids are kept as sampled, contexts end cleanly."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from codegym.errors import CodegymError, ConfigError, PolicyError
from codegym.policy.protocol import Opening
from codegym.task import FolderSource, Task, TestPlan
from codegym.tokens import turns_of_mask
from tests.policy.conftest import Tiny

if TYPE_CHECKING:
    from codegym.policy.local.policy import LocalPolicy

pytestmark = pytest.mark.train

TASK = Task(
    id="t",
    instruction="",
    source=FolderSource(path="", digest=""),
    tests=TestPlan(framework="pytest", fail_to_pass=()),
    image="python",
)


def opening(text: str = "def f(a):", seed: int = 0) -> Opening:
    return Opening(task=TASK, system="", observation=text, seed=seed)


@pytest.fixture
def policy(tiny: Tiny) -> Iterator[LocalPolicy]:
    from codegym.policy.local.policy import LocalPolicy
    from codegym.policy.local.sampling import Sampling

    model, tokenizer = tiny
    made = LocalPolicy(model, tokenizer, name="tiny", sampling=Sampling(answer=12, context=120))
    yield made
    made.close()


def reference(model: Any, ids: Sequence[int], sampled: Sequence[int]) -> list[float]:
    import torch

    with torch.no_grad():
        logprobs = torch.log_softmax(model(torch.tensor([[*ids, *sampled]])).logits[0].float(), -1)
    return [logprobs[len(ids) + i - 1, token].item() for i, token in enumerate(sampled)]


def test_a_ragged_batch_over_several_turns_gives_the_logprobs_of_one_row_alone(tiny: Tiny) -> None:
    from codegym.policy.local.generate import Generation, Generator

    model, _ = tiny
    generator = Generator(model, {3})
    choose = np.random.default_rng(0)
    requests = [
        Generation(
            [int(i) for i in choose.integers(4, model.config.vocab_size, size=5 + 7 * n)],
            9,
            np.random.default_rng(n),
        )
        for n in range(6)
    ]
    requests.append(Generation(list(requests[0].ids), 9, np.random.default_rng(99)))
    for _turn in range(3):
        generator.answer(requests)
        for request in requests:
            expected = reference(model, request.ids, request.sampled)
            assert request.logprobs == pytest.approx(expected, abs=1e-4)
            more = [int(i) for i in choose.integers(4, model.config.vocab_size, size=int(choose.integers(1, 9)))]
            request.ids = [*request.ids, *request.sampled, *more]
            request.sampled, request.logprobs = [], []


def test_temperature_scales_what_is_sampled_and_its_logprobs(tiny: Tiny) -> None:
    from codegym.policy.local.draw import Draw
    from codegym.policy.local.generate import Generation, Generator

    model, _ = tiny
    hot = Generation([5, 6, 7], 1, np.random.default_rng(0))
    Generator(model, {3}, Draw(temperature=100.0)).answer([hot])
    assert hot.logprobs[0] == pytest.approx(-math.log(model.config.vocab_size), abs=0.05)
    greedy = [Generation([5, 6, 7], 8, np.random.default_rng(n)) for n in range(2)]
    Generator(model, {3}, Draw(temperature=0.0)).answer(greedy)
    assert greedy[0].sampled == greedy[1].sampled


def test_tokens_are_those_sampled_and_observed_in_order(policy: LocalPolicy, tiny: Tiny) -> None:
    model, tokenizer = tiny
    conversation = policy.begin(opening())
    conversation.reply(None)
    policy.version = 7
    conversation.reply("return a")
    (tokens,) = conversation.tokens().sequences
    assert [(turn.version, turn.step) for turn in tokens.turns] == [(None, 0), (7, 1)]
    spans = [(turn.start, turn.end) for turn in tokens.turns]
    assert spans == [(turn.start, turn.end) for turn in turns_of_mask(tokens.mask)]
    assert tokens.mask[0] == tokens.mask[-1] == 1
    assert "return a" in tokenizer.decode(
        [i for i, m in zip(tokens.completion_ids, tokens.mask, strict=True) if not m]
    )
    whole = reference(model, tokens.prompt_ids, tokens.completion_ids)
    for mask, logprob, expected in zip(tokens.mask, tokens.logprobs, whole, strict=True):
        assert logprob == pytest.approx(expected if mask else 0.0, abs=1e-4)
    assert conversation.usage()["completion_tokens"] == sum(tokens.mask)


def test_an_episode_reads_as_the_chat_template_would_render_it(tiny: Tiny) -> None:
    from codegym.policy.chat import ChatFormat

    _, tokenizer = tiny
    chat = ChatFormat(tokenizer)
    said = chat.ids("r 1 a => b")
    joined = [*chat.opening_ids(opening("x = 1")), *said, chat.end_id, *chat.observation_ids("ok", ended=True)]
    turns = [("user", "x = 1"), ("assistant", "r 1 a => b"), ("user", "ok")]
    whole = tokenizer.apply_chat_template(
        [{"role": role, "content": text} for role, text in turns], tokenize=False, add_generation_prompt=True
    )
    assert tokenizer.decode(joined) == whole


def test_a_warm_up_reads_what_an_episode_would_hold_and_learns_what_was_said(tiny: Tiny) -> None:
    from codegym.policy.chat import ChatFormat
    from codegym.train.data.conversation import IGNORED, Turn, encode

    _, tokenizer = tiny
    told = (Turn("x = 1", "h"), Turn("1 a => b", "y 1"))
    row = encode(told, ChatFormat(tokenizer), 200, opening())
    turns = [("user", "x = 1"), ("assistant", "h"), ("user", "1 a => b"), ("assistant", "y 1")]
    whole = tokenizer.apply_chat_template([{"role": r, "content": c} for r, c in turns], tokenize=False)
    assert tokenizer.decode(row["input_ids"]) == whole
    learnt = [i for i, label in zip(row["input_ids"], row["labels"], strict=True) if label != IGNORED]
    assert tokenizer.decode(learnt) == "h<|end|>y 1<|end|>"
    assert [label for label in row["labels"] if label != IGNORED] == learnt
    assert encode(told, ChatFormat(tokenizer), len(row["input_ids"]) - 1, opening()) is None


def test_many_threads_are_answered_in_batches_and_seeds_decide(policy: LocalPolicy) -> None:
    def episode(seed: int) -> list[str]:
        conversation = policy.begin(opening(seed=seed))
        return [conversation.reply(None).text, conversation.reply("ok").text]

    with ThreadPoolExecutor(16) as pool:
        first = list(pool.map(episode, [*range(16), *range(16)]))
    assert first[:16] == first[16:]
    assert len({tuple(texts) for texts in first}) > 8


def test_a_full_context_is_said(policy: LocalPolicy) -> None:
    conversation = policy.begin(opening("def f(a, b):\n" * 2))
    replies = [conversation.reply(None)]
    while replies[-1].finished:
        replies.append(conversation.reply("return a + b"))
    assert len(conversation.now) <= 120 + 20
    assert len(replies) < 20


def test_a_closed_policy_refuses(tiny: Tiny) -> None:
    from codegym.policy.local.policy import LocalPolicy

    policy = LocalPolicy(*tiny, name="tiny")
    policy.close()
    with pytest.raises(PolicyError, match="closed"):
        policy.begin(opening()).reply(None)


def test_an_answer_under_way_can_be_stopped(tiny: Tiny) -> None:
    from codegym.policy.local.generate import Generation, Generator

    request = Generation([5, 6, 7], 1000, np.random.default_rng(0))
    with pytest.raises(RuntimeError, match="stopped"):
        Generator(tiny[0], ()).answer([request], lambda: len(request.sampled) < 3)
    assert len(request.sampled) == 3


def test_what_the_model_can_not_do_is_a_policy_error(tiny: Tiny) -> None:
    from codegym.policy.local.policy import LocalPolicy

    policy = LocalPolicy(*tiny, name="tiny")
    conversation = policy.begin(opening())
    conversation.now.prompt_ids = [10**6]
    with pytest.raises(PolicyError, match="could not generate"):
        conversation.reply(None)
    policy.close()


def test_a_bug_is_raised_where_it_is_waited_for(tiny: Tiny) -> None:
    from codegym.policy.local.generate import Generation
    from codegym.policy.local.policy import LocalPolicy

    policy = LocalPolicy(*tiny, name="tiny")
    request = Generation([5], 3, None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        policy.answer(request)
    policy.close()


def test_tools_reach_the_template_in_the_native_dialect_only(tiny: Tiny) -> None:
    from codegym.policy.chat import ChatFormat
    from codegym.train.model.tiny import TEMPLATE

    tokenizer = copy.deepcopy(tiny[1])
    tokenizer.chat_template = "{% for tool in tools or [] %}{{ tool.function.name }} {% endfor %}" + TEMPLATE
    said = {
        dialect: tokenizer.decode(
            ChatFormat(tokenizer).opening_ids(
                replace(opening("go"), dialect=dialect, tools=[{"function": {"name": "view"}}])
            )
        )
        for dialect in ("native", "tagged")
    }
    assert said["native"].removeprefix("view ") == said["tagged"]
    assert said["native"] != said["tagged"]


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    from codegym.policy.local.policy import LocalPolicy

    with pytest.raises(PolicyError, match="nowhere"):
        LocalPolicy.load(str(tmp_path / "nowhere"))


def test_a_saved_model_is_loaded(tiny: Tiny, tmp_path: Path) -> None:
    from codegym.policy.local.policy import LocalPolicy

    model, tokenizer = tiny
    model.save_pretrained(tmp_path / "m")
    tokenizer.save_pretrained(tmp_path / "m")
    policy = LocalPolicy.load(str(tmp_path / "m"))
    assert policy.begin(opening()).reply(None).text is not None
    policy.close()


def rendered(tokenizer: Any, template: str, system: str = "Be brief.", observation: str = "x = 1") -> str:
    from codegym.policy.chat import ChatFormat

    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.chat_template = template
    chat = ChatFormat(tokenizer)
    return tokenizer.decode(chat.opening_ids(replace(opening(observation), system=system)))


def test_a_template_without_a_system_role_gets_the_system_prompt_before_the_first_observation(tiny: Tiny) -> None:
    from codegym.train.model.tiny import TEMPLATE

    turns = "{% for m in messages %}[{{ m.role }}]{{ m.content }}<|end|>{% endfor %}"
    refuses = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + turns
    ignores = turns.replace("%}[", "%}{% if m.role in ['user', 'assistant'] %}[").replace(
        "{% endfor", "{% endif %}{% endfor"
    )
    assert rendered(tiny[1], refuses) == rendered(tiny[1], ignores) == "[user]Be brief.\n\nx = 1<|end|>"
    assert rendered(tiny[1], turns) == "[system]Be brief.<|end|>[user]x = 1<|end|>"
    assert rendered(tiny[1], refuses, system="") == "[user]x = 1<|end|>"
    assert rendered(tiny[1], TEMPLATE) == "<|see|>x = 1<|say|>"  # leaves it out on purpose


@pytest.mark.parametrize("template", [None, "", "{% for %}", "x", "{{ raise_exception('no') }}", "{{ a.b.c }}"])
def test_a_template_that_can_not_be_used_is_said_at_once(tiny: Tiny, template: str | None) -> None:
    from codegym.policy.local.policy import LocalPolicy
    from codegym.train.model.tiny import END, OBSERVATION

    model, tokenizer = tiny[0], copy.deepcopy(tiny[1])
    tokenizer.chat_template = template
    with pytest.raises(ConfigError, match="chat template"):
        LocalPolicy(model, tokenizer, name="tiny")
    tokenizer.chat_template = tiny[1].chat_template.replace(END, "").replace(OBSERVATION, "User:")
    tokenizer.eos_token = None
    with pytest.raises(ConfigError, match="no end token"):
        LocalPolicy(model, tokenizer, name="tiny")


@pytest.mark.parametrize(
    ("opens", "tag"),
    [("<think>\n", "<think>"), ("[THINK]", "[THINK]"), ("<think>\n\n</think>\n\n", ""), ("<think>Briefly:", "")],
)
def test_a_thought_that_the_template_opens_is_in_the_answer(tiny: Tiny, opens: str, tag: str) -> None:
    from codegym.policy.local.policy import LocalPolicy
    from codegym.policy.local.sampling import Sampling
    from codegym.train.model.tiny import ANSWER, TEMPLATE

    model, tokenizer = tiny[0], copy.deepcopy(tiny[1])
    tokenizer.chat_template = TEMPLATE.replace(ANSWER + "{% endif %}", ANSWER + opens + "{% endif %}")
    policy = LocalPolicy(model, tokenizer, name="tiny", sampling=Sampling(answer=5))
    conversation = policy.begin(opening())
    text = conversation.reply(None).text
    policy.close()
    assert text == tag + tokenizer.decode(conversation.now.ids, skip_special_tokens=True)


def test_special_tokens_are_left_out_of_answers_unless_they_are_the_tags_of_thoughts(tiny: Tiny) -> None:
    from codegym.policy.chat import ChatFormat

    tokenizer = copy.deepcopy(tiny[1])
    tokenizer.add_special_tokens({"additional_special_tokens": ["[THINK]", "[/THINK]"]})
    chat = ChatFormat(tokenizer)
    assert chat.answer(chat.ids("[THINK]q<|say|>[/THINK]t<|end|>")) == "[THINK]q[/THINK]t"


@pytest.mark.parametrize("broken", ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]"])
def test_a_broken_model_is_an_error_of_ours(tiny: Tiny, tmp_path: Path, broken: str, content: bytes) -> None:
    from codegym.policy.local.policy import LocalPolicy

    model, tokenizer = tiny
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / broken).write_bytes(content)
    with suppress(CodegymError):
        LocalPolicy.load(str(tmp_path)).close()
