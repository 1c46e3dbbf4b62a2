"""SWE-bench and the data sets that took over its columns.

SWE-bench (all variants, from the first to those with ``image``, ``eval_script``, ``log_parser``), SWE-bench Pro,
Live and Multilingual, SWE-Gym, SWE-rebench. They differ in the names of a few columns, in how test names are
written down, and in how an image is called where no column says it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from codegym.importer.imported import Imported, Wishes
from codegym.importer.names import read_names
from codegym.importer.own_row import own_row
from codegym.importer.repository import Instance, instance_task
from codegym.importer.rows import Row, column

_COMMAND = re.compile(r">>>>> Start Test Output'?\n(.*?)\n: '?>>>>> End Test Output", re.DOTALL)
_OPTIONS = ("requests", "pylint", "pydicom")
_LANGUAGES = {"js": "javascript", "ts": "typescript", "py": "python"}
_DIALECTS = {
    "go": "go",
    "rust": "cargo",
    "javascript": "marks",
    "typescript": "marks",
    "java": "maven",
    "kotlin": "maven",
}


def swe_bench(row: Row, wishes: Wishes) -> Imported:
    """Read a row of SWE-bench, of a relative that names its images as it does, or one that we exported."""
    if isinstance(row.get("codegym"), dict):
        return own_row(row, wishes)
    return instance_task(_instance(row, "swe-bench", _swe_bench_image), row, wishes)


def swe_gym(row: Row, wishes: Wishes) -> Imported:
    """Read a row of SWE-Gym."""
    return instance_task(_instance(row, "swe-gym", _swe_gym_image), row, wishes)


def swe_rebench(row: Row, wishes: Wishes) -> Imported:
    """Read a row of SWE-rebench, or of SWE-bench-extra before it."""
    return instance_task(_instance(row, "swe-rebench", _swe_rebench_image), row, wishes)


def _instance(row: Row, origin: str, image: Callable[[str], str]) -> Instance:
    identity = str(column(row, "instance_id"))
    language = _language(row)
    return Instance(
        id=identity,
        origin=origin,
        language=language,
        repo=str(column(row, "repo")),
        commit=str(column(row, "base_commit")),
        instruction=str(row.get("problem_statement") or ""),
        gold=whole(str(row.get("patch") or "")),
        tests=whole(str(row.get("test_patch") or "")),
        fail_to_pass=read_names(column(row, "FAIL_TO_PASS", "fail_to_pass")),
        pass_to_pass=read_names(row.get("PASS_TO_PASS", row.get("pass_to_pass"))),
        image=_image(row) or image(identity),
        command=_command(row),
        dialect=dialect(
            str(_installation(row).get("log_parser") or row.get("log_parser") or row["repo"]), language
        ),
    )


def whole(patch: str) -> str:
    """Return ``patch`` with the line feed at its end that some data sets cut off."""
    return patch if not patch or patch.endswith("\n") else patch + "\n"


def dialect(parser: str, language: str) -> str:
    """Return how a log is read: by the name of SWE-bench's parser, or of a repository, or by language."""
    name = parser.lower()
    for known in ("django", "sympy", "matplotlib", "cargo", "maven", "gotest", "jest", "mocha", "vitest", "tap"):
        if known in name:
            return {"gotest": "go", "jest": "marks", "mocha": "marks", "vitest": "marks"}.get(known, known)
    if any(repo in name for repo in _OPTIONS):
        return "pytest_options"
    return "pytest" if "pytest" in name else _DIALECTS.get(language, "pytest")


def _language(row: Row) -> str:
    named = str(row.get("repo_language") or row.get("language") or row.get("lang") or "python").lower()
    return _LANGUAGES.get(named, named)


def _installation(row: Row) -> dict[str, Any]:
    found = row.get("install_config")
    return found if isinstance(found, dict) else {}


def _command(row: Row) -> str:
    """Return the row's own test command: between the marks of its evaluation script, or in a column."""
    marked = _COMMAND.search(str(row.get("eval_script") or ""))
    if marked:
        return marked[1].strip()
    given = row.get("test_cmds") or row.get("test_cmd") or _installation(row).get("test_cmd") or ""
    command = " && ".join(given) if isinstance(given, list) else str(given)
    files = row.get("selected_test_files_to_run")
    return f"{command} {shlex.join(read_names(files))}".strip() if command and files else command


def _image(row: Row) -> str:
    for name in ("image", "docker_image", "image_name"):
        if row.get(name):
            return str(row[name])
    return f"jefzda/sweap-images:{row['dockerhub_tag']}" if row.get("dockerhub_tag") else ""


def _swe_bench_image(identity: str) -> str:
    return f"swebench/sweb.eval.x86_64.{identity.lower().replace('__', '_1776_')}:latest"


def _swe_gym_image(identity: str) -> str:
    return f"xingyaoww/sweb.eval.x86_64.{identity.lower().replace('__', '_s_')}:latest"


def _swe_rebench_image(identity: str) -> str:
    return f"swerebench/sweb.eval.x86_64.{identity.lower().replace('__', '_1776_')}:latest"
