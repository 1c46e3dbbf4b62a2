"""SWE-bench's rows: the real ones parse and lose nothing; what relatives call their columns is understood."""

import json
from pathlib import Path

import pytest

from codegym.catalog import suites_dir
from codegym.errors import TaskError
from codegym.exporter.swebench import export_rows
from codegym.importer.formats import find_format, read_tasks
from codegym.importer.imported_task import ImportOptions
from codegym.importer.repository.language import dialect
from codegym.importer.repository.swebench import swe_bench, swe_gym, swe_rebench
from codegym.importer.rows import read_rows
from codegym.importer.suite_folder import write_suite
from codegym.patch import patch_paths
from codegym.suite import Manifest, load_suite
from codegym.task import GitSource, PatchSource
from tests.importer.conftest import FIX, TESTS, data

ROW = {
    "repo": "acme/clock",
    "instance_id": "acme__clock-1",
    "base_commit": "0" * 40,
    "patch": FIX,
    "test_patch": TESTS,
    "problem_statement": "A day is too short.",
    "FAIL_TO_PASS": '["tests/test_clock.py::test_day"]',
    "PASS_TO_PASS": ["tests/test_clock.py::test_none"],
    "a column of theirs": {"kept": [1, None]},
}


@pytest.mark.parametrize(("name", "count"), [("verified-test", 500), ("lite-dev", 23)])
def test_published_rows_are_read_without_loss(name: str, count: int, tmp_path: Path) -> None:
    path = data(f"swebench/{name}.parquet")
    pytest.importorskip("pyarrow")
    found = list(read_tasks(find_format("swe-bench"), path, ImportOptions()))
    write_suite(suites_dir() / "published", Manifest(name="published", version=1, title="Published"), found)
    suite = load_suite("published")
    assert export_rows(suite, suite.tasks.values(), tmp_path / "out", lambda done: None) == count
    assert list(read_rows(tmp_path / "out" / "rows.jsonl")) == list(read_rows(path))
    tasks = [imported.task for imported in found]
    assert len({task.id for task in tasks}) == count
    for task, row in zip(tasks, read_rows(path), strict=True):
        assert task.metadata["row"] == row
        assert task.image == row["image"]
        assert set(json.loads(row["FAIL_TO_PASS"])) == set(task.tests.fail_to_pass)
        assert task.gold_patch == row["patch"]
        assert patch_paths(task.gold_patch)
        assert patch_paths(row["test_patch"])
        assert task.source == GitSource(url=f"https://github.com/{row['repo']}.git", commit=row["base_commit"])


def test_a_row_of_swe_bench_gives_a_task() -> None:
    task = swe_bench(ROW, ImportOptions()).task
    assert task.instruction == "A day is too short."
    assert task.image == "swebench/sweb.eval.x86_64.acme_1776_clock-1:latest"
    assert task.tests.framework == "pytest"
    assert task.tests.hidden == PatchSource(patch=TESTS)
    assert task.tests.pass_to_pass == ("tests/test_clock.py::test_none",)
    assert task.metadata["row"] == ROW
    assert swe_gym(ROW, ImportOptions()).task.image == "xingyaoww/sweb.eval.x86_64.acme_s_clock-1:latest"
    assert swe_bench(ROW, ImportOptions(image="python")).task.image == "python"


def test_columns_may_have_the_names_of_other_data_sets() -> None:
    config = {"test_cmd": "pytest -rA tests", "log_parser": "parse_log_pytest"}
    row = ROW | {"install_config": config, "docker_image": "acme/clock:1", "FAIL_TO_PASS": ["test_x (a.B)"]}
    task = swe_rebench(row, ImportOptions()).task
    assert task.image == "acme/clock:1"
    assert task.tests.command == "python3 .codegym/log_tap.py pytest 'pytest -rA tests'"
    pro = {key: value for key, value in ROW.items() if not key.endswith("_TO_PASS")}
    pro |= {
        "fail_to_pass": "['TestA']",
        "pass_to_pass": "[]",
        "dockerhub_tag": "acme.clock-1",
        "repo_language": "go",
    }
    task = swe_bench(pro, ImportOptions()).task
    assert task.image == "jefzda/sweap-images:acme.clock-1"
    assert task.tests.fail_to_pass == ("TestA",)
    assert ".codegym/log_tap.py go " in task.tests.command


def test_a_row_s_command_is_the_text_between_the_marks() -> None:
    script = ": '>>>>> Start Test Output'\n./tests/runtests.py clock\n: '>>>>> End Test Output'\n"
    row = ROW | {"FAIL_TO_PASS": ["test_x (a.B)"], "eval_script": script, "log_parser": "parse_log_django"}
    task = swe_bench(row, ImportOptions()).task
    assert task.tests.command == "python3 .codegym/log_tap.py django './tests/runtests.py clock'"
    assert ".codegym/log_tap.py" in task.setup_patch


def test_the_dialect_follows_from_parser_and_language() -> None:
    assert dialect("parse_log_sympy", "python") == "sympy"
    assert dialect("psf/requests", "python") == "pytest_options"
    assert dialect("parse_log_jest", "javascript") == "marks"
    assert dialect("acme/clock", "rust") == "cargo"


def test_the_error_for_a_missing_column_lists_the_columns() -> None:
    with pytest.raises(TaskError, match="no column 'base_commit': it has repo, instance_id"):
        swe_bench({"repo": "a/b", "instance_id": "1", "patch": ""}, ImportOptions())
    with pytest.raises(TaskError, match="test names"):
        swe_bench(ROW | {"FAIL_TO_PASS": "[1]"}, ImportOptions())
