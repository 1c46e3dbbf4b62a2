"""Runs Node's own test runner in a box.

Each test file runs in a process of its own; our reporter in the runner's process writes the results on a line that
starts with a nonce. Ids are ``path::full name``, the names of nested tests joined by `` > ``. For
node, ``TestPlan.command`` is a list of further options for ``node``.
"""

from __future__ import annotations

import base64
import secrets
import shlex
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from codegym.episode import TestStatus
from codegym.harness.answer import check_started, read_answer
from codegym.harness.result import TestRun
from codegym.harness.text import brief, count, output_excerpt
from codegym.sandbox.protocol import Sandbox
from codegym.task import TestPlan

_WORST = (TestStatus.ERROR, TestStatus.FAILED, TestStatus.SKIPPED, TestStatus.PASSED)

_TEST: dict[str, type] = dict.fromkeys(("file", "name", "why", "stack"), str)
_TEST |= dict.fromkeys(("whole", "ok", "suite", "skip"), bool)
"""The fields of a test in our reporter's line."""

_EXISTING_FILES = """
asked=$#
for file; do [ ! -f "$file" ] || set -- "$@" "$file"; done
shift $asked
[ $# -gt 0 ] || [ $asked -eq 0 ] || exit 0
"""


def run_node(box: Sandbox, plan: TestPlan, ids: Sequence[str], timeout: float) -> TestRun:
    """Run the files of ``ids`` and keep the results of ``ids`` (none: all tests of ``node --test``)."""
    nonce = secrets.token_hex(16)
    files = list(dict.fromkeys(node.partition("::")[0] for node in ids))
    node = shlex.join(["node", *shlex.split(plan.command), "--test", f"--test-reporter={_reporter()}"])
    argv = ["sh", "-c", _EXISTING_FILES + f'exec {node} "$@"', "sh", *files]
    result = box.exec(argv, timeout=timeout, stdin=nonce.encode())
    answer = read_answer(result.stdout, nonce)
    answer = answer if _is_well_formed(answer) else None
    if answer is None:
        check_started(result, "node")
    tests: list[dict[str, Any]] = answer["tests"] if answer else []
    results, failures = _results(tests, answer["stderr"] if answer else {}, ids)
    orderly = bool(answer) and result.exit_code in (0, 1) and not (result.timed_out or result.oom)
    return TestRun(
        results=results,
        complete=orderly,
        started=bool(tests),
        output=output_excerpt(_output(tests, results, "" if answer else result.stdout + result.stderr)),
        failures=failures,
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        oom=result.oom,
        seconds=result.seconds,
    )


def _is_well_formed(answer: Any) -> bool:
    """Return whether ``answer`` has the form of our reporter's; code under test may have stolen the nonce."""
    tests, stderr = (answer.get("tests"), answer.get("stderr")) if isinstance(answer, dict) else (None, None)
    if not isinstance(tests, list) or not isinstance(stderr, dict):
        return False
    forms = [{key: type(value) for key, value in test.items()} for test in tests if isinstance(test, dict)]
    return forms == [_TEST] * len(tests) and all(isinstance(text, str) for text in stderr.values())


@lru_cache(maxsize=1)
def _reporter() -> str:
    program = (Path(__file__).parents[1] / "inbox" / "reporter.mjs").read_bytes()
    return "data:text/javascript;base64," + base64.b64encode(program).decode()


def _results(
    tests: list[dict[str, Any]], stderr: dict[str, str], ids: Sequence[str]
) -> tuple[dict[str, TestStatus], dict[str, str]]:
    results: dict[str, TestStatus] = {}
    failures: dict[str, str] = {}
    for test in tests:
        if test["suite"] or test["whole"]:
            continue
        node = f"{test['file']}::{test['name']}"
        results[node] = min(results.get(node, TestStatus.PASSED), _status(test), key=_WORST.index)
        if not test["ok"]:
            failures[node] = _short_message(test["why"])
    by_file: dict[str, list[str]] = {}
    for node in ids or list(results):
        by_file.setdefault(node.partition("::")[0], []).append(node)
    for file, test in {test["file"]: test for test in tests if test["whole"] and not test["ok"]}.items():
        why = brief(_error(stderr.get(file, ""), test))
        for node in by_file.get(file, [] if ids else [file]):
            results[node], failures[node] = TestStatus.ERROR, why
    if ids:
        requested = set(ids)
        results = {node: status for node, status in results.items() if node in requested}
    return results, {node: why for node, why in failures.items() if node in results}


def _short_message(message: str) -> str:
    """Shorten a message; of compared values keep only the differences (``+`` actual, ``-`` expected)."""
    head, compared, values = message.partition("\n+ actual - expected")
    different = [line for line in values.splitlines() if line.startswith(("+", "-"))]
    return brief("\n".join([head, *different]), 7) if compared else brief(message)


def _error(stderr: str, test: dict[str, Any]) -> str:
    lines = [line for line in stderr.splitlines() if "Error" in line]
    return lines[0] if lines else str(test["why"])


def _status(test: dict[str, Any]) -> TestStatus:
    if test["skip"]:
        return TestStatus.SKIPPED
    return TestStatus.PASSED if test["ok"] else TestStatus.FAILED


def _output(tests: list[dict[str, Any]], results: dict[str, TestStatus], raw: str) -> str:
    failures = [
        f"FAILED {test['file']}::{test['name']}\n{test['stack'] or test['why']}\n"
        for test in tests
        if not test["ok"] and not test["suite"]
    ]
    return "\n".join([*failures, *([raw] if raw else []), count(results.values())])
