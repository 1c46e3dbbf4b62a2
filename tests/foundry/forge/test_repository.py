"""Suites forged from repositories in three languages, and everything that a forged suite promises."""

from __future__ import annotations

import doctest
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import gymnasium
import pytest

from codegym.cli.app import main
from codegym.episode import Outcome
from codegym.errors import ConfigError, TaskError
from codegym.foundry.describe.change import HostIssue
from codegym.foundry.describe.mentions import mentions
from codegym.foundry.forge.forge import forge
from codegym.foundry.forge.options import ForgeOptions
from codegym.foundry.forge.report import ForgeReport
from codegym.foundry.repository.origin import origin
from codegym.foundry.repository.project import Project, project
from codegym.grade.grade import grade
from codegym.patch import make_patch
from codegym.registry import register_envs
from codegym.reward import subtask_verdicts
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import File
from codegym.suite import Suite, load_suite, read_certificates
from codegym.task import Task
from codegym.tree import file_at
from tests.foundry.repositories import (
    C_LATER,
    JAVASCRIPT,
    JAVASCRIPT_LATER,
    PYTHON,
    PYTHON_LATER,
    C,
    Texts,
    commit,
    git,
    write,
)

pytestmark = pytest.mark.slow

WORD_LIST = (JAVASCRIPT, JAVASCRIPT_LATER)
MESSAGE = (
    "Show an amount as a text, with two digits after the point\n\nFixes #12\nSigned-off-by: A <a@example.org>"
)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of suites of our own."""
    run = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        yield home


def project_of(folder: Path, command: str = "") -> Project:
    return project(origin(str(folder), folder), command)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ForgeReport:
    folder = tmp_path_factory.mktemp("python") / "ledger"
    folder.mkdir()
    commit(folder, PYTHON, "Begin")
    commit(folder, PYTHON_LATER, MESSAGE)
    write(folder, {"secret.txt": "never committed"})
    return forge(project_of(folder), ForgeOptions("ledger_made", most=4, repeats=2))


@pytest.fixture(scope="module")
def suite(report: ForgeReport) -> Suite:
    return load_suite("ledger_made")


def tasks_of(suite: Suite, operator: str) -> list[Task]:
    return [task for task in suite.tasks.values() if task.metadata["origin"] == operator]


def test_every_operator_makes_certified_tasks(report: ForgeReport, suite: Suite) -> None:
    successful = {name for name, result in report.operators.items() if result.certified > 0}
    assert successful >= {"mutation", "removal", "combined", "history", "chain"}
    assert len(suite.tasks) == report.tasks == sum(result.certified for result in report.operators.values())
    assert report.per_minute > 0
    assert report.tests == 10
    certificates = read_certificates(suite)
    assert {*certificates} == {*suite.tasks}
    assert not any(certificate.why for certificate in certificates.values())
    assert all(task.metadata["effort"] > 0 and "difficulty" not in task.metadata for task in suite.tasks.values())


def test_what_decides_is_not_in_the_agent_s_tree_nor_in_the_instruction(suite: Suite) -> None:
    for task in suite.tasks.values():
        hidden = suite.hidden(task)
        files = {path: suite.base_file(task, path) for path in hidden}
        assert task.metadata["hidden"] is True
        absent = [test for test in task.tests.fail_to_pass if not is_visible(test, files)]
        assert absent
        assert not {*absent} & {*task.instruction.split()}
        assert not {*absent} & {*task.tests.visible}


def is_visible(test: str, files: dict[str, File | None]) -> bool:
    """Return whether the agent has a test; ``files`` are its copies of those that grading replaces."""
    path, _, name = test.partition("::")
    file = files.get(path)
    return path not in files or (file is not None and f"def {name}(" in file.content.decode())


def test_the_memoriser_resolves_no_task(suite: Suite) -> None:
    certificates = read_certificates(suite)
    played = [name for name, task in suite.tasks.items() if task.metadata["origin"] != "history"]
    assert {certificates[name].memoriser for name in played} <= {Outcome.UNRESOLVED, Outcome.TIMEOUT, None}
    assert Outcome.UNRESOLVED in {certificates[name].memoriser for name in played}


def test_gymnasium_makes_an_env_of_the_suite(suite: Suite) -> None:
    register_envs()
    task = tasks_of(suite, "removal")[0]
    env = gymnasium.make("codegym/ledger_made-v1", task=task.id, disable_env_checker=True)
    observation, _ = env.reset()
    assert "NotImplementedError" in observation or "is missing" in observation
    env.close()


def test_the_box_has_the_committed_files_and_no_history(suite: Suite) -> None:
    for task in suite.tasks.values():
        for layer in suite.tree(task).layers:
            assert not (layer / ".git").exists()
            assert not (layer / "secret.txt").exists()


def test_a_removed_body_leaves_its_documentation(suite: Suite) -> None:
    for task in tasks_of(suite, "removal"):
        file = suite.base_file(task, "src/ledger/__init__.py")
        assert file is not None
        text = file.content.decode()
        assert text.count("raise NotImplementedError") == 1
        assert text.count('"""') == 12
        assert "for at, amount in" not in text or task.metadata["functions"] != ["largest"]


