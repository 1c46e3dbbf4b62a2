"""The endpoint policy against a small chat completions server on the loopback."""

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegym.env import CodeEnv
from codegym.errors import ConfigError, PolicyError
from codegym.policy.endpoint.policy import EndpointPolicy, read_settings
from codegym.policy.protocol import Opening
from codegym.rollout.engine import rollout
from codegym.rollout.job import Job
from codegym.rollout.play import play
from codegym.suite import Suite
from tests.policy.chat_server import Answer, Server, ask, called, said

Openings = Callable[..., Opening]


def test_plain_text_conversation(server: Server, opening: Openings) -> None:
    assert ask(server, opening(speech="tagged"), "saw it") == ["hello", "hello"]
    first, second = server.bodies
    assert "tools" not in first
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    assert (first["model"], first["seed"], first["temperature"]) == ("m", 3, 1.0)
    assert second["messages"][2:] == [
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "saw it"},
    ]


def test_every_turn_has_a_seed_of_its_own(server: Server, opening: Openings) -> None:
    server.answers = [Answer(said("1")), Answer({}, 429, {"Retry-After": "0"}), Answer(said("2"))]
    ask(server, opening(seed=2**31 - 1), "more")
    assert [body["seed"] for body in server.bodies] == [2**31 - 1, 0, 0]


def test_native_tool_calls_go_through_the_api(server: Server, opening: Openings) -> None:
    calls = [called("view", '{"path": "a.py"}', "c1"), called("submit", "{}", "c2")]
    server.answers = [Answer(said("Let me look.", tool_calls=calls)), Answer(said(None, tool_calls=calls[1:]))]
    first, second = ask(server, opening(), "1  x = 1")
    assert first == 'Let me look.\n<tool_call>\n{"name": "view", "arguments": {"path": "a.py"}}\n</tool_call>'
    assert second == '<tool_call>\n{"name": "submit", "arguments": {}}\n</tool_call>'
    assert "view" in [tool["function"]["name"] for tool in server.bodies[0]["tools"]]
    assistant, shown = server.bodies[1]["messages"][2:]
    assert assistant["tool_calls"] == calls[:1]
    assert shown == {"role": "tool", "tool_call_id": "c1", "content": "1  x = 1"}


def test_arguments_that_are_no_json_reach_the_env_as_they_are(server: Server, opening: Openings) -> None:
    server.answers = [Answer(said(None, tool_calls=[called("view", '{"path": ')]))]
    assert ask(server, opening()) == ['<tool_call>\n{"name": "view", "arguments": "{\\"path\\": "}\n</tool_call>']


def test_trouble_that_passes_is_tried_again(server: Server, opening: Openings) -> None:
    server.answers = [
        Answer({"error": "busy"}, 500),
        Answer(b"<html>"),
        Answer(said("back")),
    ]
    policy = EndpointPolicy(read_settings({"base_url": server.url, "model": "m"}))
    conversation = policy.begin(opening())
    assert conversation.reply(None).text == "back"
    assert conversation.usage() == {"prompt_tokens": 11, "completion_tokens": 3, "requests": 1}
    gaps = [after - before for before, after in zip(server.times, server.times[1:], strict=False)]
    assert [0.25 * 2**i < gap < 0.5 * 2**i + 0.4 for i, gap in enumerate(gaps)] == [True] * 2
    policy.close()


def test_retry_after_is_honoured(server: Server, opening: Openings) -> None:
    server.answers = [Answer({}, 429, {"Retry-After": "0.9"}), Answer(said("later"))]
    assert ask(server, opening()) == ["later"]
    assert 1.1 < server.times[1] - server.times[0] < 2.0


def test_it_gives_up_and_says_why(server: Server, opening: Openings) -> None:
    server.answers = [Answer({"error": {"message": "the model is loading"}}, 503)]
    with pytest.raises(PolicyError, match=r"'m' at http.* in 2 tries.*HTTP 503: .*the model is loading"):
        ask(server, opening(), attempts=2)
    with pytest.raises(PolicyError, match=r"in 1 try; the last error: ConnectError"):
        ask(Server("http://127.0.0.1:9/v1"), opening(), attempts=1)


def test_slow_answer_is_a_failed_try(server: Server, opening: Openings) -> None:
    server.answers = [Answer(said("slow"), delay=0.6), Answer(said("quick"))]
    assert ask(server, opening(), timeout_seconds=0.2) == ["quick"]


@pytest.mark.parametrize(
    "error",
    [
        {"code": "context_length_exceeded"},
        {"message": "This model's maximum context length is 8192 tokens. However, your prompt contains 8193."},
        {"message": "max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)", "code": 400},
    ],
)
def test_full_context_ends_the_episode(server: Server, opening: Openings, error: dict[str, Any]) -> None:
    server.answers = [Answer({"error": error}, 400)]
    policy = EndpointPolicy(read_settings({"base_url": server.url, "model": "m"}))
    reply = policy.begin(opening()).reply(None)
    assert (reply.text, reply.finished) == ("", False)
    policy.close()


