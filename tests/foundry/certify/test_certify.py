"""Certification finds tests that depend on the date, the hash seed or the order of tests."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.certificate import TaskCertificate
from codegym.cli.app import main
from codegym.episode import Outcome
from codegym.errors import TaskError
from codegym.foundry.certify.certify import certify, versions
from codegym.foundry.certify.condition import conditions
from codegym.foundry.certify.store import Certificate, Unfinished, keep_certificates
from codegym.patch import make_patch
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import File
from codegym.suite import Manifest, Suite, load_suite, read_certificates
from codegym.task import FolderSource, Limits, Task, TestPlan
from codegym.tree import tree_digest, write_file

pytestmark = pytest.mark.slow

RIGHT, WRONG = "def double(x):\n    return 2 * x\n", "def double(x):\n    return 3 * x\n"
TESTS = """\
import datetime
import pathlib
import time

from double import double

SEEN = []
TODAY = pathlib.Path("today.txt")


def test_double():
    assert double(2) == 4


def test_zero():
    assert double(0) == 0


def test_no_later_than_next_month():
    assert datetime.date.today().year * 12 + datetime.date.today().month <= {months}
    assert abs(time.time() - datetime.datetime.now().timestamp()) < 1


def test_hashes():
    assert double(0) == 0 and hash("codegym") == {hashed}


def test_first():
    SEEN.append(1)
    assert double(0) == 0


def test_after_first():
    assert SEEN and double(0) == 0
