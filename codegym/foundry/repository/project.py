"""What the foundry has to know of a repository: its sources, its tests, and the command that runs them.

Files that no patch may touch (tests, their configuration, builds) are not sources: a bug in one of them could not
be repaired.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from codegym.errors import ConfigError
from codegym.foundry.repository.declared import with_metadata
from codegym.foundry.repository.javascript.package_json import test_commands, test_script
from codegym.foundry.repository.javascript.runner import configured_files, runner_command
from codegym.foundry.repository.native import NativeTests, native_tests
from codegym.foundry.repository.origin import Origin
from codegym.grade.protected import is_protected
from codegym.harness.framework.javascript_command import JavaScriptCommand
from codegym.harness.junit import junit_command
from codegym.task import TestPlan
from codegym.tree import Files

Framework = Literal["pytest", "tap", "node"]

_SUFFIXES = {
    "python": (".py",),
    "c": (".c", ".h"),
    "cpp": (".cc", ".cpp", ".cxx", ".hpp", ".hh"),
    "javascript": (".js", ".mjs", ".cjs", ".jsx"),
}
_NOT_SOURCE_FOLDERS = frozenset(
    {"docs", "doc", "examples", "example", "benchmarks", "bench", "scripts", "tools", "vendor", "third_party"}
)
_UNITTEST_NAME = re.compile(r"(?:^|/)(?:test[^/]*|[^/]*tests)\.py$")
_TEST_FOLDERS = frozenset({"tests", "test", "testing", "__tests__", "spec", "t"})
_TEST_NAME = re.compile(r"^tests?[_.-]|[_.-](?:test|tests|spec)\.\w+$|^conftest\.py$|\.expected$")
_BUILD_FILES = (
    "**/Makefile", "**/makefile", "**/GNUmakefile", "**/*.mk", "**/CMakeLists.txt", "**/*.cmake", "**/configure",
    "**/meson.build", "**/package.json", "**/tap.h", "**/*.test.*", "**/*.spec.*", "**/test*.c", "**/test*.cpp",
    "**/test*.js", "**/*_test.*", "**/spec/**", "**/__tests__/**", "**/testing/**",
)  # fmt: skip
_TAKES_A_VALUE = frozenset({
    "-k", "-m", "-p", "-o", "-W", "-c", "-n", "-r", "--cov", "--cov-report", "--cov-config", "--ignore",
    "--deselect", "--timeout", "--durations", "--tb", "--rootdir", "--import-mode", "--junit-xml", "--junitxml",
    "--maxfail",
})  # fmt: skip
_DROPPED_OPTIONS = (
    "-x",
    "--exitfirst",
    "-v",
    "-vv",
    "-q",
    "-s",
    "--cov",
    "-n",
    "--durations",
    "--junit",
    "--tb",
    "-r",
    "--maxfail",
    "--rootdir",
)


@dataclass(frozen=True)
class Project:
    """A repository's files, the plan that runs all its tests, its sources and (for pytest) its test files.

    ``path`` is the folder from which its package is imported.
    """

    origin: Origin
    files: Files
    plan: TestPlan
    image: str
    language: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]
    path: str = "."

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of the names of its sources."""
        return _SUFFIXES[self.language]

    def is_test_file(self, path: str) -> bool:
        """Return whether pytest would collect from a file of this name."""
        return path.endswith(".py") and _is_test_name(path.rpartition("/")[2])

    def complete(self, files: Files) -> Files:
        """Return ``files``, another commit of the repository, with the metadata that its tests may ask for."""
        return with_metadata(files, self.path) if self.plan.framework == "pytest" else files

    def test_files(self, files: Files) -> tuple[str, ...]:
        """Return the test files among ``files``, which may be another commit of the repository."""
        return tuple(path for path in self.tests if path in files) or tuple(filter(self.is_test_file, files))


def project(origin: Origin, command: str, *, junit: str = "", image: str = "") -> Project:
    """Find out how the tests of ``origin`` are run: by ``command`` or, if that is empty, as the repository shows.

    ``junit`` is the path of the report that the command writes. Raises :class:`~codegym.errors.ConfigError`, with
    the option to use, if the repository does not show how it is tested, or has no source or no test.
    """
    native = None if command else _native_tests(origin.files)
    if native:
        command, junit, image = native.command, native.junit, image or native.image
    command = command or _default_command(origin.files)
    words = shlex.split(command)
    if words[:2] in (["npm", "test"], ["npm", "t"]) and not junit:
        words = _npm_test(origin.files)
        command = shlex.join(words) if words else test_script(origin.files)
    runner = None if junit else runner_command(words, origin.files)
    framework, arguments = _framework(words, runner)
    path = _import_root(origin.files) if framework == "pytest" else "."
    files = with_metadata(origin.files, path) if framework == "pytest" else dict(origin.files)
    tests = _tests(files, arguments, unittest="unittest" in words) if framework == "pytest" else ()
    plan = _plan(framework, arguments, command, junit=junit, path=path)
    if runner:
        protected = (*configured_files(runner, files), *runner.files)
        plan = plan.model_copy(update={"command": runner.text(), "protected": protected})
    plan = plan.model_copy(update={"protected": (*plan.protected, *_unprotected(tests, plan))})
    language = _language(files, framework)
    sources = tuple(sorted(name for name in files if _is_source(name, language, plan)))
    if not sources:
        raise ConfigError(
            f"{origin.label} has no {language} source beside tests and builds, so no task can be made from it"
        )
    if framework == "pytest" and not tests:
        raise ConfigError(
            f"{origin.label} has no test_*.py and no tests.py: if the sdist is without tests, use a repository "
            "with them, or name the command that runs them with --test-command"
        )
    return Project(origin, files, plan, image or _image(framework, language), language, sources, tests, path)


