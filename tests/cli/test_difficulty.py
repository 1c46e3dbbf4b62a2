"""`codegym difficulty`, and what `codegym list tasks` says of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codegym.suite import Suite

from .conftest import Cli


@pytest.fixture
def odd(mini: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite of the user's own, with the tasks of ``mini``."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "codegym" / "suites" / "odd"
    shutil.copytree(mini.root, folder)
    manifest = (folder / "suite.toml").read_text()
    (folder / "suite.toml").write_text(manifest.replace('"mini"', '"odd"'))
    return folder


def test_difficulty_is_unknown_until_it_is_measured(cli: Cli, odd: Path, sandbox: str, tmp_path: Path) -> None:
    tasks = cli("list", "tasks", "odd", "--json").value
    assert {(task["difficulty"], task["solve_rate"]) for task in tasks} == {("unknown", None)}
    out = tmp_path / "run"
    ran = cli(
        "difficulty", "odd", "--policy", "noop", "--attempts", 4, "--out", out, "--sandbox", sandbox, "--json"
    )
    assert ran.code == 0, ran.err
    assert ran.value["labels"] == {"easy": 0, "medium": 0, "hard": 0, "unknown": 3}
    assert (odd / "difficulty.jsonl").read_text().count("\n") == 3
    tasks = cli("list", "tasks", "odd", "--json").value
    assert {(task["difficulty"], task["solve_rate"], task["attempts"]) for task in tasks} == {("unknown", 0.0, 4)}
    assert "0.0 to 49.0" in cli("list", "tasks", "odd").out


def test_recorded_episodes_count_once(cli: Cli, odd: Path, sandbox: str, tmp_path: Path) -> None:
    more = ("--sandbox", sandbox, "--workers", 3, "--samples", 4, "--resume", "--out", tmp_path / "run")
    assert cli("run", "odd", "--policy", "noop", *more).code == 0
    for task, name in (("clamp", "strong"), ("total", "strong")):
        assert cli("run", "odd", "--policy", "gold", "--task", task, "--name", name, *more).code == 0
    ran = cli("difficulty", "odd", "--episodes", tmp_path / "run", "--json")
    again = cli("difficulty", "odd", "--episodes", tmp_path / "run", "--json")
    assert (ran.code, again.value) == (0, ran.value)
    assert [(row["task"], row["attempts"], row["solved"]) for row in ran.value["rows"]] == [
        ("clamp", 8, 4), ("total", 8, 4), ("words", 4, 0)
    ]  # fmt: skip
    assert {row["policy"]: row["pass@1"] for row in ran.value["policies"]} == {"noop": 0.0, "strong": 1.0}
    assert (
        "odd: 3 tasks, 0 easy, 0 medium, 0 hard, 3 unknown"
        in cli("difficulty", "odd", "--episodes", tmp_path / "run").out
    )


def test_gold_is_no_measure(cli: Cli, odd: Path) -> None:
    ran = cli("difficulty", "odd", "--policy", "gold")
    assert (ran.code, "knows the solution" in ran.err) == (2, True)
    assert not (odd / "difficulty.jsonl").exists()
