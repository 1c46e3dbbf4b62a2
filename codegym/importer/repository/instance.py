"""Tasks in a real repository at a commit: what SWE-bench began, and what its many relatives share.

Where all tests are pytest's node ids, pytest runs them, with all that our harness does to believe only what was
seen. Other tests (Django's, sympy's, other languages', ids that a log parser cut at a space) are run by the row's
own command, and the log is read as SWE-bench reads it: ``kit/log_tap.py`` turns it into TAP. A log is weaker
evidence, since the code under test can write to it.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import pairwise

from codegym.importer.imported import Imported, Wishes, metadata, task_id
from codegym.importer.kit_text import kit
from codegym.importer.names import is_node_id
from codegym.importer.rows import Row
from codegym.patch import make_patch
from codegym.sandbox.protocol import File
from codegym.task import GitSource, Limits, PatchSource, Source, Task, TestPlan

LIMITS = Limits(
    turns=100,
    episode_seconds=3600,
    command_seconds=300,
    grade_seconds=1800,
    memory_mb=4096,
    disk_mb=4096,
    processes=512,
    output_kb=4096,
)
_ADAPTER = ".codegym/log_tap.py"
_COMMANDS = {
    "go": "go test -v ./...",
    "cargo": "cargo test --no-fail-fast",
    "marks": "npm test",
    "maven": "mvn --batch-mode test",
}
"""What runs the tests of a repository whose row does not say."""


@dataclass(frozen=True)
class Instance:
    """One task of this kind, whatever its format calls the parts.

    ``setup`` makes of the commit what the agent sees, ``gold`` repairs it, ``tests`` is laid over for grading:
    patches all. ``command`` and ``dialect`` say how tests are run, and their log read, that are not pytest's.
    ``image`` is the Docker image that holds what the repository needs.
    """

    id: str
    origin: str
    language: str
    repo: str
    commit: str
    instruction: str
    gold: str
    tests: str
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    image: str
    setup: str = ""
    command: str = ""
    dialect: str = "pytest"


def instance_task(instance: Instance, row: Row, wishes: Wishes) -> Imported:
    """Return the task that ``instance`` is."""
    plan, setup = _plan(instance, wishes)
    task = Task(
        id=task_id(instance.id),
        instruction=instance.instruction.strip() or _failing(instance),
        source=_source(instance, wishes),
        setup_patch=instance.setup + setup,
        gold_patch=instance.gold,
        tests=plan,
        image=wishes.image or instance.image,
        limits=LIMITS,
        metadata=metadata(
            row,
            wishes,
            format=instance.origin,
            language=instance.language,
            repo=instance.repo,
            image=instance.image,
        ),
    )
    return Imported(task)


def _source(instance: Instance, wishes: Wishes) -> Source:
    return GitSource(url=wishes.url(instance.repo), commit=instance.commit)


def _plan(instance: Instance, wishes: Wishes) -> tuple[TestPlan, str]:
    """Return the test plan, and a patch with what it needs in the tree."""
    hidden = PatchSource(patch=instance.tests) if instance.tests.strip() else None
    fail, keep = instance.fail_to_pass, instance.pass_to_pass
    python = instance.dialect.startswith(("pytest", "matplotlib"))
    if python and not wishes.test_command and all(is_node_id(name) for name in (*fail, *keep)):
        options = shlex.join(_pytest_options(instance.command))
        return TestPlan(
            framework="pytest", fail_to_pass=fail, pass_to_pass=keep, command=options, hidden=hidden
        ), ""
    command = wishes.test_command or instance.command or _default_command(instance)
    plan = TestPlan(
        framework="tap",
        fail_to_pass=fail,
        pass_to_pass=keep,
        command=shlex.join(["python3", _ADAPTER, instance.dialect, command]),
        hidden=hidden,
        protected=(".codegym/**", *_paths(instance.tests)),
    )
    return plan, make_patch({}, {_ADAPTER: File(kit("log_tap.py").encode())})


def _pytest_options(command: str) -> list[str]:
    """Return the options of a row's own command that decide which tests pytest finds, and as which modules."""
    try:
        words = shlex.split(command)
    except ValueError:
        return []
    joined = [
        f"{word}={value}" if word in ("--import-mode", "--doctest-glob") else word
        for word, value in pairwise([*words, ""])
    ]
    return [word for word in joined if word.startswith(("--import-mode=", "--doctest-"))]


def _default_command(instance: Instance) -> str:
    paths = [
        path for path in _paths(instance.tests) if not path.endswith((".txt", ".json", ".yml", ".yaml", ".toml"))
    ]
    if instance.dialect == "django":
        names = sorted({_django_label(path) for path in paths if path.endswith(".py")})
        return shlex.join(
            ["./tests/runtests.py", "--verbosity", "2", "--settings=test_sqlite", "--parallel", "1", *names]
        )
    if instance.dialect == "sympy":
        return shlex.join(["bin/test", "-C", "--verbose", *paths])
    if instance.dialect.startswith(("pytest", "matplotlib")):
        return shlex.join(
            ["python3", "-m", "pytest", "-rA", "--tb=no", *(path for path in paths if path.endswith(".py"))]
        )
    return _COMMANDS.get(instance.dialect, "")


def _django_label(path: str) -> str:
    return path.removeprefix("tests/").removesuffix(".py").replace("/", ".")


def _paths(patch: str) -> tuple[str, ...]:
    """Return the paths that a patch names, of files also whose content it does not hold."""
    found = re.findall(r'^diff --git "?a/(.+?)"? "?b/(.+?)"?$', patch, re.MULTILINE)
    return tuple(sorted({path for names in found for path in names}))


def _failing(instance: Instance) -> str:
    names = "\n".join(f"- {name}" for name in instance.fail_to_pass[:10])
    asked = "The tests are right. Find the mistake in the code and repair it."
    return f"Tests of {instance.repo} fail:\n\n{names}\n\n{asked}"