"""
FLAKY = ("test_no_later_than_next_month", "test_hashes", "test_after_first")


def suite_of(root: Path, tests: dict[str, tuple[str, ...]]) -> Suite:
    """Tasks about one file, each with its own tests that are claimed to fail; ``test_zero`` always passes."""
    today = datetime.datetime.now(datetime.UTC).date()
    text = TESTS.format(months=today.year * 12 + today.month + 1, hashed=hash_of_zero())
    files = {"double.py": File(RIGHT.encode()), "test_double.py": File(text.encode())}
    for path, file in files.items():
        write_file(root / "trees" / "one" / path, file)
    source = FolderSource(path="trees/one", digest=tree_digest(files))
    right, wrong = {"double.py": File(RIGHT.encode())}, {"double.py": File(WRONG.encode())}
    tasks = {}
    for name, ids in tests.items():
        fail = tuple(f"test_double.py::{test}" for test in ids if test == "test_double")
        keep = tuple(f"test_double.py::{test}" for test in ids if test != "test_double")
        plan = TestPlan(framework="pytest", fail_to_pass=fail, pass_to_pass=keep)
        tasks[name] = Task(
            id=name,
            instruction="double(2) returns 6",
            source=source,
            tests=plan,
            image="python",
            setup_patch=make_patch(right, dict(wrong)),
            gold_patch=make_patch(wrong, dict(right)),
            metadata={"split": "train"},
        )
    return Suite(Manifest(name="doubles", version=1, title="Doubles"), root, tasks, {"train": tuple(tasks)})


def endless_suite(root: Path, command: str, grade_seconds: float = 6) -> Suite:
    """One task whose code never ends before it is repaired; one of its two tests does not call that."""
    wrong, right = "def count(n):\n    while n:\n        n -= 2\n", "def count(n):\n    while n:\n        n -= 1\n"
    tests = "from loop import count\n\n\ndef test_odd():\n    assert count(3) is None\n\n\n"
    tests += "def test_zero():\n    assert count(0) is None\n"
    files = {"loop.py": File(wrong.encode()), "test_loop.py": File(tests.encode())}
    for path, file in files.items():
        write_file(root / "files" / path, file)
    task = Task(
        id="loop",
        instruction="count(3) never ends.",
        source=FolderSource(path="files", digest=tree_digest(files)),
        gold_patch=make_patch(files, {"loop.py": File(right.encode())}),
        tests=TestPlan(
            framework="pytest",
            fail_to_pass=("test_loop.py::test_odd",),
            pass_to_pass=("test_loop.py::test_zero",),
            command=command,
        ),
        image="python",
        limits=Limits(grade_seconds=grade_seconds),
    )
    return Suite(Manifest(name="endless", version=1, title="Endless"), root, {"loop": task}, {"train": ("loop",)})


@pytest.mark.parametrize(("command", "outcome", "zero"), [
    ("", Outcome.TIMEOUT, {"test_loop.py::test_zero": 0.0}), ("--timeout=1", Outcome.UNRESOLVED, {}),
])  # fmt: skip
def test_an_endless_loop_before_the_repair_is_a_failure(
    tmp_path: Path, command: str, outcome: Outcome, zero: dict[str, float]
) -> None:
    """With a limit per test the framework says which test did not end, and the others still count."""
    (result,) = certify(endless_suite(tmp_path, command), repeats=2).results
    assert (result.why, result.gold, result.empty) == ("", Outcome.RESOLVED, outcome)
    assert (result.stable, result.quarantined, result.states["empty"].rates) == (1, (), zero)


def hash_of_zero() -> int:
    """The hash of a text as boxes usually see it."""
    argv = [sys.executable, "-c", "print(hash('codegym'))"]
    return int(
        subprocess.run(argv, env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=True).stdout
    )


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """A suite in the user's folder of suites."""
    run = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    sound = ("test_double", "test_zero")
    home = tmp_path_factory.mktemp("home")
    made = suite_of(
        home / "codegym" / "suites" / "doubles",
        {
            "sound": sound,
            "flaky": (*sound, "test_no_later_than_next_month", "test_hashes", "test_first", "test_after_first"),
            "empty": ("test_zero",),
        },
    )
    (made.root / "suite.toml").write_text('name = "doubles"\nversion = 1\ntitle = "Doubles"\n')
    lines = [task.model_dump_json() + "\n" for task in made.tasks.values()]
    (made.root / "tasks.jsonl").write_text("".join(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        yield made


@pytest.fixture(scope="module")
def certificate(suite: Suite) -> Certificate:
    return certify(suite, repeats=4)


def result_of(certificate: Certificate, name: str) -> TaskCertificate:
    return next(result for result in certificate.results if result.task == name)


def test_a_sound_task_is_certified(certificate: Certificate) -> None:
    sound = result_of(certificate, "sound")
    assert (sound.why, sound.flaky, sound.stable, sound.quarantined) == ("", False, 1, ())
    assert (sound.gold, sound.empty) == (Outcome.RESOLVED, Outcome.UNRESOLVED)
    assert {state: (seen.runs, seen.resolved) for state, seen in sound.states.items()} == {
        "untouched": (4, 4), "bug": (4, 0), "gold": (4, 4), "empty": (4, 0)
    }  # fmt: skip
    assert not any(seen.rates for seen in sound.states.values())
    assert sound.memory_mb is not None
    assert 5 < sound.memory_mb < 500
    assert 0 < sound.percentiles["p50"] <= sound.percentiles["p90"] <= sound.percentiles["max"]
    assert "pytest" in sound.versions["pytest"]
    assert {"codegym", "image", "python3", "kernel"} <= set(sound.versions)


def test_flaky_tests_are_quarantined_by_name(certificate: Certificate) -> None:
    flaky = result_of(certificate, "flaky")
    assert {test.partition("::")[2] for test in flaky.quarantined} == {*FLAKY}
    assert (flaky.flaky, flaky.stable, flaky.refused) == (True, 1, False)
    assert "do not agree" in flaky.why
    assert 0 < flaky.states["gold"].rates[f"test_double.py::{FLAKY[0]}"] < 1
    assert certificate.flaky == 1


def test_a_task_without_a_stable_fail_to_pass_test_is_refused(certificate: Certificate) -> None:
    empty = result_of(certificate, "empty")
    assert empty.refused
    assert "names no test that decides it" in empty.why
    assert not certificate.holds


def test_certificates_are_written_beside_the_suite(suite: Suite, certificate: Certificate) -> None:
    path = keep_certificates(suite, certificate.results)
    assert path == suite.root / "certificates.jsonl"
    assert read_certificates(suite) == {result.task: result for result in certificate.results}
    changed = Task(**suite.tasks["sound"].model_dump() | {"instruction": "another"})
    other = Suite(suite.manifest, suite.root, {**suite.tasks, "sound": changed}, suite.splits)
    assert {*read_certificates(other)} == {"flaky", "empty"}


def test_a_loaded_suite_lacks_refused_tasks_and_flaky_tests(suite: Suite, certificate: Certificate) -> None:
    (suite.root / "certificates.jsonl").unlink(missing_ok=True)
    load_suite.cache_clear()
    claimed = load_suite("doubles")
    assert ({*claimed.tasks}, claimed.refused) == ({"sound", "flaky", "empty"}, {})
    keep_certificates(suite, certificate.results)
    left = load_suite("doubles")
    assert {*left.tasks} == {*left.splits["train"]} == {"sound", "flaky"}
    aside = {f"test_double.py::{test}" for test in FLAKY}
    assert {*left.quarantined["flaky"]} == aside
    assert {*left.tasks["flaky"].tests.pass_to_pass} == {*claimed.tasks["flaky"].tests.pass_to_pass} - aside
    assert left.tasks["flaky"].metadata["quarantined"] == sorted(aside)
    assert left.digest != claimed.digest
    with pytest.raises(TaskError, match=r"empty.*no sound certificate.*names no test that decides it"):
        left.task("empty")
    assert main(["list", "tasks", "doubles"]) == 0


def test_a_certification_that_was_stopped_is_resumed(suite: Suite, certificate: Certificate) -> None:
    tasks, tools = [suite.tasks["sound"], suite.tasks["empty"]], {"python": versions("bwrap", "python")}
    unfinished = Unfinished(suite, tasks, "bwrap", 1)
    made = result_of(certificate, "sound").model_copy(update={"memory_mb": 1.5})
    unfinished.add(made)
    unfinished.add(result_of(certificate, "empty").model_copy(update={"settled": False}))
    with unfinished.path.open("a") as file:
        file.write('{"task": "em')
    assert unfinished.read(tools) == {"sound": made}
    assert unfinished.read({"python": {"codegym": "another"}}) == {}
    again = certify(suite, repeats=1, tasks=tasks)
    assert (again.resumed, again.tasks, again.results[0]) == (1, 2, made)
    assert again.results[1].gold is Outcome.UNRESOLVED
    assert not unfinished.path.exists()


def test_all_conditions_differ() -> None:
    made = conditions(9)
    assert len(set(made)) == 9
    assert all(condition.days > 1 for condition in made)
    assert {condition.loaded for condition in made} == {True, False}
