"""R2E-Gym: commits with tests that were generated or taken from them, and a map of the expected results.

A row has the commit as JSON (``parsed_commit_content``), its tests as files (``execution_result_content``) and
their expected results (``expected_output_json``). The tests are in ``r2e_tests/``. The map names them
``Class.test``, without their file, so this module reads the files to find it.

A row's ``prompt`` is the text from which a model wrote the issue. It contains the solution and is not shown.

R2E-Gym wants results that equal the map, including tests that fail. Here only the tests that are expected to pass
decide.
"""

from __future__ import annotations

import json
import re
from typing import Any

from codegym.errors import TaskError
from codegym.importer.imported_task import ImportedTask, ImportOptions
from codegym.importer.names import functions
from codegym.importer.repository.instance import Instance, instance_task
from codegym.importer.rows import Row, column
from codegym.patch import make_patch
from codegym.sandbox.protocol import File

_FOLDER = "r2e_tests"
_OWNERS = {
    "aiohttp": "aio-libs",
    "coveragepy": "nedbat",
    "moto": "getmoto",
    "mypy": "python",
    "orange3": "biolab",
    "pandas": "pandas-dev",
    "pillow": "python-pillow",
    "pyramid": "Pylons",
    "tornado": "tornadoweb",
}
"""The owners of repositories, which rows do not name. Other owners have the name of their repository."""


def r2e_gym(row: Row, options: ImportOptions) -> ImportedTask:
    """Read a row of R2E-Gym (``docker_image``, ``commit_hash``, …)."""
    commit, tests = _object(row, "parsed_commit_content"), _object(row, "execution_result_content")
    files = dict(zip(tests.get("test_file_names") or [], tests.get("test_file_codes") or [], strict=False))
    test_files = {f"{_FOLDER}/{_base(name)}": File(str(code).encode()) for name, code in files.items()}
    expected, old_results = _expected(row), _old_results(tests)
    passing = {name for name, status in expected.items() if status == "PASSED"}
    ids = _node_ids({path: file.content.decode() for path, file in test_files.items()})
    keep = {name for name in passing if old_results.get(name) == "PASSED"}
    repo, new = str(column(row, "repo_name", "repo")), str(column(row, "commit_hash", "new_commit_hash"))
    old = _whole_hash(str(commit.get("old_commit_hash") or ""))
    before, after = _sides(commit)
    return instance_task(
        Instance(
            id=str(row.get("instance_id") or f"{_base(repo)}-{new[:12]}"),
            origin="r2e-gym",
            language="python",
            repo=repo if "/" in repo else f"{_OWNERS.get(repo.lower(), repo)}/{repo}",
            commit=old or new,
            instruction=str(row.get("problem_statement") or ""),
            setup="" if old else make_patch(after, {path: before.get(path) for path in {**before, **after}}),
            gold=make_patch(before, {path: after.get(path) for path in {**before, **after}}),
            tests=make_patch({}, dict(test_files)),
            fail_to_pass=tuple(_id(name, ids) for name in expected if name in passing - keep),
            pass_to_pass=tuple(_id(name, ids) for name in expected if name in keep),
            image=str(row.get("docker_image") or f"namanjain12/{_base(repo)}_final:{new}"),
        ),
        row,
        options,
    )


def _object(row: Row, name: str) -> dict[str, Any]:
    value = column(row, name)
    parsed = json.loads(value) if isinstance(value, str) else value
    if not isinstance(parsed, dict):
        raise TaskError(f"the column {name} is no JSON object")
    return parsed


def _expected(row: Row) -> dict[str, str]:
    """Map each test to its expected result. Names are cut before `` - ``, as R2E-Gym does."""
    return {
        name.split(" - ")[0].strip(): str(status) for name, status in _object(row, "expected_output_json").items()
    }


def _old_results(tests: dict[str, Any]) -> dict[str, str]:
    """Map each test to its result on the old commit, read from pytest's summary, if the row has one."""
    results: dict[str, str] = {}
    for line in str(tests.get("old_commit_res_stdout") or "").splitlines():
        status, _, node = line.partition(" ")
        if status in ("PASSED", "FAILED", "ERROR") and "::" in node:
            results[".".join(node.split("::")[1:]).split(" - ")[0].strip()] = status
    return results


def _whole_hash(text: str) -> str:
    """Return ``text`` if it is a whole commit hash, and nothing if it is relative to another, such as ``abc^``."""
    return text if re.fullmatch(r"[0-9a-f]{40}", text) else ""


def _sides(commit: dict[str, Any]) -> tuple[dict[str, File], dict[str, File]]:
    """Return the files that a commit changes, before it and after it."""
    before: dict[str, File] = {}
    after: dict[str, File] = {}
    for change in commit.get("file_diffs") or []:
        path = str(change["header"]["file"]["path"])
        for side, content in ((before, change.get("old_file_content")), (after, change.get("new_file_content"))):
            if content:
                side[path] = File(content.encode())
    return before, after


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _node_ids(files: dict[str, str]) -> dict[str, str]:
    """Map the name of every test, as the map of results has it, to pytest's id."""
    return {name.replace("::", "."): f"{path}::{name}" for path, code in files.items() for name in functions(code)}


def _id(name: str, ids: dict[str, str]) -> str:
    """Return pytest's id of a test. A test that its class inherits is looked for in the file of the class."""
    plain, bracket, parameters = name.partition("[")
    if plain in ids:
        return ids[plain] + bracket + parameters
    inherited = [node for other, node in ids.items() if other.partition(".")[0] == plain.partition(".")[0]]
    if inherited:
        return f"{inherited[0].partition('::')[0]}::{plain.replace('.', '::')}{bracket}{parameters}"
    raise TaskError(f"no test file of the row has the test {name!r}")
