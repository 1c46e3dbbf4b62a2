"""SWE-bench and the data sets that took over its columns.

SWE-bench (all variants, from the first to those with ``image``, ``eval_script``, ``log_parser``), SWE-bench Pro,
Live and Multilingual, SWE-Gym, SWE-rebench. They differ in the names of a few columns, in how test names are
written down, and in how an image is called where no column says it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from functools import partial
from typing import Any

from codegym.importer.imported import Imported, Wishes
from codegym.importer.names import read_names, read_object
from codegym.importer.repository.instance import Instance, instance_task
from codegym.importer.repository.language import dialect, language_of
from codegym.importer.repository.own_row import own_row
from codegym.importer.rows import Row, column

_COMMAND = re.compile(r">>>>> Start Test Output'?\n(.*?)\n: '?>>>>> End Test Output", re.DOTALL)


def swe_bench(row: Row, wishes: Wishes) -> Imported:
    """Read a row of SWE-bench, of a relative that names its images as it does, or one that we exported."""
    if isinstance(row.get("codegym"), dict):
        return own_row(row, wishes)
    return instance_task(_instance(row, "swe-bench", partial(_published, "swebench")), row, wishes)


def swe_gym(row: Row, wishes: Wishes) -> Imported:
    """Read a row of SWE-Gym."""
    return instance_task(_instance(row, "swe-gym", partial(_published, "xingyaoww", between="_s_")), row, wishes)


def swe_rebench(row: Row, wishes: Wishes) -> Imported:
    """Read a row of SWE-rebench, or of SWE-bench-extra before it."""
    return instance_task(_instance(row, "swe-rebench", partial(_published, "swerebench")), row, wishes)


def _instance(row: Row, origin: str, image: Callable[[str], str]) -> Instance:
    identity = str(column(row, "instance_id"))
    tests = whole(str(row.get("test_patch") or ""))
    language = language_of(row.get("repo_language") or row.get("language") or row.get("lang"), tests)
    return Instance(
        id=identity,
        origin=origin,
        language=language,
        repo=str(column(row, "repo")),
        commit=str(column(row, "base_commit")),
        instruction=_instruction(row),
        gold=whole(str(row.get("patch") or "")),
        tests=tests,
        fail_to_pass=read_names(column(row, "FAIL_TO_PASS", "fail_to_pass")),
        pass_to_pass=read_names(row.get("PASS_TO_PASS", row.get("pass_to_pass"))),
        image=_image(row) or image(identity),
        command=_command(row),
        dialect=dialect(_parser(row), language),
    )


def whole(patch: str) -> str:
    """Return ``patch`` with the line feed at its end that some data sets cut off."""
    return patch if not patch or patch.endswith("\n") else patch + "\n"


def _instruction(row: Row) -> str:
    """Return what is asked: the issue and, in SWE-bench Pro and SWE-rebench V2, what names the tests rely on."""
    parts = [str(row.get("problem_statement") or "").strip()]
    if row.get("dockerhub_tag") and row.get("requirements"):
        parts.append(f"Requirements:\n{str(row['requirements']).strip()}")
    if row.get("interface"):
        parts.append(f"Interface:\n{str(row['interface']).strip()}")
    return "\n\n".join(filter(None, parts))


def _parser(row: Row) -> str:
    """Return the name of the log's parser, or the repository's; a column may hold the parser's code instead."""
    named = str(_installation(row).get("log_parser") or row.get("log_parser") or "")
    return str(row["repo"]) if not named or "\n" in named else named


def _installation(row: Row) -> dict[str, Any]:
    return read_object(row.get("install_config"))


def _command(row: Row) -> str:
    """Return the row's own test command: between the marks of its evaluation script, or in a column."""
    marked = _COMMAND.search(str(row.get("eval_script") or ""))
    if marked:
        return marked[1].strip()
    given = row.get("test_cmds") or row.get("test_cmd") or _installation(row).get("test_cmd") or ""
    command = " ; ".join(map(str, given)) if isinstance(given, list | tuple) else str(given)
    files = row.get("selected_test_files_to_run")
    return f"{command} {shlex.join(read_names(files))}".strip() if command and files else command


def _image(row: Row) -> str:
    for name in ("image", "docker_image", "image_name"):
        if row.get(name):
            return str(row[name])
    if row.get("dockerhub_tag"):
        return f"jefzda/sweap-images:{row['dockerhub_tag']}"
    live = row.get("pull_number") and row.get("test_cmds")
    return _published("starryzhang", str(row["instance_id"])) if live else ""


def _published(account: str, identity: str, between: str = "_1776_") -> str:
    return f"{account}/sweb.eval.x86_64.{identity.lower().replace('__', between)}:latest"