def test_no_instruction_names_a_test_or_a_changed_file(suite: Suite) -> None:
    for task in suite.tasks.values():
        tests = (*task.tests.deciding, "tests/test_ledger.py::test_total", "tests/test_show.py::test_show")
        assert mentions(task.instruction, tests, task.metadata["files"]) == ()
        assert "test_" not in task.instruction


def test_what_instructions_show_is_what_execution_gives(suite: Suite) -> None:
    path, shown = "src/ledger/__init__.py", 0
    for task in [*tasks_of(suite, "mutation"), *tasks_of(suite, "removal")]:
        wrong, right = suite.base_file(task, path), file_at(suite.root / task.source.path, path)  # type: ignore[union-attr]
        file = right if task.metadata["origin"] == "removal" else wrong
        assert file is not None
        ledger = ModuleType("ledger")
        exec(file.content, ledger.__dict__)  # noqa: S102
        for block in re.findall(r"```pycon\n(>>>.*?\n)```", task.instruction, re.DOTALL):
            text = block.replace(">>> import ledger\n", "").replace("# returns None\n", "")
            example = doctest.DocTestParser().get_doctest(text, {"ledger": ledger}, task.id, None, None)
            result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example)
            assert result.failed == 0
            shown += result.attempted
        for call, got in re.findall(r"^`(ledger\..*?)` returns `(.*?)`, but", task.instruction, re.MULTILINE):
            assert repr(eval(call, {"ledger": ledger})) == got  # noqa: S307
            shown += 1
    assert shown > 3


def test_a_history_task_hides_its_tests_and_shows_the_commit_message(suite: Suite) -> None:
    (task,) = tasks_of(suite, "history")
    assert "with two digits after the point" in task.instruction
    assert "Signed-off-by" not in task.instruction
    assert "#12" not in task.instruction
    assert suite.base_file(task, "tests/test_show.py") is None
    assert {*suite.hidden(task)} == {"tests/test_show.py"}
    assert {*task.tests.fail_to_pass} == {
        "tests/test_show.py::test_show", "tests/test_show.py::test_show_below_nothing"
    }  # fmt: skip
    assert "def show" in task.gold_patch


def test_a_chain_has_verdicts_of_its_parts(suite: Suite) -> None:
    task = tasks_of(suite, "chain")[0]
    parts: dict[str, list[str]] = task.metadata["subtasks"]
    assert len(parts) >= 3
    whole = grade(suite, task, task.gold_patch, backend=backend("bwrap"), cache=None)
    assert whole.outcome is Outcome.RESOLVED
    assert subtask_verdicts(task, whole) == dict.fromkeys(parts, True)
    name = next(part for part in parts if len(suite.tasks[part].metadata["functions"]) == 1)
    verdict = grade(suite, task, repair_of(suite, task, name), backend=backend("bwrap"), cache=None)
    assert verdict.outcome is Outcome.UNRESOLVED
    assert subtask_verdicts(task, verdict)[name]
    assert sum(subtask_verdicts(task, verdict).values()) < len(parts)


def repair_of(suite: Suite, chain: Task, part: str) -> str:
    """A patch of the chain's tree that repairs the function of one part and leaves the rest broken."""
    path = "src/ledger/__init__.py"
    broken = suite.base_file(chain, path)
    right = file_at(suite.root / chain.source.path, path)  # type: ignore[union-attr]
    assert broken is not None
    assert right is not None
    name = suite.tasks[part].metadata["functions"][0]
    pieces = {text.partition("(")[0]: text for text in right.content.decode().split("\n\n\n")}
    texts = broken.content.decode().split("\n\n\n")
    mixed = [pieces[f"def {name}"] if text.startswith(f"def {name}(") else text for text in texts]
    return make_patch({path: broken}, {path: type(broken)("\n\n\n".join(mixed).encode())})


