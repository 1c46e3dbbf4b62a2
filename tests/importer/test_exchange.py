"""Suites out and in again, predictions and reports, by the command line too."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codegym.certificate import TaskCertificate
from codegym.cli.app import main
from codegym.episode import Outcome, TestStatus, Verdict
from codegym.errors import ConfigError, TaskError
from codegym.exporter.predictions import Prediction, read_predictions, write_predictions
from codegym.exporter.report import instance_report, make_report, read_report, write_report
from codegym.foundry.certify.store import keep_certificates
from codegym.importer.imported_task import ImportOptions
from codegym.importer.repository.swebench import swe_bench
from codegym.importer.rows import read_rows, write_rows
from codegym.suite import load_suite
from tests.importer.conftest import FIX, Certified, Repository
from tests.importer.repository.test_repository import swe_row

Capture = pytest.CaptureFixture[str]


def output_of(capsys: Capture, *arguments: object) -> dict[str, Any]:
    assert main([*map(str, arguments), "--json"]) == 0, capsys.readouterr().err
    parsed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return parsed


def test_rows_that_are_imported_are_exported_unchanged(
    repository: Repository, tmp_path: Path, capsys: Capture
) -> None:
    rows = [swe_row(repository), swe_row(repository, instance_id="acme__clock-2", image="acme/clock:2")]
    write_rows(tmp_path / "rows.jsonl", rows)
    out = tmp_path / "suites" / "clock"
    output = output_of(
        capsys, "import", "swebench", tmp_path / "rows.jsonl", "--out", out, "--repositories", repository.url
    )
    assert output["suite"] == "codegym/clock-v1"
    assert output["to_fetch"] == 1
    assert output["images_not_here"] == ["acme/clock:2", "swebench/sweb.eval.x86_64.acme_1776_clock-1:latest"]
    assert output_of(capsys, "build", "clock")["tasks"] == 2
    output_of(capsys, "export", "clock", "--to", "swebench", "--out", tmp_path / "back")
    assert list(read_rows(tmp_path / "back" / "rows.jsonl")) == rows
    assert main(["export", "clock", "--to", "swebench", "--out", str(tmp_path / "back")]) == 2


def test_gymnasium_finds_an_imported_suite(repository: Repository, tmp_path: Path, capsys: Capture) -> None:
    write_rows(tmp_path / "rows.jsonl", [swe_row(repository)])
    output_of(
        capsys, "import", "swe-bench", tmp_path / "rows.jsonl", "--name", "found", "--repositories", repository.url
    )
    program = "import gymnasium; print(gymnasium.make('codegym/found-v1', sandbox='fake').unwrapped.suite.name)"
    ran = subprocess.run(
        [sys.executable, "-c", program], env=dict(os.environ), capture_output=True, text=True, check=True
    )
    assert ran.stdout == "found\n"


def test_any_suite_can_be_exported_as_rows_with_a_repository(
    tmp_path: Path, certified: Certified, capsys: Capture
) -> None:
    output_of(capsys, "export", "kata", "--split", "val", "--to", "swebench", "--out", tmp_path)
    rows = {row["codegym"]["id"]: row for row in read_rows(tmp_path / "rows.jsonl")}
    kata = load_suite("kata")
    assert list(rows) == [task.id for task in kata.split("val")]
    options = ImportOptions(repositories=f"file://{tmp_path}/repositories/{{repo}}.git")
    for task_id, row in rows.items():
        again = swe_bench(row, options).task
        task = kata.task(task_id)
        assert (again.id, again.gold_patch, again.image) == (task.id, task.gold_patch, task.image)
        assert again.tests.model_dump(exclude={"hidden"}) == task.tests.model_dump(exclude={"hidden"})
    one = certified(swe_bench(rows["clockwork"], options))
    task = one.task("clockwork")
    assert one.tree(task).digest == kata.tree(kata.task("clockwork")).digest
    assert one.hidden(task) == kata.hidden(kata.task("clockwork"))


def test_predictions_are_graded_and_reported(
    repository: Repository, tmp_path: Path, certified: Certified, capsys: Capture
) -> None:
    rows = [swe_row(repository, instance_id=f"acme__clock-{number}") for number in range(4)]
    write_rows(tmp_path / "rows.jsonl", rows)
    more = ("--name", "clocks", "--image", "python", "--repositories", repository.url)
    output_of(capsys, "import", "swe-bench", tmp_path / "rows.jsonl", *more)
    output_of(capsys, "build", "clocks")
    answers = [
        ("0", FIX + "\n"),
        ("1", FIX.replace("* 60", "* 61")),
        ("2", ""),
        ("3", FIX.replace("* 6\n", "* 7\n")),
    ]
    made = [Prediction(instance_id=f"acme__clock-{n}", model_name_or_path="m", model_patch=p) for n, p in answers]
    write_predictions(tmp_path / "made.jsonl", made)
    report = output_of(
        capsys, "grade", "clocks", tmp_path / "made.jsonl", "--out", tmp_path / "report", "--workers", 2
    )
    assert report["resolved_ids"] == ["acme__clock-0"]
    assert report["unresolved_ids"] == ["acme__clock-1"]
    assert report["empty_patch_ids"] == ["acme__clock-2"]
    assert report["error_ids"] == ["acme__clock-3"]
    assert read_report(tmp_path / "report" / "report.json").model_dump() == report
    output = json.loads((tmp_path / "report" / "instances" / "acme__clock-1.json").read_text())["acme__clock-1"]
    assert output["tests_status"]["FAIL_TO_PASS"] == {"success": [], "failure": ["tests/test_clock.py::test_day"]}
    assert output["resolved"] is False


def test_a_refused_instance_is_an_error_and_the_others_are_graded(
    repository: Repository, tmp_path: Path, capsys: Capture
) -> None:
    names = ["acme__clock-0", "acme__clock-1", "acme__clock-2"]
    write_rows(tmp_path / "rows.jsonl", [swe_row(repository, instance_id=name) for name in names])
    more = ("--name", "refusing", "--image", "python", "--repositories", repository.url)
    output_of(capsys, "import", "swe-bench", tmp_path / "rows.jsonl", *more)
    output_of(capsys, "build", "refusing")
    suite = load_suite("refusing")
    bad = suite.task(names[1])
    outcomes = {"gold": Outcome.UNRESOLVED, "empty": Outcome.UNRESOLVED}
    refused = TaskCertificate(task=bad.id, digest=bad.digest, flaky=False, seconds=1, why="gold fails", **outcomes)
    keep_certificates(suite, [refused])
    load_suite.cache_clear()
    made = [Prediction(instance_id=name, model_patch=FIX) for name in names[:2]]
    write_predictions(tmp_path / "made.jsonl", made)
    assert main(["grade", "refusing", str(tmp_path / "made.jsonl"), "--json"]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["resolved_ids"], report["error_ids"]) == (names[:1], names[1:2])
    assert (report["submitted_ids"], report["incomplete_ids"]) == (names[:2], names[2:])
    assert report["total_instances"] == 3
    assert "acme__clock-1" in printed.err
    assert "gold fails" in printed.err


def test_one_model_is_graded_by_the_last_of_its_answers(
    repository: Repository, tmp_path: Path, certified: Certified, capsys: Capture
) -> None:
    certified(
        swe_bench(swe_row(repository), ImportOptions(image="python", repositories=repository.url)), name="models"
    )
    answers = [("good", FIX), ("bad", FIX.replace("* 60", "* 61")), ("bad", ""), ("good", FIX), ("fickle", FIX)]
    answers.append(("fickle", FIX.replace("* 60", "* 61")))
    made = [
        Prediction(instance_id="acme__clock-1", model_name_or_path=m, model_patch=patch) for m, patch in answers
    ]
    write_predictions(tmp_path / "p.jsonl", made)
    assert main(["grade", "models", str(tmp_path / "p.jsonl")]) == 2
    assert "3 models: 'good' (2), 'bad' (2), 'fickle' (2); pick one with --model" in capsys.readouterr().err
    assert main(["grade", "models", str(tmp_path / "p.jsonl"), "--model", "godo"]) == 2
    assert "only of 'good' (2)" in capsys.readouterr().err
    found = [
        output_of(capsys, "grade", "models", tmp_path / "p.jsonl", "--model", m) for m in ("good", "bad", "fickle")
    ]
    assert [report["resolved_instances"] for report in found] == [1, 0, 0]
    assert [report["empty_patch_instances"] for report in found] == [0, 1, 0]
    assert main(["grade", "models", str(tmp_path / "p.jsonl"), "--model", "fickle"]) == 0
    assert "acme__clock-1: there is more than one prediction, and they differ" in capsys.readouterr().err


@pytest.mark.parametrize("answer", [
    {"instance_id": "a", "model_name_or_path": "m", "patch": "p"},
    {"instance_id": "a", "prediction": "p"},
    {"instance": "a", "model_patch": "p"},
    {},
])  # fmt: skip
def test_an_answer_in_another_column_is_an_error(answer: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps(answer))
    with pytest.raises(TaskError, match=f"prediction 1 has no .*: it has {', '.join(answer) or 'no key'}"):
        list(read_predictions(tmp_path / "p.jsonl"))


def test_a_broken_task_and_a_hostile_id_leave_the_report_whole(
    repository: Repository, tmp_path: Path, capsys: Capture
) -> None:
    name = "../../evil"
    row = swe_row(repository, instance_id=name, test_patch=FIX.replace("hours", "days"))
    write_rows(tmp_path / "rows.jsonl", [row])
    more = ("--name", "broken", "--image", "python", "--repositories", repository.url)
    output_of(capsys, "import", "swe-bench", tmp_path / "rows.jsonl", *more)
    output_of(capsys, "build", "broken")
    write_predictions(tmp_path / "made.jsonl", [Prediction(instance_id=name, model_patch=FIX)])
    report = output_of(capsys, "grade", "broken", tmp_path / "made.jsonl", "--out", tmp_path / "a" / "report")
    assert report["error_ids"] == [name]
    assert [path.name for path in (tmp_path / "a").rglob("*.json")] == ["report.json", "evil.json"]


def test_predictions_in_several_forms_keep_their_other_columns(tmp_path: Path) -> None:
    rows = [{"instance_id": "a", "model_name_or_path": "m", "model_patch": "p", "cost": 3}]
    bare = {name: value for name, value in rows[0].items() if name != "instance_id"}
    for name, value in (("list", rows), ("map", {"a": rows[0]}), ("bare", {"a": bare}), ("one", rows[0])):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
        assert [found.model_dump() for found in read_predictions(tmp_path / f"{name}.json")] == rows
    (tmp_path / "patches.json").write_text('{"a": "p", "b": null}')
    assert [found.model_patch for found in read_predictions(tmp_path / "patches.json")] == ["p", None]
    write_predictions(tmp_path / "p.jsonl", read_predictions(tmp_path / "list.json"))
    assert list(read_rows(tmp_path / "p.jsonl")) == rows
    (tmp_path / "none.json").write_text("{}")
    assert list(read_predictions(tmp_path / "none.json")) == []
    (tmp_path / "bare.json.gz").write_bytes(gzip.compress((tmp_path / "bare.json").read_bytes()))
    assert [found.model_dump() for found in read_predictions(tmp_path / "bare.json.gz")] == rows
    (tmp_path / "keys.json").write_text('{"a": {"patch": "p"}}')
    with pytest.raises(TaskError, match="no 'model_patch': it has instance_id, patch"):
        list(read_predictions(tmp_path / "keys.json"))
    (tmp_path / "p.jsonl").write_text('{"patch": ""}\n')
    with pytest.raises(TaskError, match="prediction 1"):
        list(read_predictions(tmp_path / "p.jsonl"))


def test_reports_are_read_and_written_without_loss(tmp_path: Path) -> None:
    good = Verdict(outcome=Outcome.RESOLVED, fail_to_pass={"t": TestStatus.PASSED})
    lost = Verdict(outcome=Outcome.INFRA_ERROR)
    report = make_report(["a", "b", "c", "d"], ["a", "b", "c"], {"a": good, "b": lost})
    assert (report.completed_ids, report.error_ids, report.incomplete_ids) == (["a"], ["b"], ["d"])
    value = report.model_dump() | {"their own": 1}
    write_report(tmp_path / "report.json", value)
    assert read_report(tmp_path / "report.json").model_dump() == value
    assert instance_report("a", good)["a"]["tests_status"]["FAIL_TO_PASS"] == {"success": ["t"], "failure": []}
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(TaskError, match="total_instances"):
        read_report(tmp_path / "report.json")


def test_a_run_is_exported_as_predictions_and_report(tmp_path: Path, capsys: Capture) -> None:
    assert (
        main(
            [
                "run",
                "kata",
                "--task",
                "tip-jar",
                "--policy",
                "gold",
                "--sandbox",
                "fake",
                "--out",
                str(tmp_path / "run"),
            ]
        )
        == 0
    )
    capsys.readouterr()
    more = ("--episodes", tmp_path / "run", "--out")
    assert output_of(capsys, "export", "kata", "--to", "predictions", *more, tmp_path / "p.jsonl")["count"] == 1
    (found,) = read_predictions(tmp_path / "p.jsonl")
    assert (found.instance_id, found.model_name_or_path) == ("tip-jar", "gold")
    output_of(capsys, "export", "kata", "--to", "report", *more, tmp_path / "r.json")
    assert read_report(tmp_path / "r.json").submitted_ids == ["tip-jar"]


@pytest.mark.parametrize(("line", "message"), [
    ("import swe-bnch x.jsonl", "Did you mean 'swe-bench'"),
    ("import swe-bench none.jsonl --name x", "there is no file"),
    ("import swe-bench none.jsonl --name X", "no name for a suite"),
    ("export kata --to habor --out x", "Did you mean 'harbor'"),
    ("export kata --to report --out x", "--episodes"),
    ("grade kata none.jsonl", "there is no file"),
])  # fmt: skip
def test_an_error_is_printed_in_one_line(line: str, message: str, capsys: Capture) -> None:
    assert main(line.split()) == 2
    assert message in capsys.readouterr().err


def test_a_folder_with_other_files_is_left_alone(repository: Repository, tmp_path: Path) -> None:
    from codegym.importer.suite_folder import write_suite
    from codegym.suite import Manifest

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    task = swe_bench(swe_row(repository), ImportOptions())
    manifest = Manifest(name="mine", version=1, title="M")
    with pytest.raises(ConfigError, match="has files that are no imported suite"):
        write_suite(tmp_path / "mine", manifest, [task])
    with pytest.raises(TaskError, match="two tasks have the id"):
        write_suite(tmp_path / "other", manifest, [task, task])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "mine"]
