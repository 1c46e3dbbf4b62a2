"""Tasks in a real repository at a commit: what SWE-bench and its many relatives share.

If the names of all tests are node ids of pytest, pytest runs them, with the full protection of our harness. Other
tests (of Django, of sympy, of other languages, or with names that a log parser cut at a space) are run by the
row's own command, and the log is read as SWE-bench reads it: ``kit/log_tap.py`` turns it into TAP. A log is weaker
evidence, since the code under test can write to it.

A row of another language whose log no reader understands can't be played. It is imported all the same, since it
can be read and exported: its metadata has the reason (``no_runner``), and its test command prints that and fails.
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
_SYMPY_ENVIRONMENT = "PYTHONWARNINGS=ignore::UserWarning,ignore::SyntaxWarning"
"""What SWE-bench sets for sympy's tests: bin/test turns warnings of a newer Python into errors."""
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
    and ``dialect`` is that of their log, or empty if no reader understands it. ``image`` is the Docker image with
    the repository's requirements.
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

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all deciding tests."""
        return (*self.fail_to_pass, *self.pass_to_pass)

    @property
    def is_for_pytest(self) -> bool:
        """Whether all tests have names that pytest can run."""
        if self.dialect.startswith(("pytest", "matplotlib")):
            return all(is_node_id(name) for name in self.names)
        return bool(self.names or not self.language) and all(
            ".py::" in name and is_node_id(name) for name in self.names
        )


def instance_task(instance: Instance, row: Row, options: ImportOptions) -> ImportedTask:
    """Return the task of ``instance``, which was read from ``row``."""
    no_runner = _why_no_runner(instance, options)
    plan, setup = _plan(instance, options, no_runner)
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
            **({"no_runner": no_runner} if no_runner else {}),
        ),
    )
    return ImportedTask(task)


def _source(instance: Instance, options: ImportOptions) -> Source:
    return GitSource(url=options.url(instance.repo), commit=instance.commit)


def _why_no_runner(instance: Instance, options: ImportOptions) -> str:
    """Return why the tests of ``instance`` can't be run; empty if they can."""
    if options.test_command or instance.dialect or instance.is_for_pytest:
        return ""
    return f"{instance.language or 'unknown language'}: no runner of codegym reads the log of its tests"


def _plan(instance: Instance, options: ImportOptions, no_runner: str) -> tuple[TestPlan, str]:
    """Return the test plan, and a patch that adds the file that it needs to the tree (empty for pytest)."""
    hidden = PatchSource(patch=instance.tests) if instance.tests.strip() else None
    fail, keep = instance.fail_to_pass, instance.pass_to_pass
    if not options.test_command and instance.is_for_pytest:
        command = shlex.join(_pytest_options(instance.command))
        return TestPlan(
            framework="pytest", fail_to_pass=fail, pass_to_pass=keep, command=command, hidden=hidden
        ), ""
    adapter, command = "", f"echo {shlex.quote(no_runner)} >&2; exit 3"
    if not no_runner:
        adapter = make_patch({}, {_ADAPTER: File(kit("log_tap.py").encode())})
        tests = options.test_command or instance.command or _default_command(instance)
        command = shlex.join(["python3", _ADAPTER, instance.dialect or "pytest", tests])
    plan = TestPlan(
        framework="tap",
        fail_to_pass=fail,
        pass_to_pass=keep,
        command=command,
        hidden=hidden,
        protected=(".codegym/**", *_paths(instance.tests)),
    )
    return plan, adapter


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
        return f"{_SYMPY_ENVIRONMENT} {shlex.join(['bin/test', '-C', '--verbose', *paths])}"
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
