"""What a repository is to the foundry: its sources, its tests, and the command that runs them, as a test plan.

Paths that never become part of a patch (tests, their configuration, builds) are no sources, since a task that
needs one of them changed could not be solved.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from codegym.errors import ConfigError
from codegym.foundry.repository.declared import described
from codegym.foundry.repository.origin import Origin
from codegym.grade.protected import is_protected
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
_ASIDE = frozenset(
    {"docs", "doc", "examples", "example", "benchmarks", "bench", "scripts", "tools", "vendor", "third_party"}
)
_LOOSE = re.compile(r"(?:^|/)(?:test[^/]*|[^/]*tests)\.py$")
_TESTS = frozenset({"tests", "test", "testing", "__tests__", "spec"})
_TEST_NAME = re.compile(r"^tests?[_.-]|[_.-](?:test|tests|spec)\.\w+$|^conftest\.py$")
_BUILDS = (
    "**/Makefile", "**/makefile", "**/GNUmakefile", "**/*.mk", "**/CMakeLists.txt", "**/*.cmake", "**/configure",
    "**/meson.build", "**/package.json", "**/tap.h", "**/*.test.*", "**/*.spec.*", "**/test*.c", "**/test*.cpp",
    "**/test*.js", "**/*_test.*", "**/spec/**", "**/__tests__/**", "**/testing/**",
)  # fmt: skip
_TAKES_A_VALUE = frozenset({
    "-k", "-m", "-p", "-o", "-W", "-c", "-n", "-r", "--cov", "--cov-report", "--cov-config", "--ignore",
    "--deselect", "--timeout", "--durations", "--tb", "--rootdir", "--import-mode", "--junit-xml", "--junitxml",
    "--maxfail",
})  # fmt: skip
_UNHELPFUL = (
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
    """An origin's files, the plan that runs all of its tests, its sources and (for pytest) its test files."""

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
        """How the names of its sources end."""
        return _SUFFIXES[self.language]

    def is_test_file(self, path: str) -> bool:
        """Return whether pytest would collect from a file of this name."""
        return path.endswith(".py") and _is_test_name(path.rpartition("/")[2])

    def complete(self, files: Files) -> Files:
        """Return ``files``, a state of the repository, as its tests need them."""
        return described(files, self.path) if self.plan.framework == "pytest" else files

    def test_files(self, files: Files) -> tuple[str, ...]:
        """Return the test files among ``files``, a state of the repository that may be another than this one."""
        return tuple(path for path in self.tests if path in files) or tuple(filter(self.is_test_file, files))


def project(origin: Origin, command: str, *, junit: str = "", image: str = "") -> Project:
    """Find out how ``origin`` is tested. ``command`` may be empty where the repository tells.

    ``junit`` is the report that the command writes. Raises :class:`~codegym.errors.ConfigError`, with what to
    type, if that can't be told, or if nothing is there to make tasks of.
    """
    command = command or _usual(origin.files)
    if shlex.split(command)[:2] in (["npm", "test"], ["npm", "t"]) and not junit:
        command = _npm_test(origin.files)
    words = shlex.split(command)
    framework, rest = _framework(words)
    path = _import_root(origin.files) if framework == "pytest" else "."
    files = described(origin.files, path) if framework == "pytest" else dict(origin.files)
    tests = _tests(files, rest, loosely="unittest" in words) if framework == "pytest" else ()
    plan = _plan(framework, rest, command, junit, path)
    plan = plan.model_copy(update={"protected": (*plan.protected, *_exposed(tests, plan))})
    language = _language(files, framework)
    sources = tuple(sorted(name for name in files if _is_source(name, language, plan)))
    if not sources:
        raise ConfigError(
            f"{origin.said} holds no {language} source beside tests and builds: nothing to make tasks of"
        )
    if framework == "pytest" and not tests:
        raise ConfigError(
            f"{origin.said} holds no test_*.py or tests.py: if this sdist comes without, take the repository; "
            "else say what runs them with --test-command"
        )
    return Project(origin, files, plan, image or _image(framework, language), language, sources, tests, path)


def is_test_path(path: str) -> bool:
    """Return whether a file looks like a part of the tests, going by where it lies and what it is called."""
    *folders, name = path.split("/")
    return bool({*folders} & _TESTS) or _TEST_NAME.search(name) is not None


