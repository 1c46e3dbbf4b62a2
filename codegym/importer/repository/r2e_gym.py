"""R2E-Gym: commits with tests that were generated or taken from them, and a map of what each test has to say.

A row holds the commit as JSON (``parsed_commit_content``), its tests as files (``execution_result_content``) and
what is expected of them (``expected_output_json``). The tests lie in ``r2e_tests/``; the map knows them by
``Class.test``, without their file, which is found here by reading the files.

A row's ``prompt`` is what an issue was written from by a model. It holds the solution, and nobody is shown it.

R2E-Gym asks for an output that equals the map, tests that fail included. Here the tests decide that are expected
to pass; to fail is nobody's aim.
"""

from __future__ import annotations

import json
import re
from typing import Any

from codegym.errors import TaskError
from codegym.importer.imported import Imported, Wishes
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
"""Rows name a repository without its owner, who has the same name where none stands here."""


def r2e_gym(row: Row, wishes: Wishes) -> Imported:
    """Read a row of R2E-Gym (``docker_image``, ``commit_hash``, …)."""
    commit, tests = _object(row, "parsed_commit_content"), _object(row, "execution_result_content")
    files = dict(zip(tests.get("test_file_names") or [], tests.get("test_file_codes") or [], strict=False))
    laid = {f"{_FOLDER}/{_base(name)}": File(str(code).encode()) for name, code in files.items()}
    expected, said = _expected(row), _before(tests)
    wanted = {name for name, status in expected.items() if status == "PASSED"}
    ids = _node_ids({path: file.content.decode() for path, file in laid.items()})
    keep = {name for name in wanted if said.get(name) == "PASSED"}
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
            tests=make_patch({}, dict(laid)),
            fail_to_pass=tuple(_id(name, ids) for name in expected if name in wanted - keep),
            pass_to_pass=tuple(_id(name, ids) for name in expected if name in keep),
            image=str(row.get("docker_image") or f"namanjain12/{_base(repo)}_final:{new}"),
        ),
        row,
        wishes,
    )


def _object(row: Row, name: str) -> dict[str, Any]:
    value = column(row, name)
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise TaskError(f"{name} is no JSON object")
    return found


def _expected(row: Row) -> dict[str, str]:
    """Return what each test has to say, by its name; it is cut before `` - ``, as R2E-Gym does."""
    return {
        name.split(" - ")[0].strip(): str(status) for name, status in _object(row, "expected_output_json").items()
    }


def _before(tests: dict[str, Any]) -> dict[str, str]:
    """Return what each test said on the old commit, from pytest's summary, where the row has it."""
    found: dict[str, str] = {}
    for line in str(tests.get("old_commit_res_stdout") or "").splitlines():
        status, _, node = line.partition(" ")
        if status in ("PASSED", "FAILED", "ERROR") and "::" in node:
            found[".".join(node.split("::")[1:]).split(" - ")[0].strip()] = status
    return found


def _whole_hash(text: str) -> str:
    """Return a whole commit hash as it is, and nothing for what is relative to another, such as ``abc^``."""
    return text if re.fullmatch(r"[0-9a-f]{40}", text) else ""


def _sides(commit: dict[str, Any]) -> tuple[dict[str, File], dict[str, File]]:
    """Return the files that a commit changes, as they were and as they are then."""
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
    """Return pytest's id of every test in ``files`` by the name that the map has for it."""
    return {name.replace("::", "."): f"{path}::{name}" for path, code in files.items() for name in functions(code)}


def _id(name: str, ids: dict[str, str]) -> str:
    plain, bracket, parameters = name.partition("[")
    if plain in ids:
        return ids[plain] + bracket + parameters
    inherited = [node for known, node in ids.items() if known.partition(".")[0] == plain.partition(".")[0]]
    if inherited:
        return f"{inherited[0].partition('::')[0]}::{plain.replace('.', '::')}{bracket}{parameters}"
    raise TaskError(f"no test file of the row holds the test {name!r}")
