"""Which paths never become part of a patch: the tests, and what decides how tests are found, run and judged.

A change to one of them is left out of the patch in silence, as SWE-bench does, and the verdict's detail names
it. The hidden files are laid over the tree last in any case; this table is about everything beside them.
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
    "node_modules/**",  # installed, not written
    "**/testdata/**",  # what tests read
    "**/test_data/**",
    "**/__snapshots__/**",
    "**/*.snap",
)
"""Protected whatever the framework. ``**`` is any number of folders, ``*`` and ``?`` stay within one name."""

BY_FRAMEWORK = {
    "pytest": (
        "**/tests/**",
        "**/test/**",
        "**/test_*.py",
        "**/test_*.so",  # is found before the source beside it
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
        "pytest.*",  # the names of what runs the tests, at the root where they would be found first
        "pytest/**",
        "_pytest/**",
        "_pytest.*",
        "pluggy.*",
        "pluggy/**",
        "unittest.*",
        "unittest/**",
    ),
    "tap": ("**/tests/**", "**/test/**", "**/test_*.c", "**/*_test.c"),
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
    ),
}


def is_protected(path: str, plan: TestPlan, hidden: Iterable[str] = ()) -> bool:
    """Return whether changes of ``path`` stay out of a patch for a task tested by ``plan``.

    ``hidden`` are the paths that grading lays over the tree. Byte code and tools' caches are protected too, and
    the files of the tests that decide, wherever they lie. A doctest decides as well, but its file is no test: it
    may be the very source that has to be repaired.
    """
    if in_cache_folder(path) or path in hidden or path in _deciding(plan.fail_to_pass, plan.pass_to_pass):
        return True
    patterns = (*ALWAYS, *BY_FRAMEWORK[plan.framework], *plan.protected)
    return _matcher(patterns).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _deciding(*ids: tuple[str, ...]) -> frozenset[str]:
    parted = [test.partition("::") for tests in ids for test in tests]
    return frozenset(path for path, _, name in parted if not _is_doctest(path, name))


def _is_doctest(path: str, name: str) -> bool:
    """Return whether pytest would name a doctest so: by its file's name, or by its module's dotted name.

    Of a module in no package that name has no dot. Then the names of tests, which begin with ``test``, are left.
    """
    if not path.endswith(".py"):
        return name == path.rpartition("/")[2]
    module = path.removesuffix(".py").removesuffix("/__init__").split("/")
    head = name.partition("::")[0].partition("[")[0]
    dotted = [".".join(module[start:]) for start in range(len(module))]
    named = "." in head or not head.startswith("test")
    return named and any(head == known or head.startswith(f"{known}.") for known in dotted)


@lru_cache(maxsize=4096)
def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_expression(pattern) for pattern in patterns), re.DOTALL)


def _expression(pattern: str) -> str:
    parts = re.split(r"(\*\*/|/\*\*$|\*|\?)", pattern)
    meaning = {"**/": "(?:.*/)?", "/**": "(?:/.*)?", "*": "[^/]*", "?": "[^/]"}
    return "".join(meaning.get(part, re.escape(part)) for part in parts)
