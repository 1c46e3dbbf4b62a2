"""Rows whose solution is right at their source resolve here, whatever their repository's tests are run with."""

import json
from pathlib import Path
from typing import Any

import pytest

from codegym.episode import Outcome
from codegym.grade.grade import grade_empty, grade_gold
from codegym.importer.imported_task import ImportOptions
from codegym.importer.repository.swebench import swe_bench
from codegym.importer.rows import Row
from codegym.patch import make_patch
from codegym.sandbox.protocol import File
from codegym.suite import Suite
from codegym.task import Task
from tests.importer.conftest import git, suite_of, usable

BROKEN = 'def minutes(hours):\n    """\n    >>> minutes(2)\n    120\n    """\n    return hours * 6\n'
REPAIRED = BROKEN.replace("* 6\n", "* 60\n")
CHECK = "from pkg.clock import minutes\n\n\ndef test_day():\n    assert minutes(24) == 1440\n"
DAY = "tests/test_clock.py::test_day"


def row_of(folder: Path, fail: list[str], keep: list[str], *, tests: dict[str, str], **files: str) -> Row:
    """Make a repository ``acme/made`` in ``folder`` whose ``pkg/clock.py`` is broken, and return a row of it."""
    given = {path.replace("__", "/"): text for path, text in files.items()} | {"pkg/__init__.py": ""}
    root = folder / "acme" / "made.git"
    root.mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "uploadpack.allowAnySHA1InWant", "true")
    for path, text in (given | {"pkg/clock.py": BROKEN}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "-m", "a commit")
    hidden = {path: File(text.encode()) for path, text in tests.items()}
    return {
        "repo": "acme/made",
        "instance_id": "acme__made-1",
        "base_commit": git(root, "rev-parse", "HEAD"),
        "patch": make_patch({"pkg/clock.py": File(BROKEN.encode())}, {"pkg/clock.py": File(REPAIRED.encode())}),
        "test_patch": make_patch({}, dict(hidden)),
        "problem_statement": "A day is too short.",
        "FAIL_TO_PASS": json.dumps(fail),
        "PASS_TO_PASS": json.dumps(keep),
    }


def resolved(folder: Path, row: Row, **options: Any) -> tuple[Suite, Task]:
    """Import a row, and check that its gold patch resolves it and an empty patch does not."""
    box = usable("bwrap")
    suite = suite_of(
        swe_bench(row, ImportOptions(image="python", repositories=f"file://{folder}/{{repo}}.git", **options))
    )
    (task,) = suite.tasks.values()
    gold = grade_gold(suite, task, backend=box, cache=None)
    assert gold.outcome is Outcome.RESOLVED, gold.detail
    empty = grade_empty(suite, task, backend=box, cache=None)
    assert empty.outcome is Outcome.UNRESOLVED, empty.detail
    return suite, task


def test_expected_failures_count_as_tests_that_pass(tmp_path: Path) -> None:
    checks = CHECK + (
        "\n\nimport pytest\n\n\n@pytest.mark.xfail\ndef test_later():\n    assert False\n"
        "\n\ndef test_called():\n    pytest.xfail('later')\n"
    )
    keep = ["tests/test_clock.py::test_later", "tests/test_clock.py::test_called"]
    resolved(tmp_path, row_of(tmp_path, [DAY], keep, tests={"tests/test_clock.py": checks}))


ADDOPTS = {
    "import mode": ("--import-mode=importlib", {"tests/a/test_x.py": CHECK, "tests/b/test_x.py": CHECK}),
    "a plugin": ("-p extra", {"tests/test_clock.py": CHECK.replace("test_day()", "test_day(day)")}),
    "an own option": ("--slow --cov=pkg -n 4", {"tests/test_clock.py": CHECK.replace("()", "(slow)")}),
}
FIXTURES = {
    "extra.py": "import pytest\n\n\n@pytest.fixture\ndef day():\n    return 24\n",
    "conftest.py": (
        "import pytest\n\n\ndef pytest_addoption(parser):\n    parser.addoption('--slow', action='store_true')\n"
        "\n\n@pytest.fixture\ndef slow(request):\n"
        "    return request.config.getoption('--slow') or pytest.skip('slow')\n"
    ),
}


@pytest.mark.parametrize("case", list(ADDOPTS))
def test_options_of_a_row_s_command_that_tests_need_are_kept(case: str, tmp_path: Path) -> None:
    options, tests = ADDOPTS[case]
    fail = [f"{path}::test_day" for path in tests]
    config = f"[pytest]\naddopts = {options} -x --maxfail=1 -ra\n"
    resolved(tmp_path, row_of(tmp_path, fail, [], tests=tests, **{"pytest.ini": config}, **FIXTURES))


@pytest.mark.parametrize("by_command", [False, True])
def test_a_doctest_in_the_repaired_file_decides(by_command: bool, tmp_path: Path) -> None:
    config = {} if by_command else {"setup.cfg": "[tool:pytest]\naddopts = --doctest-modules --strict-markers\n"}
    row = row_of(
        tmp_path, ["pkg/clock.py::pkg.clock.minutes", DAY], [], tests={"tests/test_clock.py": CHECK}, **config
    )
    row |= {"test_cmd": "pytest -rA --doctest-modules pkg tests"} if by_command else {}
    resolved(tmp_path, row)


def test_a_single_bracket_and_a_cut_name_lose_no_other_names(tmp_path: Path) -> None:
    given = ["[", "]", "a b", "a [b"]
    checks = CHECK.replace(
        "def test_day()", f"@__import__('pytest').mark.parametrize('n', {given})\ndef test_day(n)"
    )
    whole = [f"{DAY}[{name}]" for name in given]
    (tmp_path / "whole").mkdir()
    row = row_of(tmp_path / "whole", whole, [], tests={"tests/test_clock.py": checks})
    _, task = resolved(tmp_path / "whole", row)
    assert task.tests.framework == "pytest"
    cut = [whole[0], whole[2], f"{DAY}[a"]
    (tmp_path / "cut").mkdir()
    _, task = resolved(tmp_path / "cut", row_of(tmp_path / "cut", cut, [], tests={"tests/test_clock.py": checks}))
    assert task.tests.framework == "tap"


MOCHA = """\
from pkg.clock import minutes

day = minutes(24) == 1440
print('  Clock')
print('    ✓ waits 100 ms' if day else '    1) waits 100 ms')
print('    ✓ waits (12ms)' if day else '    2) waits (12ms)')
print('    ✓ waits [0.3s]' if day else '    3) waits [0.3s]')
print('    ✓ is quick (3ms)')
print('    4) has no net\\n    5) has no display\\n    6) has no clock')
raise SystemExit(3 if day else 6)
"""


def test_a_runner_whose_exit_code_counts_failures_and_names_that_end_like_durations(tmp_path: Path) -> None:
    fail, keep = ["waits 100 ms", "waits (12ms)", "waits [0.3s]"], ["is quick"]
    row = row_of(tmp_path, fail, keep, tests={"test/clock.spec.js": ""}, **{"run.py": MOCHA})
    resolved(tmp_path, row | {"test_cmd": "PYTHONPATH=. python3 run.py", "repo_language": "js"})


def test_a_process_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    row = row_of(tmp_path, [DAY], [], tests={"tests/test_clock.py": CHECK}, **{"conftest.py": ""})
    resolved(tmp_path, row, test_command="sleep 600 & python3 -m pytest -rA tests")
