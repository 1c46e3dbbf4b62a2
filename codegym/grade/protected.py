"""Lists the paths that never become part of a patch: tests, and files that decide how tests are run and judged.

A change to such a path is left out of the patch without a penalty, as in SWE-bench, and the verdict's detail names
it. Hidden files are laid over the tree last in any case; this table protects everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from codegym.harness.cache import in_cache_folder
from codegym.task import TestPlan

ALWAYS = (
    "**/.git/**",  # a repository's own configuration, hooks and history
    ".gitattributes",
    ".gitmodules",
    ".github/**",  # continuous integration
    ".gitlab-ci.yml",
    ".circleci/**",
    ".ci/**",
    ".pre-commit-config.yaml",
    "**/node_modules/**",  # installed, not written; beside a test it would be loaded in place of the installed one
    "**/testdata/**",  # what tests read
    "**/test_data/**",
    "**/__snapshots__/**",
    "**/*.snap",
)
"""Protected under every framework. ``**`` matches any number of folders; ``*`` and ``?`` match within one name."""

BY_FRAMEWORK = {
    "pytest": (
        "**/tests/**",
        "**/test/**",
        "**/test_*.py",
        "**/test_*.so",  # would be imported instead of the .py file beside it
        "**/*_test.py",
        "**/tests.py",
        "**/conftest.*",
        "**/conftest/**",
        "**/pytest.ini",
        "**/.pytest.ini",
        "**/pytest.toml",
        "**/.pytest.toml",
        "**/tox.ini",
        "**/setup.cfg",
        "**/pyproject.toml",
        "**/setup.py",
        "**/noxfile.py",
        "**/.coveragerc",
        "**/sitecustomize.*",
        "**/sitecustomize/**",
        "**/usercustomize.*",
        "**/usercustomize/**",
        "**/*.pth",
        "**/*.pyc",
        "**/*.dist-info/**",
        "**/*.egg-info/**",
        "pytest.*",  # modules that run the tests: a file at the root would be imported instead
        "pytest/**",
        "_pytest/**",
        "_pytest.*",
        "pluggy.*",
        "pluggy/**",
        "unittest.*",
        "unittest/**",
    ),
    "tap": ("**/tests/**", "**/test/**", "**/t/**", "**/*.expected", "**/test_*.c", "**/*_test.c"),
    "node": (
        "**/tests/**",
        "**/test/**",
        "**/__tests__/**",
        "**/*.test.*",
        "**/*.spec.*",
        "**/test.js",
        "**/test.mjs",
        "**/test.cjs",
        "**/package.json",
        "**/package-lock.json",
        "**/.npmrc",
        "**/.noderc",
        "**/npm-shrinkwrap.json",
        "**/jest.config.*",
        "**/jest.setup.*",
        "**/vitest.config.*",
        "**/vitest.workspace.*",
        "**/vitest.setup.*",
        "**/vite.config.*",
        "**/setupTests.*",
        "**/setup-tests.*",
        "**/__mocks__/**",  # taken by jest in place of modules
        "**/.mocharc*",
        "**/mocha.opts",
        "**/ava.config.*",
        "**/babel.config.*",
        "**/.babelrc*",
        "**/.swcrc",
        "**/tsconfig*.json",
    ),
}


def is_protected(path: str, plan: TestPlan, hidden: Iterable[str] = ()) -> bool:
    """Return whether changes of ``path`` are left out of a patch, for a task that is tested by ``plan``.

    ``hidden`` are the paths that grading lays over the tree. Also protected are byte code, caches of tools, and
    the files of the deciding tests wherever they are. A doctest's file is not: it may be the source to be
    repaired.
    """
    if in_cache_folder(path) or path in hidden or path in _deciding_paths(plan.fail_to_pass, plan.pass_to_pass):
        return True
    patterns = (*ALWAYS, *BY_FRAMEWORK[plan.framework], *plan.protected)
    return matcher(patterns).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _deciding_paths(*ids: tuple[str, ...]) -> frozenset[str]:
    """Return the files that the test ids in ``ids`` name, without those of doctests."""
    parted = [test.partition("::") for tests in ids for test in tests]
    return frozenset(path for path, _, name in parted if not _is_doctest(path, name))


def _is_doctest(path: str, name: str) -> bool:
    """Return whether pytest gives a doctest in the file ``path`` such a ``name``.

    A doctest in a text file is named after the file; one in a module begins with the module's dotted name. The
    name of a module outside packages has no dot. Then a name that begins with ``test`` is taken for an ordinary
    test.
    """
    if not path.endswith(".py"):
        return name == path.rpartition("/")[2]
    module = path.removesuffix(".py").removesuffix("/__init__").split("/")
    head = name.partition("::")[0].partition("[")[0]
    dotted = [".".join(module[start:]) for start in range(len(module))]
    may_be_module = "." in head or not head.startswith("test")
    return may_be_module and any(head == name or head.startswith(f"{name}.") for name in dotted)


@lru_cache(maxsize=4096)
def matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Return the regular expression that matches a whole path if it fits one of ``patterns``."""
    return re.compile("|".join(_regex(pattern) for pattern in patterns), re.DOTALL)


def _regex(pattern: str) -> str:
    """Return the regular expression for a path pattern of this table."""
    parts = re.split(r"(\*\*/|/\*\*$|\*|\?)", pattern)
    meaning = {"**/": "(?:.*/)?", "/**": "(?:/.*)?", "*": "[^/]*", "?": "[^/]"}
    return "".join(meaning.get(part, re.escape(part)) for part in parts)