def _usual(files: Files) -> str:
    if {"pyproject.toml", "setup.py", "setup.cfg", "PKG-INFO"} & {*files}:
        return "pytest"
    if "package.json" in files:
        return "npm test"
    if any(name.endswith(".py") for name in files):
        return "pytest"
    raise ConfigError(
        "say what runs the tests: --test-command 'make -s test' (it has to print TAP, or see --junit)"
    )


def _framework(words: list[str]) -> tuple[Framework, list[str]]:
    if "pytest" in words[:3] or "py.test" in words[:1]:
        return "pytest", words[[word in ("pytest", "py.test") for word in words].index(True) + 1 :]
    if words[1:3] == ["-m", "unittest"]:
        return "pytest", []
    if words[:1] == ["node"] and "--test" in words:
        return "node", [word for word in words[1:] if word != "--test"]
    return "tap", words


def _npm_test(files: Files) -> str:
    """Return what ``npm test`` runs; of several commands the one that runs node's tests, without what measures."""
    try:
        scripts = json.loads(files["package.json"].content)["scripts"]
        said = str(scripts["test"])
        commands = list(_commands(scripts, said, ("test",)))
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigError("npm test: package.json has no script for it; give --test-command") from error
    found = [words[words.index("node") :] for words in commands if "node" in words and "--test" in words]
    return shlex.join(found[0]) if found else said


def _commands(scripts: Mapping[str, str], said: str, above: tuple[str, ...]) -> Iterator[list[str]]:
    for part in said.split("&&"):
        words = shlex.split(part)
        name = words[2] if words[:2] in (["npm", "run"], ["npm", "run-script"]) and len(words) > 2 else ""
        if name in scripts and name not in above:
            yield from _commands(scripts, scripts[name], (*above, name))
        else:
            yield words


def _plan(framework: Framework, rest: list[str], command: str, junit: str, path: str) -> TestPlan:
    none: tuple[str, ...] = ()
    if framework == "tap":
        whole = junit_command(command, junit) if junit else command
        return TestPlan(framework="tap", fail_to_pass=none, command=whole, protected=_BUILDS)
    if framework == "node":
        options = [word for word in rest if word.startswith("-") and not word.startswith("--test-reporter")]
        return TestPlan(framework="node", fail_to_pass=none, command=shlex.join(options))
    kept = [word for option in _options(rest) if not option[0].startswith(_UNHELPFUL) for word in option]
    roots = [] if path == "." else [f"--override-ini=pythonpath={path}"]
    return TestPlan(framework="pytest", fail_to_pass=none, command=shlex.join([*roots, *kept]))


def _options(words: list[str]) -> Iterator[list[str]]:
    """Yield each option, with the word that is its value where it has one; a word that stands alone is a path."""
    rest = iter(words)
    for word in rest:
        if word in _TAKES_A_VALUE:
            yield [word, *([value] if (value := next(rest, None)) is not None else [])]
        elif word.startswith("-"):
            yield [word]


def _tests(files: Files, rest: list[str], *, loosely: bool) -> tuple[str, ...]:
    """Return the test files: those that pytest looks for; if there are none, or ``loosely``, those of unittest."""
    options = [word for option in _options(rest) for word in option]
    asked = [posixpath.normpath(word.partition("::")[0]) for word in rest if word not in options]
    named = [path for path in files if path.endswith(".py") and _is_test_name(path.rpartition("/")[2])]
    if loosely or not named:
        named = [path for path in files if _LOOSE.search(path) and b"def test" in files[path].content]
    if asked and asked != ["."]:
        named = [path for path in named if any(path == a or path.startswith(f"{a}/") for a in asked)]
        named += [path for path in asked if path in files]
    return tuple(sorted({*named}))


def _is_test_name(name: str) -> bool:
    return name.startswith("test_") or name.endswith("_test.py")


def _exposed(tests: Iterable[str], plan: TestPlan) -> tuple[str, ...]:
    """Return the test files that an agent's patch could change, by their names, unless they are named."""
    return tuple(path for path in tests if not is_protected(path, plan))


def _is_source(path: str, language: str, plan: TestPlan) -> bool:
    folders = {*path.split("/")[:-1]}
    if not path.endswith(_SUFFIXES[language]) or folders & (_ASIDE | _TESTS):
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
    """Return the folder from which a repository's package is imported: its root, or one such as ``src``."""
    for folder in ("src", "lib", "python"):
        inside = [path for path in files if path.startswith(f"{folder}/") and path.endswith(".py")]
        if inside and f"{folder}/__init__.py" not in files:
            return folder
    return "."