def is_test_path(path: str) -> bool:
    """Return whether a file is part of the tests, judged by its folder and its name."""
    *folders, name = path.split("/")
    return bool({*folders} & _TEST_FOLDERS) or _TEST_NAME.search(name) is not None


def _native_tests(files: Files) -> NativeTests | None:
    """Return how a C or C++ project is tested; ``None`` for a project in another language."""
    others = {"pyproject.toml", "setup.py", "setup.cfg", "PKG-INFO", "package.json"} & {*files}
    is_native = not others and _language(files, "tap") in ("c", "cpp")
    return native_tests(files) if is_native else None


def _default_command(files: Files) -> str:
    if {"pyproject.toml", "setup.py", "setup.cfg", "PKG-INFO"} & {*files}:
        return "pytest"
    if "package.json" in files:
        return "npm test"
    if any(name.endswith(".py") for name in files):
        return "pytest"
    raise ConfigError(
        "nothing shows how to run the tests (no pyproject.toml, package.json, CMakeLists.txt with tests, "
        "configure, or Makefile with a target check or test): name the command with --test-command"
    )


def _framework(words: list[str], runner: JavaScriptCommand | None) -> tuple[Framework, list[str]]:
    """Return the framework that a command runs, and the arguments of the framework."""
    if runner:
        return "node", []
    if "pytest" in words[:3] or "py.test" in words[:1]:
        return "pytest", words[[word in ("pytest", "py.test") for word in words].index(True) + 1 :]
    if words[1:3] == ["-m", "unittest"]:
        return "pytest", []
    if words[:1] == ["node"] and "--test" in words:
        return "node", [word for word in words[1:] if word != "--test"]
    return "tap", words


def _npm_test(files: Files) -> list[str]:
    """Return the command that starts a test runner, of those that ``npm test`` runs; empty if none does.

    A program in front of ``node``, which measures coverage for example, is left out.
    """
    commands = test_commands(files)
    for words in commands:
        if "node" in words and "--test" in words:
            return words[words.index("node") :]
    starting = (words for words in commands if runner_command(words, files))
    return next(starting, [])


def _plan(framework: Framework, arguments: list[str], command: str, *, junit: str, path: str) -> TestPlan:
    none: tuple[str, ...] = ()
    if framework == "tap":
        whole = junit_command(command, junit) if junit else command
        return TestPlan(framework="tap", fail_to_pass=none, command=whole, protected=_BUILD_FILES)
    if framework == "node":
        options = [word for word in arguments if word.startswith("-") and not word.startswith("--test-reporter")]
        return TestPlan(framework="node", fail_to_pass=none, command=shlex.join(options))
    useful = [
        word for option in _options(arguments) if not option[0].startswith(_DROPPED_OPTIONS) for word in option
    ]
    roots = [] if path == "." else [f"--override-ini=pythonpath={path}"]
    return TestPlan(framework="pytest", fail_to_pass=none, command=shlex.join([*roots, *useful]))


def _options(words: list[str]) -> Iterator[list[str]]:
    """Yield each option with its value, if it takes one. Words that are no options (paths) are left out."""
    rest = iter(words)
    for word in rest:
        if word in _TAKES_A_VALUE:
            yield [word, *([value] if (value := next(rest, None)) is not None else [])]
        elif word.startswith("-"):
            yield [word]


def _tests(files: Files, arguments: list[str], *, unittest: bool) -> tuple[str, ...]:
    """Return the test files below the paths in ``arguments``, if there are any.

    Their names are those that pytest looks for; if there are none, or with ``unittest``, those of unittest.
    """
    options = [word for option in _options(arguments) for word in option]
    paths = [posixpath.normpath(word.partition("::")[0]) for word in arguments if word not in options]
    chosen = [path for path in files if path.endswith(".py") and _is_test_name(path.rpartition("/")[2])]
    if unittest or not chosen:
        chosen = [path for path in files if _UNITTEST_NAME.search(path) and b"def test" in files[path].content]
    if paths and paths != ["."]:
        chosen = [path for path in chosen if any(path == a or path.startswith(f"{a}/") for a in paths)]
        chosen += [path for path in paths if path in files]
    return tuple(sorted({*chosen}))


def _is_test_name(name: str) -> bool:
    return name.startswith("test_") or name.endswith("_test.py")


def _unprotected(tests: Iterable[str], plan: TestPlan) -> tuple[str, ...]:
    """Return the test files that no pattern of ``plan`` protects, so that an agent's patch could change them."""
    return tuple(path for path in tests if not is_protected(path, plan))


def _is_source(path: str, language: str, plan: TestPlan) -> bool:
    folders = {*path.split("/")[:-1]}
    if not path.endswith(_SUFFIXES[language]) or folders & (_NOT_SOURCE_FOLDERS | _TEST_FOLDERS):
        return False
    return not is_protected(path, plan)


def _language(files: Files, framework: Framework) -> str:
    if framework != "tap":
        return "python" if framework == "pytest" else "javascript"
    counts = {language: sum(name.endswith(suffixes) for name in files) for language, suffixes in _SUFFIXES.items()}
    return max(counts, key=lambda language: counts[language])


def _image(framework: Framework, language: str) -> str:
    if framework != "tap":
        return "python" if framework == "pytest" else "node"
    return {"python": "python", "javascript": "node"}.get(language, "cc")


def _import_root(files: Files) -> str:
    """Return the folder from which the package is imported: ``src``, ``lib``, ``python`` or the root."""
    for folder in ("src", "lib", "python"):
        inside = [path for path in files if path.startswith(f"{folder}/") and path.endswith(".py")]
        if inside and f"{folder}/__init__.py" not in files:
            return folder
    return "."
