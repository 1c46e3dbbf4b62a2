"""AnswerOptions as servers really send them, and what goes back to the server with the next request."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegym.env import CodeEnv
from codegym.episode import Episode
from codegym.episode_file import read_episodes
from codegym.errors import ConfigError, PolicyError
from codegym.policy.endpoint.policy import EndpointPolicy, read_settings
from codegym.policy.protocol import Opening, Reply
from codegym.rollout.engine import rollout
from codegym.rollout.job import Job
from codegym.rollout.log import EpisodeLog
from codegym.rollout.play import play
from codegym.suite import Suite
from tests.policy.chat_server import Answer, Server, ask, called, said

Openings = Callable[..., Opening]
SUBMIT = '<tool_call>\n{"name": "submit", "arguments": {}}\n</tool_call>'


def reply(server: Server, opening: Opening, **settings: Any) -> Reply:
    """Return the first reply."""
    policy = EndpointPolicy(read_settings({"base_url": server.url, "model": "m", "attempts": 1, **settings}))
    try:
        return policy.begin(opening).reply(None)
    finally:
        policy.close()


def history(server: Server, opening: Opening, message: dict[str, Any]) -> dict[str, Any]:
    """Return how an answer stands in the next request."""
    server.answers = [Answer(said(**message))]
    ask(server, opening, "seen")
    sent: dict[str, Any] = server.bodies[1]["messages"][2]
    return sent


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "reasoning_details"])
def test_what_a_model_thought_goes_back(server: Server, opening: Openings, field: str) -> None:
    thought: Any = [{"type": "reasoning.text", "text": "hm"}] if field.endswith("details") else "hm"
    sent = history(server, opening(), {"content": None, "tool_calls": [called("test", "{}")], field: thought})
    assert (sent[field], sent["content"]) == (thought, "")
    assert field not in history_without(server, opening, field)


def history_without(server: Server, opening: Openings, field: str) -> dict[str, Any]:
    server.bodies.clear()
    return history(server, opening(), {"content": "hello", field: None})


@pytest.mark.parametrize(
    "arguments",
    [
        '{"path": ',
        "view a.py",
        '["a.py"]',
        "7",
        '{"path": NaN}',
        '{"path": "\n"}',
        "[" * 5000,
        '{"path": "\\ud83d"}',
        None,
        "",
        {"path": "a.py"},
        [1],
        '{"n": ' + "9" * 5000 + "}",
    ],
)
def test_arguments_go_back_as_a_json_object(server: Server, opening: Openings, arguments: Any) -> None:
    sent = history(server, opening(), {"content": None, "tool_calls": [called("view", arguments)]})
    kept = sent["tool_calls"][0]["function"]["arguments"]
    assert isinstance(json.loads(kept, parse_constant=pytest.fail), dict)
    assert server.bodies[1]["messages"][3] == {"role": "tool", "tool_call_id": "c1", "content": "seen"}
    if isinstance(arguments, str) and "path" in arguments:
        assert "path" in kept


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": None, "tool_calls": [called("submit", None)]}, SUBMIT),  # type: ignore[arg-type]
        ({"content": None, "tool_calls": [called("submit", {})]}, SUBMIT),  # type: ignore[arg-type]
        ({"content": "", "tool_calls": [{"id": None, "function": {"name": "submit", "arguments": ""}}]}, SUBMIT),
        ({"content": [{"type": "text", "text": "Look"}, {"type": "text", "text": " here"}]}, "Look here"),
        ({"content": [{"type": "thinking", "thinking": [{"text": "hm"}]}, {"type": "text", "text": "ok"}]}, "ok"),
        ({"content": None, "tool_calls": [called("submit", "{}") | {"type": None}]}, SUBMIT),
        ({"content": "hello", "tool_calls": None}, "hello"),
        ({"content": "hello", "tool_calls": [None, {"type": "custom"}]}, "hello"),
        ({"content": "\ud83d!"}, "\ufffd!"),
    ],
)
def test_answers_in_many_forms(server: Server, opening: Openings, message: dict[str, Any], text: str) -> None:
    server.answers = [Answer(said(**message))]
    assert ask(server, opening(), "seen") == [text, text]
    assistant, shown = server.bodies[1]["messages"][2:]
    assert isinstance(assistant["content"], str)
    if "tool_calls" in assistant:
        assert assistant["tool_calls"][0]["type"] == "function"
        assert shown["tool_call_id"] == assistant["tool_calls"][0]["id"] != ""


@pytest.mark.parametrize(
    "usage", [None, {}, [], {"prompt_tokens": None, "completion_tokens": None}, {"prompt_tokens": "many"}]
)
def test_tokens_that_are_not_counted_count_as_none(server: Server, opening: Openings, usage: Any) -> None:
    server.answers = [Answer(said() | {"usage": usage})]
    policy = EndpointPolicy(read_settings({"base_url": server.url, "model": "m"}))
    conversation = policy.begin(opening())
    assert conversation.reply(None).text == "hello"
    assert conversation.usage() == {"prompt_tokens": 0, "completion_tokens": 0, "requests": 1}
    policy.close()


@pytest.mark.parametrize("name", ["functions.view", "view\ud83d", "a" * 70, "", None, "<|call|>", "\u00e9"])
def test_names_go_back_as_servers_take_them(server: Server, opening: Openings, name: Any) -> None:
    sent = history(server, opening(), {"content": None, "tool_calls": [called(name, "{}")]})
    assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", sent["tool_calls"][0]["function"]["name"])


@pytest.mark.parametrize(
    "told", ["This model's maximum context length is 768 tokens. However, your prompt has 900."]
)
def test_messages_that_do_not_fit_are_no_wrong_setting(server: Server, opening: Openings, told: str) -> None:
    server.answers = [Answer({"error": {"message": told}}, 400)]
    assert not reply(server, opening()).finished


def test_an_empty_answer_goes_back_as_a_message_that_servers_take(server: Server, opening: Openings) -> None:
    assert history(server, opening(), {"content": None})["content"] == "(no answer)"


def ended(finish_reason: str, usage: Any = None, **message: Any) -> dict[str, Any]:
    """A chat completion that ended in another way."""
    whole = said(**message)
    whole["choices"][0]["finish_reason"] = finish_reason
    return whole | {"usage": usage}


def test_a_length_that_ends_an_answer_before_it_began_is_a_full_context(server: Server, opening: Openings) -> None:
    def is_finished(body: Any, **settings: Any) -> bool:
        server.answers = [Answer(body)]
        return reply(server, opening(), **settings).finished

    assert not is_finished(ended("length", content=""))
    assert not is_finished(ended("length", {"completion_tokens": 0}, content=None))
    assert not is_finished({"choices": [{"index": 0, "finish_reason": "length"}]})
    assert not is_finished(ended("model_context_window_exceeded", content="Let me"))
    assert is_finished(ended("length", {"completion_tokens": 50}, content=""), max_tokens=50)
    assert is_finished(ended("length", content="Let me"))
    assert is_finished(ended("length", content=None, reasoning_content="Let me"))
    assert is_finished(ended("stop", content=""))


@pytest.mark.parametrize("status", [200, 400, 413, 500])
def test_llama_cpp_says_that_the_context_is_full(server: Server, opening: Openings, status: int) -> None:
    told = "request (4267 tokens) exceeds the available context size (4096 tokens), try increasing it"
    error = {"code": 400, "message": told, "type": "exceed_context_size_error", "n_ctx": 4096}
    server.answers = [Answer({"error": error}, status)]
    assert reply(server, opening()) == Reply("", finished=False)
    assert len(server.bodies) == 1


def test_an_error_with_the_status_of_a_success_is_one(server: Server, opening: Openings) -> None:
    server.answers = [Answer({"error": {"message": "overloaded", "code": 502}}), Answer(said("back"))]
    assert reply(server, opening(), attempts=2).text == "back"
    server.answers = [Answer({"error": {"message": "no such model", "code": 404}})]
    with pytest.raises(ConfigError, match="no such model"):
        reply(server, opening())
    broken = {"choices": [{"error": {"message": "prompt is too long: 9 tokens > 8 maximum", "code": 400}}]}
    server.answers = [Answer(broken)]
    assert not reply(server, opening()).finished


@pytest.mark.parametrize(
    "body", [b"[" * 10**6, b"null", b"\xff", b'{"choices": [{"message": null}]}', b'{"choices": 1}']
)
def test_what_is_no_answer_is_said_in_one_line(server: Server, opening: Openings, body: bytes) -> None:
    server.answers = [Answer(body)]
    with pytest.raises(PolicyError, match="not a chat completion"):
        reply(server, opening())


@pytest.mark.parametrize("after", ["inf", "nan", "1e300", "Fri, 31 Dec 9999 23:59:59 GMT", "soon"])
def test_a_server_can_not_ask_for_more_than_a_day(after: str) -> None:
    from codegym.policy.endpoint.client import LONGEST_QUIET, _retry_after

    assert (_retry_after(after) or 0.0) <= LONGEST_QUIET


def test_nothing_that_a_model_says_ends_a_run(server: Server, mini: Suite, tmp_path: Path) -> None:
    half = '{"path": "a\\ud83d.py", "text": "\\ud83d"}'
    shell = json.dumps({"command": "touch $(printf 'a\\377'); ln -s $(printf '\\377') b; printf '\\377' > c"})
    calls: list[tuple[Any, Any]] = [
        ("create", half),
        ("create", json.loads(half)),
        ("shell", shell),
        ("test", "{}"),
    ]
    calls += [("vi\ud83dew", "{}"), ("view", '{"path": ' + "[" * 900 + "]" * 900 + "}"), ("view", "[" * 9000)]
    calls += [
        ("view", '{"path": "a", "start": ' + "9" * 5000 + "}"),
        ("view", '{"path": "\\u0000"}'),
        (None, None),
    ]
    server.answers = [Answer(said("\ud83d", tool_calls=[called(*call)])) for call in calls]
    server.answers += [Answer(said("\x1b[2J\ud83d")), Answer(said(tool_calls=[called("submit", "{}")]))]
    policy = EndpointPolicy(read_settings({"base_url": server.url, "model": "m", "name": "mine"}))
    with EpisodeLog(tmp_path) as log:
        made = rollout(
            [Job("words", 0, 1)],
            play,
            policy,
            lambda: CodeEnv(mini, dialect="native", cache=None, max_turns=20),
            workers=1,
            log=log,
        )
        (episode,) = made
    policy.close()
    assert (episode.stop, len(episode.steps), episode.error) == ("submitted", len(calls) + 2, "")
    assert list(read_episodes(tmp_path)) == [episode]


def test_a_broken_character_does_not_keep_an_episode_from_the_disk(tmp_path: Path) -> None:
    known = {
        "id": "1",
        "suite": "s",
        "task": "t",
        "task_digest": "d",
        "policy": "p",
        "seed": 1,
        "stop": "submitted",
    }
    with EpisodeLog(tmp_path) as log:
        log.append(Episode(**known, patch="a\udcffb"))  # type: ignore[arg-type]
        log.append(Episode(**known, patch="é"))  # type: ignore[arg-type]
    assert [episode.patch for episode in read_episodes(tmp_path)] == ["a\udcffb", "é"]
