"""Exports a suite as rows with SWE-bench's columns, and a repository with the commits that they name.

For a task that was imported from a row, that row is written unchanged. For any other task, the tree that the agent
sees becomes a commit, the gold patch the column ``patch``, and the hidden files ``test_patch``. A column
``codegym`` has what SWE-bench has no column for (framework, command, protected paths, limits); codegym's import
reads it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

from codegym.errors import ConfigError
from codegym.exporter.git_stream import GitStream
from codegym.exporter.harbor import whole_tree
from codegym.harness.framework.javascript_command import parse_command
from codegym.importer.rows import Row, write_rows
from codegym.patch import make_patch
from codegym.suite import Suite
from codegym.task import Task
from codegym.tree import Files

ROWS = ("swe-bench", "swe-gym", "swe-rebench", "swe-smith")
"""The formats whose rows have these columns already."""
_SCRIPT = """\
#!/bin/bash
set -uxo pipefail
cd /testbed
git apply -v - <<'EOF_TESTS'
{patch}EOF_TESTS
: '>>>>> Start Test Output'
{command}
: '>>>>> End Test Output'
"""


def export_rows(suite: Suite, tasks: Iterable[Task], out: Path, progress: Callable[[int], None]) -> int:
    """Write ``out/rows.jsonl`` and, if commits are needed, ``out/repositories/codegym/<suite>.git``.

    Returns the number of rows. Raises :class:`~codegym.errors.ConfigError` if one of them exists already.
    """
    if (out / "rows.jsonl").exists():
        raise ConfigError(f"{out / 'rows.jsonl'} exists already: choose another --out")
    chosen = list(tasks)
    own = [task for task in chosen if task.metadata.get("origin") not in ROWS]
    rows = {task.id: dict(task.metadata["row"]) for task in chosen if task not in own}
    if own:
        rows |= _own_rows(suite, own, out / "repositories", progress)
    return write_rows(out / "rows.jsonl", (rows[task.id] for task in chosen))


def _own_rows(suite: Suite, tasks: list[Task], store: Path, progress: Callable[[int], None]) -> dict[str, Row]:
    repo = f"codegym/{suite.name}"
    rows: dict[str, Row] = {}
    digests: dict[str, str] = {}
    with GitStream(store / f"{repo}.git") as stream:
        for count, task in enumerate(tasks, 1):
            files = whole_tree(suite, task)
            digests[task.id] = stream.add(files)
            rows[task.id] = _row(suite, task, repo, files)
            progress(count)
    for task_id, row in rows.items():
        row["base_commit"] = row["environment_setup_commit"] = stream.commit(digests[task_id])
    return rows


def _row(suite: Suite, task: Task, repo: str, files: Files) -> Row:
    tests = make_patch(files, dict(suite.hidden(task)))
    plan = task.tests.model_dump(mode="json", exclude={"hidden", "fail_to_pass", "pass_to_pass"})
    return {
        "repo": repo,
        "instance_id": f"{repo.replace('/', '__')}-{task.id}",
        "base_commit": "",
        "patch": task.gold_patch,
        "test_patch": tests,
        "problem_statement": task.instruction,
        "hints_text": "",
        "created_at": "",
        "version": str(suite.manifest.version),
        "FAIL_TO_PASS": json.dumps(task.tests.fail_to_pass, ensure_ascii=False),
        "PASS_TO_PASS": json.dumps(task.tests.pass_to_pass, ensure_ascii=False),
        "environment_setup_commit": "",
        "image": f"codegym/{task.image}",
        "eval_script": _SCRIPT.format(patch=tests, command=_command(task)),
        "log_parser": f"parse_log_{_runner(task)}",
        "eval_type": "pass_and_fail",
        "codegym": {
            "id": task.id,
            "digest": task.digest,
            "image": task.image,
            "tests": plan,
            "limits": task.limits.model_dump(mode="json"),
            "language": task.metadata.get("language", ""),
        },
    }


def _command(task: Task) -> str:
    files = dict.fromkeys(name.partition("::")[0] for name in task.tests.deciding)
    if task.tests.framework == "tap":
        return task.tests.command
    command = parse_command(task.tests.command) if task.tests.framework == "node" else None
    if command is not None:
        start = "node" if command.name == "script" else f"npx {command.name}"
        return " ".join([*command.assignments, start, *map(shlex.quote, (*command.options, *files))])
    runner = "pytest -rA" if task.tests.framework == "pytest" else "node --test"
    return " ".join(filter(None, (runner, task.tests.command, *files)))


def _runner(task: Task) -> str:
    """Return what runs the tests: the framework, or a JavaScript runner from npm."""
    command = parse_command(task.tests.command) if task.tests.framework == "node" else None
    return command.name if command else task.tests.framework
