"""The training bench, in miniature: its seconds are not looked at, that both sides play the same episodes is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.bench.training.cost import STAGES, Setup, StepTime, median_step
from codegym.bench.training.lines import Lines, choose_lines
from codegym.bench.training.waiting import SPLIT, waiting_suite
from codegym.cli.app import main
from codegym.env import CodeEnv
from codegym.errors import ConfigError
from codegym.sandbox.bwrap.capabilities import why_unavailable

pytestmark = [pytest.mark.train, pytest.mark.slow]

BASE = Path(__file__).parents[2] / "examples" / "base"
SETUP = Setup(str(BASE), SPLIT, group=2)


@pytest.fixture
def env(tmp_path: Path) -> Iterator[CodeEnv]:
    """An env over two tasks whose tests hardly wait."""
    if why := why_unavailable():
        pytest.skip(why)
    env = CodeEnv(waiting_suite(tmp_path, 2, 0.01), dialect="line", cache=False)
    yield env
    env.close()


def test_the_median_step_is_one_of_those_measured() -> None:
    steps = [StepTime(wall, {"generate": wall / 2}) for wall in (3.0, 1.0, 2.0, 9.0)]
    assert median_step(steps) == StepTime(2.0, {"generate": 1.0})


def test_every_second_attempt_spoils_its_edit() -> None:
    lines = Lines({"a": ["s", "w 3 return x", "t", "q"]}, group=4)
    assert lines.of("a", 0) == lines.of("a", 2) == ["s", "w 3 return x", "t", "q"]
    assert lines.of("a", 1) == lines.of("a", 5) == ["s", "a 3 # 1", "t", "q"]


def test_answers_are_those_of_repair_with_as_many_turns_as_were_asked_for(env: CodeEnv) -> None:
    lines = choose_lines(env, ["task0", "task1"], 1, SETUP)
    assert lines.by_task == {"task0": ["s", "w 2 return x * 2", "t", "q"]}
    with pytest.raises(ConfigError, match="solves 0 tasks in 3 turns, and 1 are needed"):
        choose_lines(env, ["task0"], 1, Setup(str(BASE), SPLIT, turns=3))


def test_trl_reads_and_renders_what_we_do() -> None:
    pytest.importorskip("trl", reason="needs the train extra")
    from transformers import AutoTokenizer
    from trl.chat_template_utils import parse_response, supports_tool_calling

    from codegym.bench.training.plain import RESPONSE, TEMPLATE
    from codegym.policy.chat import ChatFormat

    tokenizer = AutoTokenizer.from_pretrained(BASE)
    ours = ChatFormat(AutoTokenizer.from_pretrained(BASE))
    tokenizer.chat_template, tokenizer.response_template = TEMPLATE, RESPONSE
    assert supports_tool_calling(tokenizer)
    turns = [
        {"role": "user", "content": "Repair it."},
        {"role": "assistant", "content": "s"},
        {"role": "tool", "name": "act", "content": "1 failed"},
    ]
    rendered = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert rendered == "<|see|>Repair it.<|say|>s" + ours.observation_text("1 failed")
    prefix = tokenizer(rendered)["input_ids"]
    (call,) = parse_response(tokenizer, tokenizer("w 3 return x<|end|>")["input_ids"], prefix=prefix)["tool_calls"]
    assert call["function"] == {"name": "act", "arguments": {"verb": "w", "rest": "3 return x"}}
    (call,) = parse_response(tokenizer, tokenizer("t<|end|>")["input_ids"], prefix=prefix)["tool_calls"]
    assert call["function"]["arguments"]["verb"] == "t"
    assert "tool_calls" not in parse_response(tokenizer, tokenizer("q<|end|>")["input_ids"], prefix=prefix)


@pytest.mark.timeout(300)
def test_both_sides_play_the_same_episodes(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("trl", reason="needs the train extra")
    if why := why_unavailable():
        pytest.skip(why)
    options = ["--episodes", "4", "--group", "2", "--repeats", "1", "--waiting", "0.01", "--model", str(BASE)]
    assert main(["bench", "train", *options, "--json"]) == 0
    (cost,) = json.loads(capsys.readouterr().out)
    assert cost["solved"] == cost["plain_solved"] == 0.5
    assert cost["sampled"] == cost["plain_sampled"] > 8
    assert cost["stages"].keys() == set(STAGES)
    assert sum(cost["stages"].values()) == pytest.approx(cost["seconds"], abs=0.01)
    assert cost["ratio"] == pytest.approx(cost["seconds"] / cost["plain"], abs=0.01)


@pytest.mark.timeout(300)
def test_our_side_alone(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("trl", reason="needs the train extra")
    if why := why_unavailable():
        pytest.skip(why)
    options = ["--episodes", "4", "--group", "2", "--repeats", "1", "--waiting", "0.01", "--model", str(BASE)]
    assert main(["bench", "train", *options, "--no-trl", "--cached"]) == 0
    shown = capsys.readouterr().out
    assert "a step of 4 episodes" in shown
    assert all(stage in shown for stage in STAGES)


def test_a_wrong_number_of_episodes_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "train", "--episodes", "16,many"]) == 2
    assert "numbers with commas" in capsys.readouterr().err
