"""Tasks in a real repository at a commit: what SWE-bench and its many relatives share.

If the names of all tests are node ids of pytest, pytest runs them, with the full protection of our harness. Other
tests (of Django, of sympy, of other languages, or with names that a log parser cut at a space) are run by the
row's own command, and the log is read as SWE-bench reads it: ``kit/log_tap.py`` turns it into TAP. A log is weaker
evidence, since the code under test can write to it.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import pairwise

from codegym.importer.imported_task import ImportedTask, ImportOptions, metadata, safe_task_id
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
"""The command that runs the tests, by dialect of the log, if the row has none."""


@dataclass(frozen=True)
class Instance:
    """One task in a repository, whatever names its format has for the parts.

    ``setup``, ``gold`` and ``tests`` are patches: from the commit to what the agent sees, from there to the
    solution, and the tests that are laid over for grading. If the tests are not pytest's, ``command`` runs them
    and ``dialect`` is that of their log. ``image`` is the Docker image with the repository's requirements.
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


def instance_task(instance: Instance, row: Row, options: ImportOptions) -> ImportedTask:
    """Return the task of ``instance``, which was read from ``row``."""
    plan, setup = _plan(instance, options)
    task = Task(
        id=safe_task_id(instance.id),
        instruction=instance.instruction.strip() or _default_instruction(instance),
        source=_source(instance, options),
        setup_patch=instance.setup + setup,
        gold_patch=instance.gold,
        tests=plan,
        image=options.image or instance.image,
        limits=LIMITS,
        metadata=metadata(
            row,
            options,
            format=instance.origin,
            language=instance.language,
            repo=instance.repo,
            image=instance.image,
        ),
    )
    return ImportedTask(task)


def _source(instance: Instance, options: ImportOptions) -> Source:
    return GitSource(url=options.url(instance.repo), commit=instance.commit)


def _plan(instance: Instance, options: ImportOptions) -> tuple[TestPlan, str]:
    """Return the test plan, and a patch that adds the file that it needs to the tree (empty for pytest)."""
    hidden = PatchSource(patch=instance.tests) if instance.tests.strip() else None
    fail, keep = instance.fail_to_pass, instance.pass_to_pass
    python = instance.dialect.startswith(("pytest", "matplotlib"))
    if python and not options.test_command and all(is_node_id(name) for name in (*fail, *keep)):
        command = shlex.join(_pytest_options(instance.command))
        return TestPlan(
            framework="pytest", fail_to_pass=fail, pass_to_pass=keep, command=command, hidden=hidden
        ), ""
    command = options.test_command or instance.command or _default_command(instance)
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
    """Return the options of a row's command that decide which tests pytest finds, and under which module names."""
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
    """Return the paths of all files that a patch names, including files whose content it does not have."""
    pairs = re.findall(r'^diff --git "?a/(.+?)"? "?b/(.+?)"?$', patch, re.MULTILINE)
    return tuple(sorted({path for names in pairs for path in names}))


def _default_instruction(instance: Instance) -> str:
    names = "\n".join(f"- {name}" for name in instance.fail_to_pass[:10])
    request = "The tests are right. Find the mistake in the code and repair it."
    return f"Tests of {instance.repo} fail:\n\n{names}\n\n{request}"
