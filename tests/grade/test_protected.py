"""The paths that no patch may change."""

from __future__ import annotations

import pytest

from codegym.grade.protected import is_protected
from codegym.task import TestPlan


@pytest.mark.parametrize(
    "path",
    [
        "node_modules/jest/index.js",
        "src/node_modules/chai/index.js",
        "package.json",
        "package-lock.json",
        "jest.config.js",
        "packages/a/vitest.config.ts",
        "jest.setup.js",
        ".mocharc.yml",
        "ava.config.mjs",
        ".babelrc",
        "src/__mocks__/fs.js",
        "src/a.test.js",
    ],
)
def test_runners_and_what_configures_them_are_protected(path: str) -> None:
    assert is_protected(path, TestPlan(framework="node", fail_to_pass=(), command="jest"))


@pytest.mark.parametrize("path", ["src/jest.js", "lib/index.js", "src/setup.js", "index.mjs"])
def test_sources_are_not(path: str) -> None:
    assert not is_protected(path, TestPlan(framework="node", fail_to_pass=(), command="jest"))


@pytest.mark.parametrize("path", ["t/lib.c", "t/00-plan.expected", "src/usage.expected", "tests/data/a.txt"])
def test_what_programs_read_during_tests_is_protected(path: str) -> None:
    assert is_protected(path, TestPlan(framework="tap", fail_to_pass=(), command="make -s test"))
