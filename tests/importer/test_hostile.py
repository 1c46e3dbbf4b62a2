"""Rows and folders made by somebody who wants something outside of them, or who writes nonsense."""

import json
from pathlib import Path

import pytest

from codegym.cli.app import main
from codegym.errors import TaskError
from codegym.exporter.harbor import export_harbor
from codegym.importer.folder.exercism import exercism
from codegym.importer.folder.harbor import harbor
from codegym.importer.formats import find_format, read_tasks
from codegym.importer.imported_task import ImportOptions, safe_task_id
from codegym.importer.repository.own_row import own_row
from codegym.importer.repository.swebench import swe_bench
from codegym.importer.rows import Row, write_rows
from codegym.importer.suite_folder import write_suite
from codegym.suite import Manifest, load_suite
from tests.importer.conftest import FIX, TESTS, Repository, suite_of
from tests.importer.folder.test_harbor import HARBOR, written
from tests.importer.function.test_functions import MBPP, exercise
from tests.importer.repository.test_repository import swe_row


@pytest.mark.parametrize("repo", [
    "/etc", "file:///etc", "../secret", "a/../../b", "ext::sh -c id", "ext::sh -c id ://", "--upload-pack=id", "",
])  # fmt: skip
def test_a_row_names_no_repository_of_this_machine(repo: str) -> None:
    with pytest.raises(TaskError, match="neither owner/name nor a URL"):
        ImportOptions().url(repo)
    assert ImportOptions().url("https://example.org/a.git") == "https://example.org/a.git"


@pytest.mark.parametrize(("text", "plain"), [
    ("../../etc/passwd", "etc-passwd"), ("a/../b", "a-..-b"), (".git", "git"), ("x" * 999, "x" * 200),
    ("a\0b", "a-b"),
])  # fmt: skip
def test_a_task_id_is_a_single_file_name(text: str, plain: str) -> None:
    assert safe_task_id(text).replace("/", "") == safe_task_id(text) == plain
    with pytest.raises(TaskError, match="can't be the id of a task"):
        safe_task_id("/../")


def test_a_row_that_codegym_exported_is_not_trusted_either(tmp_path: Path) -> None:
    kata = load_suite("kata")
    task = kata.task("tip-jar")
    own = {"id": "../../out", "image": "python", "tests": {"framework": "pytest"}, "limits": {}}
    row = {"repo": "a/b", "base_commit": "0" * 40, "patch": "", "test_patch": "", "problem_statement": "x"}
    made = own_row(row | {"FAIL_TO_PASS": "[]", "PASS_TO_PASS": "[]", "codegym": own}, ImportOptions()).task
    assert made.id == "out"
    export_harbor(kata, [task.model_copy(update={"id": made.id})], tmp_path / "a" / "b", lambda done: None)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "cache") == ["a"]


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/hostname", "link.py"])
def test_an_exercise_reads_no_file_outside_of_its_folder(tmp_path: Path, path: str) -> None:
    root = exercise(tmp_path / "track") / "leap"
    (tmp_path / "track" / "secret.txt").write_text("a secret")
    (root / "link.py").symlink_to("../secret.txt")
    files = {"solution": ["leap.py"], "test": ["leap_test.py"], "example": [path]}
    (root / ".meta" / "config.json").write_text(json.dumps({"files": files}))
    with pytest.raises(TaskError, match="leads out of"):
        list(exercism(tmp_path / "track", ImportOptions()))


@pytest.mark.parametrize("name", ["instruction.md", "task.toml", "tests", "environment", "solution"])
def test_a_task_folder_reads_no_file_outside_of_itself(tmp_path: Path, name: str) -> None:
    root = written(tmp_path / "tasks" / "text", HARBOR)
    (root / name).rename(tmp_path / "elsewhere")
    (root / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TaskError, match=f"text: '{name}.*' leads out of"):
        list(harbor(tmp_path / "tasks", ImportOptions(image="python")))


@pytest.mark.parametrize(("name", "text", "message"), [
    ("task.toml", "version = ", "task.toml|TOMLDecodeError"),
    ("instruction.md", b"\xff\xfe", "UnicodeDecodeError"),
    ("environment/Dockerfile", "FROM\n", "ValueError"),
    ("environment/Dockerfile", "FROM x\nCOPY 'a b\n", "ValueError"),
    ("environment/Dockerfile", "", "names its image"),
])  # fmt: skip
def test_the_error_for_a_malformed_folder_names_it(
    tmp_path: Path, name: str, text: str | bytes, message: str
) -> None:
    root = written(tmp_path / "tasks" / "text", HARBOR)
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(TaskError, match=f"tasks/text.*({message})"):
        list(harbor(tmp_path / "tasks", ImportOptions()))