def test_list_shows_how_many_tasks_are_certified(suite: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "suites", "--json"]) == 0
    rows = {row["suite"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["ledger_made"]["certified"] == len(suite.tasks)


def test_a_suite_is_not_overwritten_by_accident(report: ForgeReport, tmp_path: Path) -> None:
    write(tmp_path, PYTHON)
    with pytest.raises(ConfigError, match="--replace"):
        forge(project_of(tmp_path), ForgeOptions("ledger_made", most=1))
    with pytest.raises(ConfigError, match="--name"):
        forge(project_of(tmp_path), ForgeOptions("kata", most=1))
    with pytest.raises(ConfigError, match="lower case"):
        forge(project_of(tmp_path), ForgeOptions("Led-ger", most=1))


@pytest.mark.parametrize(
    ("unit", "framework", "command"),
    [
        ("c8 --100 node --test --test-timeout=9000", "node", "--test-timeout=9000"),
        ("tape test/*.js", "node", "tape -- test/words.test.js"),
        ("./measure.sh test", "tap", "npm run lint && npm run unit"),
    ],
)
def test_node_s_test_runner_is_found_behind_other_scripts(
    tmp_path: Path, unit: str, framework: str, command: str
) -> None:
    scripts = {"test": "npm run lint && npm run unit", "lint": "eslint", "unit": unit}
    write(tmp_path, {**JAVASCRIPT} | {"package.json": json.dumps({"name": "words", "scripts": scripts})})
    plan = project_of(tmp_path).plan
    assert (plan.framework, plan.command) == (framework, command)


@pytest.mark.parametrize(
    ("texts", "command", "function"), [((C, C_LATER), "make -s test", "ring_take"), (WORD_LIST, "", "words")]
)
def test_removal_and_history_make_tasks_of_c_and_javascript(
    texts: tuple[Texts, Texts], command: str, function: str, tmp_path: Path
) -> None:
    name = f"{function}_made"
    folder = tmp_path / name
    folder.mkdir()
    commit(folder, texts[0], "Begin")
    commit(folder, texts[1], "Add ring_room, how much room is left, and longest, the longest word")
    report = forge(
        project_of(folder, command), ForgeOptions(name, operators=("removal", "history"), most=4, repeats=2)
    )
    assert report.operators["removal"].certified >= 2
    assert report.operators["history"].certified == 1
    tasks = load_suite(name).tasks.values()
    assert all(task.metadata["hidden"] is (task.tests.hidden is not None) for task in tasks)
    removals = [task for task in tasks if task.metadata["origin"] == "removal"]
    assert any(task.metadata["hidden"] for task in removals) is (command == "")  # a C program is one test file
    assert any(task.metadata.get("functions") == [function] for task in tasks)


def test_a_commit_is_refused_with_a_true_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    folder = tmp_path / "past"
    folder.mkdir()
    commit(folder, PYTHON, "Begin")
    needing = PYTHON["pyproject.toml"] + 'dependencies = ["absent-package"]\n'
    code = PYTHON_LATER["src/ledger/__init__.py"]
    commit(
        folder,
        {**PYTHON_LATER, "pyproject.toml": needing, "src/ledger/__init__.py": f"import absent_package\n{code}"},
        "Show an amount with the help of another package",
    )
    more = '\n\ndef negated(cents):\n    """Return less."""\n    return -cents\n'
    test = "\n\ndef test_negated():\n    from ledger import negated\n\n    assert negated(3) == -3\n"
    commit(
        folder,
        {"pyproject.toml": PYTHON["pyproject.toml"], "src/ledger/__init__.py": code + more,
         "tests/test_show.py": PYTHON_LATER["tests/test_show.py"] + test},
        "Do without that package, and some more (#12)",
    )  # fmt: skip
    options = ForgeOptions("refused_made", operators=("history", "removal"), most=1, repeats=1)
    report = forge(project_of(folder), options)
    assert report.operators["history"].refused == {
        "underspecified: negated": 1,
        "no test passes: ModuleNotFoundError: No module named 'absent_package'; "
        "could not be installed: absent-package": 1,
    }
    issues = {12: HostIssue(number=12, title="Negated amounts", body="I need `negated(cents)`, for refunds.")}
    options = ForgeOptions("told_made", operators=("history",), most=1, repeats=1, issues=issues)
    forge(project_of(folder), options)
    (task,) = load_suite("told_made").tasks.values()
    assert task.instruction.startswith("Negated amounts\n\nI need `negated(cents)`, for refunds.")
    assert "Do without that package, and some more" in task.instruction
    assert "#12" not in task.instruction


def test_a_command_that_writes_a_junit_report_can_be_forged(tmp_path: Path) -> None:
    write(tmp_path, PYTHON)
    code = project(
        origin(str(tmp_path), tmp_path),
        "PYTHONPATH=src python3 -m pytest --junit-xml=/tmp/report.xml -p no:cacheprovider || true",
        junit="/tmp/report.xml",
    )
    assert code.plan.framework == "tap"
    report = forge(code, ForgeOptions("junit_made", operators=("removal",), most=1, repeats=1))
    (task,) = load_suite("junit_made").tasks.values()
    assert report.tests == 8
    assert all(test.startswith("tests.test_ledger::test_") for test in task.tests.fail_to_pass)


def test_the_error_for_tests_that_can_not_run_names_an_option(tmp_path: Path) -> None:
    write(
        tmp_path, {**PYTHON} | {"tests/test_ledger.py": "import numpy_of_somewhere\n\ndef test_it():\n    pass\n"}
    )
    with pytest.raises(TaskError, match="--image"):
        forge(project_of(tmp_path), ForgeOptions("broken_made"))
    assert "broken_made" not in {path.name for path in tmp_path.parent.iterdir()}


def test_reading_a_hostile_repository_runs_none_of_its_programs(tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    commit(folder, {**PYTHON} | {".gitattributes": "* filter=evil diff=evil\n"}, "Begin")
    hook = f"touch {tmp_path}/owned; cat"
    for key in ("core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.pager"):
        git(folder, "config", key, hook)
    code = origin(str(folder), tmp_path)
    assert code.files["LICENSE"].content == b"MIT\n"
    assert not (tmp_path / "owned").exists()
