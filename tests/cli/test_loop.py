"""One way through the command line: evaluate two policies, rank them, look at what they did, go on, verify."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codegym.deadline import NAMES, Ledger
from codegym.episode import Episode, StopReason
from codegym.episode_file import read_episodes

from .conftest import Cli


def test_eval_writes_episodes_and_entries(measured: Path) -> None:
    assert len(list(read_episodes(measured))) == 2 * 3 * 2
    entry = json.loads((measured / "entries" / "gold.json").read_text())
    assert (entry["suite"], entry["tasks"], entry["samples_per_task"]) == ("mini", 3, 2)
    assert entry["counts"] == {"clamp": [2, 2], "total": [2, 2], "words": [2, 2]}


def test_eval_tells_people_pass_at_k_with_intervals(cli: Cli, measured: Path) -> None:
    options = ("--samples", 2, "--policy", "gold", "--no-publish", "--resume")
    ran = cli("eval", "mini", *options, "--out", measured)
    assert ran.code == 0
    assert "pass@1: 100.0 % (100.0 to 100.0)" in ran.out
    assert "pass@2: 100.0 %" in ran.out
    assert len(list(read_episodes(measured))) == 2 * 3 * 2  # all of them were there


def test_eval_against_another_entry_gives_the_paired_gain(cli: Cli, measured: Path, tmp_path: Path) -> None:
    noop = measured / "entries" / "noop.json"
    options = ("--samples", 2, "--policy", "gold", "--no-publish", "--resume", "--out", measured, "--against")
    line = "pass@1 against noop: +100.0 points (+100.0 to +100.0), paired on 3 tasks in 3 clusters"
    ran = cli("eval", "mini", *options, noop)
    assert ran.code == 0, ran.err
    assert "; 3 clusters: the interval is rough" in ran.out
    assert line in ran.out
    against = cli("eval", "mini", *options, noop, "--json").value["against"]
    assert (against["before"], against["gains"]["pass@1"]["value"]) == ("noop", 1.0)
    assert cli("compare", noop, measured / "entries" / "gold.json", "--json").value == against
    assert line in cli("compare", noop, measured / "entries" / "gold.json").out
    other = tmp_path / "other.json"
    other.write_text(noop.read_text().replace('"suite_digest": "', '"suite_digest": "f'))
    for path, said in ((other, "another version of suite 'mini'"), (measured, "not one board entry but 2")):
        ran = cli("eval", "mini", *options, path)
        assert (ran.code, said in ran.err) == (2, True)


@pytest.mark.parametrize("verb", ["run", "eval"])
def test_a_folder_with_episodes_is_not_written_to_by_accident(cli: Cli, measured: Path, verb: str) -> None:
    ran = cli(verb, "mini", "--policy", "noop", "--out", measured)
    assert ran.code == 2
    assert "--resume" in ran.err


def test_board_ranks_a_folder_of_entries(cli: Cli, measured: Path) -> None:
    ran = cli("board", "--folder", measured, "--json")
    assert ran.code == 0
    (board,) = ran.value
    rows = [(row["rank"], row["policy"], row["pass@1"]) for row in board["rows"]]
    assert rows == [(1, "gold", 1.0), (2, "noop", 0.0)]
    assert "gold" in Path(board["readme"]).read_text()
    assert "gold" in Path(board["page"]).read_text()
    assert "100.0 [100.0 to 100.0]" in cli("board", "--folder", measured).out


def test_an_edited_entry_does_not_verify(cli: Cli, measured: Path, tmp_path: Path) -> None:
    cli("board", "--folder", measured)
    assert cli("board", "--folder", measured, "--verify", measured).code == 0
    (tmp_path / "entries").mkdir()
    (tmp_path / "board.toml").write_text((measured / "board.toml").read_text())
    entry = (measured / "entries" / "noop.json").read_text()
    (tmp_path / "entries" / "noop.json").write_text(entry.replace("0.0", "0.5", 1))
    ran = cli("board", "--folder", tmp_path, "--verify", measured, "--json")
    assert ran.code == 1
    assert ran.value[0]["differs"]


def test_show_tells_every_row_of_the_ledger(cli: Cli, tmp_path: Path) -> None:
    ledger = Ledger()
    for number, name in enumerate(NAMES):
        ledger.note(name, None if number == 1 else 10.0 * number, 1.25, fired=name == "model request")
    known = {"id": "1", "suite": "s", "task": "t", "task_digest": "d", "policy": "p", "seed": 1}
    episode = Episode(**known, stop=StopReason.INFRA_ERROR, deadlines=ledger.entries())
    (tmp_path / "e.jsonl").write_text(episode.model_dump_json() + "\n")
    told = cli("show", tmp_path / "e.jsonl").out
    rows = {row[0]: row[1].split() for line in told.splitlines() for row in [line.split("  ", 1)] if len(row) == 2}
    assert set(NAMES) <= set(rows)
    assert rows["reset"] == ["none", "1", "0", "1.25", "s", "1.25", "s"]
    assert rows["model request"] == ["60", "s", "1", "1", "1.25", "s", "1.25", "s"]


def test_show_lists_and_tells_an_episode(cli: Cli, measured: Path) -> None:
    listed = cli("show", measured.parent, "--policy", "gold", "--task", "clamp", "--json").value
    assert {(row["outcome"], row["reward"]) for row in listed} == {("resolved", 1.0)}
    episode = cli("show", measured, 0, "--policy", "gold", "--task", "clamp", "--json").value
    assert (episode["task"], episode["verdict"]["outcome"]) == ("clamp", "resolved")
    told = cli("show", measured, 0, "--policy", "gold", "--task", "clamp").out
    for part in ("too large", "turn 1: replace", "+++ b/src/clamp.py", "fail-to-pass", "reward 1"):
        assert part in told
    assert cli("show", measured, 99).code == 2


def test_run_plays_single_tasks_and_replays_them(cli: Cli, sandbox: str, tmp_path: Path) -> None:
    options = ("--task", "words", "--dialect", "line", "--sandbox", sandbox, "--json")
    first = cli("run", "mini", "--policy", "random", *options, "--no-cache", "--out", tmp_path / "1")
    assert first.code == 0, first.err
    assert (first.value["episodes"], first.value["verdicts_cached"]) == (1, 0)
    replay = f"replay:{tmp_path / '1'}"
    again = cli("run", "mini", "--policy", replay, *options, "--out", tmp_path / "2")
    (one,), (two,) = (list(read_episodes(tmp_path / name)) for name in "12")
    assert again.code == 0
    assert [step.observation for step in two.steps] == [step.observation for step in one.steps]


def test_going_on_otherwise_is_refused(cli: Cli, sandbox: str, tmp_path: Path) -> None:
    options = ("--policy", "noop", "--task", "words", "--sandbox", sandbox, "--out", tmp_path)
    assert cli("run", "mini", *options, "--dialect", "line").code == 0
    ran = cli("run", "mini", *options, "--dialect", "shell", "--resume")
    assert ran.code == 2
    assert "dialect 'line', now 'shell'" in ran.err


def test_a_command_that_was_wrong_can_be_mended(cli: Cli, sandbox: str, tmp_path: Path) -> None:
    options = ("run", "mini", "--policy", "noop", "--task", "words", "--out", tmp_path / "run")
    assert cli(*options, "--sandbox", "bwarp").code == 2
    assert not (tmp_path / "run").exists()
    assert cli(*options, "--sandbox", sandbox).code == 0


def test_trouble_with_a_policy_is_infrastructure(cli: Cli, sandbox: str, tmp_path: Path) -> None:
    settings = tmp_path / "endpoint.toml"
    settings.write_text('base_url = "http://127.0.0.1:9/v1"\nmodel = "nobody"\nattempts = 1\n')
    options = ("--policy", f"endpoint:{settings}", "--task", "words", "--sandbox", sandbox, "--json")
    ran = cli("run", "mini", *options, "--out", tmp_path / "run")
    assert (ran.code, ran.value["infra_errors"], ran.value["mean_reward"]) == (3, 1, None)


def test_certify_executes_what_tasks_claim(cli: Cli, sandbox: str) -> None:
    ran = cli("certify", "mini", "words", "clamp", "--sandbox", sandbox, "--json")
    assert ran.code == 0, ran.err
    found = ran.value
    counts = {name: found[name] for name in ("tasks", "gold_resolved", "empty_resolved", "flaky")}
    assert counts == {"tasks": 2, "gold_resolved": 2, "empty_resolved": 0, "flaky": 0}
    assert [row["task"] for row in found["results"]] == ["words", "clamp"]


def test_sandbox_list_names_this_process_and_prune_spares_it(cli: Cli, sandbox: str, measured: Path) -> None:
    def held() -> list[int]:
        return [row["pid"] for row in cli("sandbox", "list", "--json").value if row["held"]]

    assert cli("sandbox", "prune", "--json").code == 0
    assert (os.getpid() in held()) == (sandbox == "bwrap")


def test_ctrl_c_keeps_what_ended_and_says_how_to_go_on(
    cli: Cli, third_party: Path, sandbox: str, tmp_path: Path
) -> None:
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a shell's & has it ignored
    code = f"{heard}; from codegym.cli import app; app()"
    line = ["run", "mini", "--policy", "random", "--samples", "500", "--sandbox", sandbox, "--out", str(tmp_path)]
    env = os.environ | {"PYTHONPATH": f"{third_party}:{Path.cwd()}"}
    with subprocess.Popen(
        [sys.executable, "-c", code, *line, "--workers", "2"], env=env, stderr=subprocess.PIPE, text=True
    ) as running:
        deadline = time.monotonic() + 60
        while not _ended(tmp_path) and time.monotonic() < deadline and running.poll() is None:
            time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
    assert f"--resume --out {tmp_path}" in err
    before = _ended(tmp_path)
    ran = cli("run", "mini", "--policy", "random", "--sandbox", sandbox, "--out", tmp_path, "--resume", "--json")
    assert (ran.code, ran.value["episodes"]) == (0, 3)
    assert before <= _ended(tmp_path) <= before + 3


def _ended(folder: Path) -> int:
    return len(list(read_episodes(folder))) if folder.is_dir() else 0
