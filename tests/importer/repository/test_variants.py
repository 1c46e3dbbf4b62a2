"""Rows with the columns of data sets that are not here: each parses, keeps its row, and means what it says."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from codegym.errors import TaskError
from codegym.importer.formats import find_format, read_tasks
from codegym.importer.imported_task import ImportOptions
from codegym.importer.repository.multi_swe_bench import multi_swe_bench
from codegym.importer.repository.r2e_gym import r2e_gym
from codegym.importer.repository.swe_smith import swe_smith
from codegym.importer.repository.swebench import swe_bench, swe_gym, swe_rebench
from codegym.importer.rows import Row, write_rows
from codegym.importer.suite_folder import write_suite
from codegym.importer.suite_import import import_suite
from codegym.suite import Manifest
from codegym.task import GitSource, Task
from tests.importer.conftest import BUG, FIX, TESTS
from tests.importer.repository.test_repository import r2e_row

ROW: Row = {
    "repo": "acme/clock",
    "instance_id": "acme__clock-1",
    "base_commit": "0" * 40,
    "patch": FIX,
    "test_patch": TESTS,
    "problem_statement": "A day is too short.",
    "hints_text": None,
    "created_at": "2024-01-01T00:00:00Z",
    "version": "1.0",
    "FAIL_TO_PASS": ["tests/test_clock.py::test_day"],
    "PASS_TO_PASS": None,
    "environment_setup_commit": None,
}
GO_TESTS = TESTS.replace("tests/test_clock.py", "clock_test.go")


def without(*names: str) -> Row:
    return {name: value for name, value in ROW.items() if name not in names}


def command(task: Task) -> str:
    return task.tests.command.removeprefix("python3 .codegym/log_tap.py ")


def test_rows_of_lite_full_and_train_are_read() -> None:
    few = without("hints_text", "version", "created_at", "PASS_TO_PASS")
    assert swe_bench(few, ImportOptions()).task.id == "acme__clock-1"
    withheld = swe_bench(few | {"FAIL_TO_PASS": "", "patch": "", "test_patch": ""}, ImportOptions()).task
    assert (withheld.tests.fail_to_pass, withheld.tests.hidden, withheld.gold_patch) == ((), None, "")


def changing(path: str) -> str:
    """The patch that solves a task in another language: of one file, and of the changelog."""
    return FIX.replace("clock.py", path) + FIX.replace("clock.py", "CHANGELOG.md")


def test_the_language_of_multimodal_and_multilingual_is_that_of_the_gold_patch() -> None:
    shown = {"image_assets": '{"problem_statement": ["https://example.org/a.png"]}'}
    row = ROW | shown | {"FAIL_TO_PASS": ["Clock adds"], "patch": changing("clock.ts")}
    task = swe_bench(row, ImportOptions()).task
    assert (task.metadata["language"], command(task)) == ("typescript", "marks 'npm test'")
    fixtures = TESTS.replace("tests/test_clock.py", "tests/fixtures/a.py")
    ruff = ROW | {"FAIL_TO_PASS": ["rules::clock::day"], "patch": changing("src/clock.rs"), "test_patch": fixtures}
    task = swe_bench(ruff, ImportOptions()).task
    assert (task.metadata["language"], command(task)) == ("rust", "cargo 'cargo test --no-fail-fast'")
    caddy = {"FAIL_TO_PASS": ["TestDay"], "patch": changing("clock.go"), "test_patch": changing("a.caddyfiletest")}
    task = swe_bench(ROW | caddy, ImportOptions()).task
    assert (task.metadata["language"], command(task)) == ("go", "go 'go test -v ./...'")
    withheld = swe_bench(ROW | {"FAIL_TO_PASS": ["TestDay"], "patch": "", "test_patch": GO_TESTS}, ImportOptions())
    assert withheld.task.metadata["language"] == "go"


def test_rows_that_nothing_here_can_run_are_imported_and_counted(tmp_path: Path) -> None:
    ruby = ROW | {"instance_id": "ruby-1", "FAIL_TO_PASS": ["Clock adds"], "patch": changing("clock.rb")}
    own = ruby | {"instance_id": "ruby-2", "test_cmd": "bundle exec rspec"}
    unknown = ROW | {"instance_id": "none-1", "FAIL_TO_PASS": ["a day"], "patch": changing("clock.zig")}
    unknown |= {"test_patch": ""}
    write_rows(tmp_path / "rows.jsonl", [ROW, ruby, own, unknown])
    made = import_suite("swe-bench", tmp_path / "rows.jsonl", ImportOptions())
    why = "no runner of codegym reads the log of its tests"
    assert made.without_runner == {f"ruby: {why}": 2, f"unknown language: {why}": 1}
    for task in made.suite.tasks.values():
        assert ("no_runner" in task.metadata) is (task.id != ROW["instance_id"])
        assert "pytest" not in task.tests.command
    forced = swe_bench(ruby, ImportOptions(test_command="rake test")).task
    assert (command(forced), "no_runner" in forced.metadata) == ("pytest 'rake test'", False)


def test_sympy_is_run_in_the_environment_that_swe_bench_gives_it() -> None:
    row = ROW | {"repo": "sympy/sympy", "FAIL_TO_PASS": ["test_day"]}
    warnings = "PYTHONWARNINGS=ignore::UserWarning,ignore::SyntaxWarning"
    expected = f"sympy '{warnings} bin/test -C --verbose tests/test_clock.py'"
    assert command(swe_bench(row, ImportOptions()).task) == expected


def test_rows_of_live_are_read() -> None:
    live = {"pull_number": "7", "issue_numbers": ["6"], "test_cmds": ["pytest -rA tests"], "log_parser": "pytest"}
    task = swe_bench(ROW | live | {"difficulty": {"files": 1, "hunks": 1, "lines": 2}}, ImportOptions()).task
    assert task.image == "starryzhang/sweb.eval.x86_64.acme_1776_clock-1:latest"
    code = {"log_parser": "def parser(log):\n    return jest(log)\n", "FAIL_TO_PASS": ["a name"]}
    assert command(swe_bench(ROW | live | code, ImportOptions()).task) == "pytest 'pytest -rA tests'"


def test_the_instruction_of_pro_adds_requirements_and_interface() -> None:
    pro = without("FAIL_TO_PASS", "PASS_TO_PASS") | {
        "fail_to_pass": "['TestDay']",
        "pass_to_pass": '["TestNone"]',
        "requirements": "- A day has 1440 minutes.",
        "interface": "func Minutes(hours int) int",
        "repo_language": "go",
        "dockerhub_tag": "acme.clock-1",
        "selected_test_files_to_run": '["clock_test.go"]',
    }
    task = swe_bench(pro, ImportOptions()).task
    assert task.instruction.split("\n\n") == [
        "A day is too short.",
        "Requirements:\n- A day has 1440 minutes.",
        "Interface:\nfunc Minutes(hours int) int",
    ]
    assert task.tests.pass_to_pass == ("TestNone",)


@pytest.mark.parametrize("pack", [dict, json.dumps])
def test_rows_of_both_versions_of_rebench_are_read(pack: Callable[[Row], object]) -> None:
    config: Row = {"python": "3.9", "test_cmd": "pytest -rA", "log_parser": "parse_log_pytest", "packages": None}
    first: Row = {"install_config": pack(config), "requirements": "attrs==1\n", "meta": {"num_modified_files": 1}}
    first |= {"FAIL_TO_PASS": ["a name"], "docker_image": "swerebench/x"}
    task = swe_rebench(ROW | first, ImportOptions()).task
    assert (task.image, command(task)) == ("swerebench/x", "pytest 'pytest -rA'")
    assert task.instruction == "A day is too short."
    config = {"test_cmd": ["go test -v ./..."], "log_parser": "parse_log_gotest"}
    second = {"install_config": pack(config), "language": "go", "image_name": "docker.io/x:1", "interface": ""}
    task = swe_rebench(ROW | second | {"FAIL_TO_PASS": ["TestA"]}, ImportOptions()).task
    assert (task.image, command(task)) == ("docker.io/x:1", "go 'go test -v ./...'")


def test_rows_of_gym_with_few_columns_are_read() -> None:
    row = without("environment_setup_commit", "hints_text")
    assert swe_gym(row, ImportOptions()).task.image == "xingyaoww/sweb.eval.x86_64.acme_s_clock-1:latest"
    with pytest.raises(TaskError, match="no column 'FAIL_TO_PASS'"):
        swe_gym(without("FAIL_TO_PASS"), ImportOptions())


def test_a_row_of_smith_needs_no_network() -> None:
    row = {
        "instance_id": "acme__clock.0a1b2c3d.func_basic__x",
        "repo": "swesmith/acme__clock.0a1b2c3d",
        "patch": BUG,
        "FAIL_TO_PASS": ["tests/test_clock.py::test_day"],
        "PASS_TO_PASS": [],
        "image_name": "swebench/swesmith.x86_64.acme_1776_clock.0a1b2c3d",
        "problem_statement": "",
    }
    task = swe_smith(row, ImportOptions()).task
    assert task.source == GitSource(url="https://github.com/swesmith/acme__clock.0a1b2c3d.git", commit="HEAD")
    assert (task.gold_patch, task.image) == (FIX, row["image_name"])
    assert "tests/test_clock.py::test_day" in task.instruction


def test_a_row_of_r2e_gets_an_owner_and_its_prompt_is_not_shown() -> None:
    from tests.importer.conftest import Repository

    row = r2e_row(Repository("", "0" * 40, "1" * 40)) | {"repo_name": "pandas", "problem_statement": ""}
    task = r2e_gym(row | {"prompt": "Write an issue about this diff: the solution"}, ImportOptions()).task
    assert task.source == GitSource(url="https://github.com/pandas-dev/pandas.git", commit="1" * 40)
    assert "solution" not in task.instruction


def test_rows_of_multi_swe_bench_may_come_from_a_table_of_columns() -> None:
    said = {"run": "NONE", "test": "NONE", "fix": "PASS"}
    row = {
        "org": "acme",
        "repo": "clock",
        "number": 7,
        "base": json.dumps({"label": "acme:main", "ref": "main", "sha": "0" * 40}),
        "title": "Repair days",
        "body": None,
        "resolved_issues": None,
        "fix_patch": changing("clock.go").rstrip("\n"),
        "test_patch": GO_TESTS,
        "fixed_tests": {"TestDay": said, "TestOfAnotherRow": None},
        "p2p_tests": {"TestOfAnotherRow": None},
        "f2p_tests": {},
        "s2p_tests": None,
    }
    task = multi_swe_bench(row, ImportOptions()).task
    assert (task.tests.fail_to_pass, task.tests.pass_to_pass) == (("TestDay",), ())
    assert (task.metadata["language"], task.source) == (
        "go",
        GitSource(url="https://github.com/acme/clock.git", commit="0" * 40),
    )


def test_numbers_and_texts_that_are_not_valid_json_are_kept(tmp_path: Path) -> None:
    row = ROW | {"score": math.inf, "scores": [math.nan, -math.inf], "text": "\u2028 \x7f 😀"}
    write_rows(tmp_path / "rows.jsonl", [row])
    (found,) = read_tasks(find_format("swe-bench"), tmp_path / "rows.jsonl", ImportOptions())
    write_suite(tmp_path / "suite", Manifest(name="odd", version=1, title="Odd"), [found])
    again = Task.model_validate_json((tmp_path / "suite" / "tasks.jsonl").read_text().removesuffix("\n"))
    assert repr(again.metadata["row"]) == repr(row)
