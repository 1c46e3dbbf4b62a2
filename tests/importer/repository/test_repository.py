"""Each format of tasks in repositories, on one made for the test: gold resolves, an empty patch does not."""

import json
from typing import Any

import pytest

from codegym.errors import TaskError
from codegym.importer.imported_task import ImportedTask, ImportOptions
from codegym.importer.repository.multi_swe_bench import multi_swe_bench
from codegym.importer.repository.r2e_gym import r2e_gym
from codegym.importer.repository.swe_smith import swe_smith
from codegym.importer.repository.swebench import swe_bench, swe_gym, swe_rebench
from codegym.importer.rows import Row
from tests.importer.conftest import BUG, FIX, NEW_TESTS, OLD_TESTS, TESTS, Certified, Repository, suite_of, usable

DAY, NONE = "tests/test_clock.py::test_day", "tests/test_clock.py::test_none"


def options(repository: Repository, **more: Any) -> ImportOptions:
    return ImportOptions(image="python", repositories=repository.url, **more)


def swe_row(repository: Repository, **more: object) -> Row:
    return {
        "repo": "acme/clock",
        "instance_id": "acme__clock-1",
        "base_commit": repository.broken,
        "patch": FIX,
        "test_patch": TESTS,
        "problem_statement": "A day is too short.",
        "FAIL_TO_PASS": json.dumps([DAY]),
        "PASS_TO_PASS": json.dumps([NONE]),
        **more,
    }


def r2e_row(repository: Repository) -> Row:
    def change(path: str, old: str, new: str) -> Row:
        return {"header": {"file": {"path": path}}, "old_file_content": old, "new_file_content": new}

    code = "def minutes(hours):\n    return hours * {}\n"
    commit = {
        "new_commit_hash": repository.repaired,
        "old_commit_hash": f"{repository.repaired}^",
        "file_diffs": [
            change("clock.py", code.format(6), code.format(60)),
            change("tests/test_clock.py", OLD_TESTS, NEW_TESTS),
        ],
    }
    ran = {
        "test_file_names": ["test_1.py"],
        "test_file_codes": [NEW_TESTS],
        "old_commit_res_stdout": "PASSED r2e_tests/test_1.py::test_none\nFAILED t.py::test_day - assert\n",
    }
    return {
        "repo_name": "acme/clock",
        "docker_image": "namanjain12/clock_final:1",
        "commit_hash": repository.repaired,
        "parsed_commit_content": json.dumps(commit),
        "execution_result_content": json.dumps(ran),
        "expected_output_json": json.dumps({"test_none": "PASSED", "test_day": "PASSED"}),
        "problem_statement": "A day is too short.",
    }


def multi_row(repository: Repository) -> Row:
    status = {"run": "NONE", "test": "FAIL", "fix": "PASS"}
    return {
        "org": "acme",
        "repo": "clock",
        "number": 7,
        "base": {"ref": "main", "sha": repository.broken},
        "resolved_issues": [{"number": 1, "title": "Days", "body": "A day is too short."}],
        "fix_patch": FIX,
        "test_patch": TESTS,
        "f2p_tests": {},
        "n2p_tests": {"test_clock.py::test_day": status},
        "p2p_tests": {"test_clock.py::test_none": status},
    }


def test_tasks_of_swe_bench_gym_and_rebench_are_certified(repository: Repository, certified: Certified) -> None:
    row = swe_row(repository)
    plain = swe_bench(row, options(repository))
    suite = certified(plain)
    assert suite.task("acme__clock-1").metadata["row"] == row
    for reader in (swe_gym, swe_rebench):
        other = reader(row, options(repository)).task
        assert other.digest == plain.task.digest


def test_tests_without_node_ids_are_run_by_a_command(repository: Repository, certified: Certified) -> None:
    row = swe_row(repository, FAIL_TO_PASS=[DAY + "[a"], PASS_TO_PASS=[NONE])
    tests = TESTS.replace(
        "+def test_day():\n", "+@__import__('pytest').mark.parametrize('x', ['a b'])\n+def test_day(x):\n"
    )
    row["test_patch"] = tests.replace("@@ -3,3 +3,7 @@", "@@ -3,3 +3,8 @@")
    suite = certified(swe_bench(row, options(repository)))
    assert suite.task("acme__clock-1").tests.framework == "tap"


def test_a_task_of_swe_smith_is_certified(repository: Repository, certified: Certified) -> None:
    row = swe_row(repository, base_commit=repository.repaired, patch=BUG, image_name="swesmith/clock")
    assert swe_smith(row, ImportOptions()).task.image == "swesmith/clock"
    task = swe_smith(row, options(repository)).task
    assert (task.setup_patch, task.gold_patch) == (BUG, FIX)
    certified(ImportedTask(task))


def test_a_swe_smith_row_without_a_commit_uses_the_head_of_its_mirror(repository: Repository) -> None:
    row = {key: value for key, value in swe_row(repository, patch=BUG).items() if key != "base_commit"}
    suite = suite_of(swe_smith(row, options(repository)))
    (task,) = suite.tasks.values()
    seen = suite.base_file(task, "clock.py")
    assert seen is not None
    assert b"* 6\n" in seen.content
    with pytest.raises(TaskError, match="git fetch failed"):
        suite_of(swe_smith(row | {"repo": "acme/none"}, options(repository)), name="none")


def test_a_task_of_r2e_gym_is_certified(repository: Repository, certified: Certified) -> None:
    found = r2e_gym(r2e_row(repository), options(repository))
    assert found.task.tests.fail_to_pass == ("r2e_tests/test_1.py::test_day",)
    assert found.task.tests.pass_to_pass == ("r2e_tests/test_1.py::test_none",)
    suite = certified(found)
    seen = suite.base_file(found.task, "tests/test_clock.py")
    assert seen is not None
    assert b"test_day" not in seen.content


def test_a_task_of_multi_swe_bench_is_certified(repository: Repository, certified: Certified) -> None:
    row = multi_row(repository)
    task = multi_swe_bench(row, ImportOptions()).task
    assert task.image == "mswebench/acme_m_clock:pr-7"
    assert task.instruction == "# Days\n\nA day is too short."
    ran = "python3 -m pytest -rA --tb=no tests | sed s,tests/,,"
    python = multi_swe_bench(row | {"lang": "python"}, options(repository, test_command=ran))
    certified(python)


@pytest.mark.parametrize("where", ["bwrap", pytest.param("docker", marks=pytest.mark.docker)])
def test_the_error_for_a_missing_image_names_it(repository: Repository, where: str) -> None:
    from codegym.env import CodeEnv
    from codegym.errors import SandboxError

    found = swe_bench(swe_row(repository, image="acme/clock:7"), ImportOptions(repositories=repository.url))
    message = "unknown image 'acme/clock:7'.*--image"
    with CodeEnv(suite_of(found), sandbox=usable(where)) as env, pytest.raises(SandboxError, match=message):
        env.reset()


@pytest.mark.docker
def test_a_task_in_a_repository_is_certified_on_docker(repository: Repository, certified: Certified) -> None:
    certified(swe_bench(swe_row(repository), options(repository)), where="docker")


def test_the_error_for_hidden_tests_that_do_not_apply_names_the_task(repository: Repository) -> None:
    suite = suite_of(swe_bench(swe_row(repository, test_patch=FIX.replace("hours", "days")), options(repository)))
    with pytest.raises(TaskError, match="the hidden tests of acme__clock-1 do not apply"):
        suite.hidden(suite.task("acme__clock-1"))
