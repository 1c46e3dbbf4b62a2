"""What an evaluation says where episodes were lost, and what a user reads in the place of a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codegym.episode import Episode, Step
from codegym.episode_file import read_episodes
from tests.policy.chat_server import Answer, Server, called, said, serving

from .conftest import Cli

OVERFLOW = "request (4267 tokens) exceeds the available context size (4096 tokens), try increasing it"
FULL = {"error": {"code": 400, "message": OVERFLOW, "type": "exceed_context_size_error"}}
SUBMIT = Answer(said(tool_calls=[called("submit", "{}")]))
REFUSED = {"error": {"message": "nobody knows why"}}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as one:
        yield one


def settings(server: Server, folder: Path, more: str = "") -> str:
    """Write an endpoint's settings and return the policy's name."""
    path = folder / "endpoint.toml"
    path.write_text(f'base_url = "{server.url}"\nmodel = "m"\nattempts = 1\n{more}')
    return f"endpoint:{path}"


def evaluate(cli: Cli, server: Server, sandbox: str, folder: Path, *more: str) -> Any:
    options = ("--dialect", "native", "--samples", 2, "--tasks", 1, "--workers", 1, "--sandbox", sandbox)
    who = ("--policy", settings(server, folder), "--no-publish", "--out", folder / "run")
    return cli("eval", "mini", "--split", "test", *options, *who, *more)


def test_a_full_context_is_a_failure_and_no_loss(cli: Cli, server: Server, sandbox: str, tmp_path: Path) -> None:
    edit = {"path": "src/total.py", "old": "x", "new": "y"}
    server.answers = [Answer(said(tool_calls=[called("replace", json.dumps(edit))])), Answer(FULL, 400)]
    ran = evaluate(cli, server, sandbox, tmp_path, "--json")
    assert ran.code == 0, ran.err
    assert (ran.value["infra_errors"], ran.value["scores"]["pass@1"]["value"]) == (0, 0.0)
    assert {episode.stop for episode in read_episodes(tmp_path / "run")} == {"context_limit"}


def test_what_nobody_understood_leaves_no_score(cli: Cli, server: Server, sandbox: str, tmp_path: Path) -> None:
    server.answers = [SUBMIT, Answer(REFUSED, 400)]
    ran = evaluate(cli, server, sandbox, tmp_path)
    assert ran.code == 3
    assert "no score: 1 of 2 episodes were lost" in ran.out
    assert "pass@1" not in ran.out
    (entry,) = (tmp_path / "run" / "entries").iterdir()
    assert json.loads(entry.read_text())["scores"] == {}
    shown = cli("board", "--folder", tmp_path / "run")
    assert "no score: 1 of 2 lost" in shown.out
    assert cli("board", "--folder", tmp_path / "run", "--verify", tmp_path / "run").code == 0


def test_run_says_it_too(cli: Cli, server: Server, sandbox: str, tmp_path: Path) -> None:
    options = ("--dialect", "native", "--task", "words", "--workers", 1, "--sandbox", sandbox)
    options += ("--policy", settings(server, tmp_path))
    for samples, told in ((2, "no score: 1 of 2 episodes were lost"), (17, "(1 of 17 episodes were lost)")):
        server.answers = [*[SUBMIT] * (samples - 1), Answer(REFUSED, 400)]
        ran = cli("run", "mini", *options, "--samples", samples, "--out", tmp_path / str(samples))
        assert ran.code == 3
        assert told in ran.out


def test_half_a_character_is_shown_and_ends_nothing(
    cli: Cli, server: Server, sandbox: str, tmp_path: Path
) -> None:
    text = '{"path": "a.py", "text": "\\ud83d\\u001b[2J"}'
    server.answers = [Answer(said("\ud83d\x1b[2J", tool_calls=[called("create", text)]))]
    server.answers += [SUBMIT]
    who = ("--policy", settings(server, tmp_path), "--dialect", "native", "--task", "words", "--sandbox", sandbox)
    ran = cli("run", "mini", *who, "--out", tmp_path / "run")
    assert ran.code == 0, ran.err
    shown = cli("show", tmp_path / "run", 0, "--full")
    assert "\x1b[2J" not in shown.out
    assert "a.py" in shown.out
    assert cli("show", tmp_path / "run", 0, "--json").value["steps"][0]["tool"] == "create"


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_terminal_of_few_characters_is_written_to(tmp_path: Path, more: tuple[str, ...]) -> None:
    known = {
        "id": "1",
        "suite": "s",
        "task": "t",
        "task_digest": "d",
        "policy": "p\u00e9",
        "seed": 1,
        "patch": "\u2192",
    }
    step = Step(action="\U0001f600", tool=None, observation="\u00e9")
    episode = Episode.model_validate(known | {"stop": "submitted", "steps": [step]})
    (tmp_path / "e.jsonl").write_text(episode.model_dump_json() + "\n")
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path.cwd())}
    command = [
        sys.executable,
        "-c",
        "from codegym.cli import app; app()",
        "show",
        str(tmp_path / "e.jsonl"),
        *more,
    ]
    ran = subprocess.run(command, env=env, capture_output=True, check=False)
    assert (ran.returncode, b"Traceback" in ran.stderr) == (0, False), ran.stderr.decode()
    assert b"\\U0001f600" in ran.stdout


UNSENDABLE = [
    "extra_body = {top_p = nan}",
    "extra_body = {when = 2026-01-01}",
    "temperature = inf",
    "max_tokens = 0",
]


@pytest.mark.parametrize(
    "more",
    ["extra_body = {top_p = nan}", "extra_body = {when = 2026-01-01}", "temperature = nan", "max_tokens = 0"],
)
def test_unsendable_settings_are_misuse(cli: Cli, server: Server, tmp_path: Path, more: str) -> None:
    ran = cli("run", "mini", "--policy", settings(server, tmp_path, more), "--out", tmp_path / "run")
    assert (ran.code, ran.err.count("error:")) == (2, 1), ran.err


@pytest.mark.train
@pytest.mark.parametrize("verb", ["run", "eval"])
def test_a_model_without_a_template_is_misuse(cli: Cli, tmp_path: Path, verb: str) -> None:
    pytest.importorskip("trl", reason="needs the train extra")
    from codegym.train.model.tiny import make_tokenizer

    tokenizer = make_tokenizer(["a = 1"] * 10, 300)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path / "model")
    ran = cli(verb, "mini", "--policy", f"local:{tmp_path / 'model'}", "--out", tmp_path / "run")
    assert ran.code == 2
    (line,) = ran.err.strip().splitlines()
    assert "no chat template" in line
    assert "model" in line
