"""What every verb has: help that teaches, JSON alone on stdout, errors in one line, telling exit codes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import codegym
from codegym.cli.app import VERBS
from codegym.suite import Suite

from .conftest import Cli

CONFIG = 'name = "n"\n[policy]\nmodel = "m"\n[env]\nsuite = "kata"\n'


@pytest.mark.parametrize("verb", VERBS)
def test_help_teaches(cli: Cli, verb: str) -> None:
    ran = cli(verb, "--help")
    assert ran.code == 0
    assert "Example" in ran.out
    assert f"codegym {verb}" in ran.out
    assert "--json" in ran.out


def test_the_verbs_are_listed_with_what_exit_codes_mean(cli: Cli) -> None:
    ran = cli("--help")
    assert ran.code == 0
    assert all(verb in ran.out for verb in VERBS)
    assert "130" in ran.out


@pytest.mark.parametrize(
    ("verbs", "heavy"),
    [
        ([], ["torch", "trl", "transformers", "docker", "gymnasium", "numpy"]),
        (list(VERBS), ["torch", "trl", "transformers", "docker"]),
    ],
)
def test_help_loads_nothing_heavy(verbs: list[str], heavy: list[str]) -> None:
    lines = [f"main([*{[verb]}, '--help'])" for verb in verbs] or ["main(['--help'])"]
    code = ["import sys", "from codegym.cli.app import main", *lines]
    code.append(f"sys.exit(' '.join(set(sys.modules) & set({heavy})))")
    done = subprocess.run([sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bord", "Did you mean 'board'?"),
        ("list siutes", "Did you mean 'suites'?"),
        ("list tasks kta", "Did you mean 'kata'?"),
        ("build kta", "Did you mean 'kata'?"),
        ("build kata", "there is nothing to build"),
        ("certify kata tip-jr", "Did you mean 'tip-jar'?"),
        ("certify kata --sandbox dokcer", "Did you mean 'docker'?"),
        ("forge nowhere", "neither a folder nor an sdist"),
        ("forge envs --operators remval", "Did you mean 'removal'?"),
        ("redteam kta", "Did you mean 'kata'?"),
        ("redteam kata --attack huge-ptch", "Did you mean 'huge-patch'?"),
        ("redteam kata --corpus nowhere.toml", "contains no valid attacks"),
        ("bench grad", "Did you mean 'grade'?"),
        ("bench grade kata", "name the tasks"),
        ("play kata tip-jr", "Did you mean 'tip-jar'?"),
        ("play kata --dialect taged", "Did you mean 'tagged'?"),
        ("run kta", "Did you mean 'kata'?"),
        ("run kata --policy golt", "Did you mean 'gold'?"),
        ("run kata --split tst", "Did you mean 'test'?"),
        ("eval kata --policy noop --board kat", "Did you mean 'kata'?"),
        ("eval pyrepair --policy noop --board kata", "ranks suite 'kata'"),
        ("train nowhere.toml", "can't read nowhere.toml"),
        ("board kat", "Did you mean 'kata'?"),
        ("show nowhere", "no episodes at 'nowhere'"),
        ("sandbox prun", "Did you mean 'prune'?"),
        ("sandbox exec --tree nowhere -- ls", "'nowhere' is not a folder"),
    ],
)
def test_misuse_is_one_line_and_exit_code_2(cli: Cli, line: str, said: str) -> None:
    ran = cli(*line.split(), "--json")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1


def test_the_version(cli: Cli) -> None:
    assert cli("--version").out == f"codegym {codegym.__version__}\n"


def test_an_option_that_does_not_exist_is_misuse(cli: Cli) -> None:
    ran = cli("run", "kata", "--polcy", "gold")
    assert ran.code == 2
    assert "--policy" in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CONFIG.replace("[env]", "[enf]"), "Did you mean 'env'?"),
        (CONFIG + "splt = 'train'\n", "Did you mean 'split'?"),
        (CONFIG + "max_turns = 0\n", "env.max_turns"),
        ("name = ", "run.toml"),
    ],
)
def test_a_bad_config_is_misuse(cli: Cli, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "run.toml").write_text(text)
    ran = cli("train", tmp_path / "run.toml", "--out", tmp_path / "run")
    assert ran.code == 2
    assert said in ran.err
    assert not (tmp_path / "run").exists()


def test_a_machine_that_refuses_is_infrastructure(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = cli("run", "mini", "--policy", "noop", "--out", tmp_path / "file" / "run")
    assert ran.code == 3
    assert "Not a directory" in ran.err


def test_a_suite_whose_image_is_missing_is_not_played(
    cli: Cli, mini: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    copy = shutil.copytree(mini.root, tmp_path / "codegym" / "suites" / "odd")
    (copy / "suite.toml").write_text((copy / "suite.toml").read_text().replace('"mini"', '"odd"'))
    for file in copy.glob("tasks/*/task.toml"):
        file.write_text(re.sub(r'^image = ".*"', 'image = "nowhere"', file.read_text(), flags=re.MULTILINE))
    ran = cli("run", "odd", "--policy", "noop", "--out", tmp_path / "run")
    assert ran.code == 3
    assert "'nowhere'" in ran.err
    assert not (tmp_path / "run").exists()


def test_doctor_says_what_works(cli: Cli) -> None:
    ran = cli("doctor", "--json")
    assert ran.code == (0 if ran.value["ready"] else 1)
    checks = {check["name"]: check for check in ran.value["checks"]}
    assert checks["python"]["ok"]
    assert {"bubblewrap", "docker", "disk"} <= set(checks)
    assert all(check["remedy"] for check in checks.values() if not check["ok"])


def test_list(cli: Cli) -> None:
    everything = cli("list", "--json").value
    assert set(everything) == {"suites", "images", "boards"}
    suites = {row["suite"]: row for row in cli("list", "suites", "--json").value}
    assert suites["mini"]["splits"] == {"train": 2, "test": 1}
    assert suites["kata"]["id"] == "codegym/kata-v1"
    tasks = cli("list", "tasks", "mini", "--split", "test", "--json").value
    assert [(task["task"], task["split"]) for task in tasks] == [("total", "test")]
    assert "kata" in cli("list").out


def test_a_broken_suite_is_listed_with_what_is_wrong(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    broken = tmp_path / "codegym" / "suites" / "broken"
    broken.mkdir(parents=True)
    (broken / "suite.toml").write_text('name = "Broken!"\nversion = 0\n')
    ran = cli("list", "suites", "--json")
    notes = {row["suite"]: row["note"] for row in ran.value}
    assert (ran.code, notes["kata"]) == (0, "")
    assert notes["broken"].startswith(f"{broken / 'suite.toml'}: name: String should match pattern")
    assert "version: Input should be greater" in notes["broken"]
    assert "title: Field required" in notes["broken"]