@pytest.mark.parametrize(
    "told",
    [
        "max_tokens=4096 cannot be greater than max_model_len=768. Please request fewer output tokens.",
        "'max_tokens' is too large: 4096. This model's maximum context length is 768 tokens.",
        "This model's maximum context length is 768 tokens. However, you requested 4099 tokens "
        "(3 in the messages, 4096 in the completion).",
        "`inputs` tokens + `max_new_tokens` must be <= 768. Given: 3 `inputs` tokens and 4096 `max_new_tokens`",
        "input length and `max_tokens` exceed context limit: 3 + 4096 > 768",
    ],
)
def test_answers_longer_than_the_context_are_a_wrong_setting(server: Server, opening: Openings, told: str) -> None:
    server.answers = [Answer({"error": {"message": told}}, 400)]
    with pytest.raises(ConfigError, match="max_tokens is 4096 and the whole context 768 tokens: set a lower one"):
        ask(server, opening())


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        (401, ConfigError, "key"),
        (404, ConfigError, "base_url"),
        (400, PolicyError, "refused the request: HTTP 400"),
    ],
)
def test_what_no_further_try_helps(
    server: Server, opening: Openings, status: int, error: type[Exception], told: str
) -> None:
    server.answers = [Answer({"error": "no"}, status)]
    with pytest.raises(error, match=told):
        ask(server, opening())
    assert len(server.bodies) == 1


def test_key_is_sent_and_never_shown(
    server: Server, opening: Openings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "key").write_text("sk-secret-1\n")
    server.answers = [Answer({"error": "wrong key sk-secret-1"}, 401)]
    with caplog.at_level(logging.DEBUG), pytest.raises(ConfigError, match=r"wrong key \[key\]") as error:
        ask(server, opening(), api_key_file=tmp_path / "key")
    assert server.keys == ["Bearer sk-secret-1"]
    assert "sk-secret" not in caplog.text + str(error.value)


def test_key_from_the_environment(server: Server, opening: Openings, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="'CODEGYM_TEST_KEY' contains no API key"):
        ask(server, opening(), api_key_env="CODEGYM_TEST_KEY")
    monkeypatch.setenv("CODEGYM_TEST_KEY", "sk-2")
    ask(server, opening(), api_key_env="CODEGYM_TEST_KEY")
    assert server.keys == ["Bearer sk-2"]


def test_pace_holds_for_all_threads(server: Server, opening: Openings) -> None:
    server.answers = [Answer(said(), delay=0.1)]
    settings = {"base_url": server.url, "model": "m", "concurrent": 2, "requests_per_minute": 1200}
    policy = EndpointPolicy(read_settings(settings))
    threads = [threading.Thread(target=policy.begin(opening(seed=i)).reply, args=(None,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    policy.close()
    assert len(server.times) == 8
    assert server.busiest <= 2
    assert server.times[-1] - server.times[0] > 7 * 0.05 * 0.8


def test_closing_a_conversation_ends_its_wait(server: Server, opening: Openings) -> None:
    server.answers = [Answer({}, 429, {"Retry-After": "60"})]
    policy = EndpointPolicy(read_settings({"base_url": server.url, "model": "m"}))
    conversation = policy.begin(opening())
    threading.Timer(0.3, conversation.close).start()
    start = time.monotonic()
    with pytest.raises(PolicyError, match="closed"):
        conversation.reply(None)
    assert time.monotonic() - start < 2
    policy.close()


def test_cost_is_counted_where_prices_are_known(server: Server, opening: Openings) -> None:
    settings = {"base_url": server.url, "model": "m", "prompt_price": 2.0, "completion_price": 10.0}
    policy = EndpointPolicy(read_settings(settings))
    conversation = policy.begin(opening())
    conversation.reply(None)
    conversation.reply("more")
    assert conversation.usage()["cost_microusd"] == 2 * (11 * 2 + 3 * 10)
    policy.close()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"base_ur": "x"}, "Did you mean 'base_url'"),
        ({"model": "m"}, "base_url: Field required"),
        ({"model": "m", "base_url": "ftp://x"}, "base_url: String should match"),
        ({"model": "m", "base_url": "http://x", "attempts": 0}, "attempts: "),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_settings(settings)


def test_a_whole_episode_over_the_wire(server: Server, mini: Suite) -> None:
    edit = {"path": "words.py", "old": "raise NotImplementedError", "new": "return len(text.split())"}
    server.answers = [
        Answer(said(None, tool_calls=[called("replace", json.dumps(edit))])),
        Answer({}, 429, {"Retry-After": "0"}),
        Answer(said("Done.", tool_calls=[called("submit", "{}")])),
    ]
    policy = EndpointPolicy(read_settings({"base_url": server.url, "model": "m"}))
    jobs = [Job("words", 0, 1)]
    (episode,) = rollout(jobs, play, policy, lambda: CodeEnv(mini, dialect="native", cache=None), workers=1)
    policy.close()
    assert (episode.policy, episode.reward, [step.tool for step in episode.steps]) == (
        "m",
        1.0,
        ["replace", "submit"],
    )
    assert episode.usage == {"prompt_tokens": 22, "completion_tokens": 6, "requests": 2}