BROKEN = {
    ".meta/config.json": [b"{", b"[]", b'{"files": []}', b'{"files": {"solution": ["leap.py"]}}', b"\xff"],
    ".docs/instructions.md": [b"\xff"],
    "leap_test.py": [b"def test(:", b"\xff"],
}


def test_one_exercise_of_many_that_cant_be_read_is_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = [(name, content) for name, contents in BROKEN.items() for content in contents]
    exercise(tmp_path / "track")
    for number, (name, content) in enumerate(contents):
        root = exercise(tmp_path / "track" / f"broken{number:02}")
        (root / "leap" / name).write_bytes(content)
    command = ["import", "exercism", str(tmp_path / "track"), "--name", "some"]
    assert main([*command, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["tasks"], value["skipped"]) == (1, len(contents))
    assert [why.partition("/leap")[0][-2:] for why in value["skipped_because"]] == [
        f"{number:02}" for number in range(len(contents))
    ]
    assert main(command) == 0
    assert f"{len(contents)} could not be read and were skipped:" in capsys.readouterr().out


def test_one_folder_of_many_that_cant_be_read_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path / "tasks" / "a", HARBOR | {"task.toml": "version = "})
    written(tmp_path / "tasks" / "b", HARBOR)
    written(tmp_path / "tasks" / "c", HARBOR | {"environment/Dockerfile": "FROM x\nCOPY 'a b\n"})
    written(tmp_path / "tasks" / "d", {"task.toml": "", "instruction.md": ""})
    assert [found.task.id for found in harbor(tmp_path / "tasks", ImportOptions())] == ["b"]
    assert [f"tasks/{name}" in line for name, line in zip("acd", caplog.messages, strict=True)] == [True] * 3


def test_one_row_of_many_that_cant_be_read_or_written_is_skipped(tmp_path: Path) -> None:
    rows = [MBPP | {"task_id": 1, "code": "print 'two'\n"}, MBPP, MBPP | {"task_id": 3, "text": "a \ud800"}, MBPP]
    deep = f"x = {'-' * 100_000}1\ndef area(sides): ...\n"
    rows.append(MBPP | {"task_id": 4, "code": deep})
    (tmp_path / "rows.jsonl").write_text("\n".join(["no json", *map(json.dumps, rows)]))
    skipped: list[TaskError] = []
    found = read_tasks(find_format("mbpp"), tmp_path / "rows.jsonl", ImportOptions(skip=skipped.append))
    assert (
        write_suite(tmp_path / "suite", Manifest(name="some", version=1, title="Some"), found, skipped.append) == 1
    )
    expected = ["line 1", "row 1", "can't be written", "two tasks have the id 'mbpp-7'", "row 5"]
    assert [part in str(error) for part, error in zip(expected, skipped, strict=True)] == [True] * len(expected)


def test_patches_write_nothing_outside_of_the_repository(repository: Repository) -> None:
    out = FIX.replace("clock.py", "../../clock.py")
    row = swe_row(repository, patch=out, test_patch=TESTS.replace("tests/test_clock.py", "../test_clock.py"))
    suite = suite_of(swe_bench(row, ImportOptions(image="python", repositories=repository.url)))
    (task,) = suite.tasks.values()
    with pytest.raises(TaskError, match=r"refused file name '\.\./test_clock\.py'"):
        suite.hidden(task)


@pytest.mark.parametrize(("format_", "row", "message"), [
    ("mbpp", MBPP | {"code": "print 'two'\n"}, "is not valid Python"),
    ("mbpp", MBPP | {"test_list": "assert area(1)"}, "test names"),
    ("swe-smith", {"instance_id": "a", "repo": "a/b", "patch": "no patch", "FAIL_TO_PASS": []}, "patch line 1"),
    ("r2e-gym", {"parsed_commit_content": "[]", "execution_result_content": "{"}, ""),
    ("multi-swe-bench", {"org": "a", "repo": "b", "number": 1, "base": {}, "resolved_issues": "x"}, ""),
    ("humaneval", {"task_id": "a", "entry_point": "f"}, "no column 'prompt'"),
    ("evalplus", {"task_id": "Mbpp/1", "canonical_solution": "def f(): ...", "entry_point": "f"}, ""),
    ("humanevalpack", {"task_id": "CPP/1", "buggy_solution": "", "canonical_solution": ""}, ""),
])  # fmt: skip
def test_the_error_for_a_malformed_row_names_it(tmp_path: Path, format_: str, row: Row, message: str) -> None:
    write_rows(tmp_path / "rows.jsonl", [row])
    with pytest.raises(TaskError, match=f"rows.jsonl, row 1.*{message}"):
        list(read_tasks(find_format(format_), tmp_path / "rows.jsonl", ImportOptions()))
