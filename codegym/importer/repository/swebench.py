"""SWE-bench and the data sets that have its columns.

These are SWE-bench (all variants, from the first to those with ``image``, ``eval_script``, ``log_parser``),
SWE-bench Pro, Live and Multilingual, SWE-Gym and SWE-rebench. They differ in the names of a few columns, in the
form of test names, and in the names of images if no column has them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from functools import partial
from typing import Any

from codegym.importer.imported_task import ImportedTask, ImportOptions
from codegym.importer.names import read_names, read_object
from codegym.importer.repository.instance import Instance, instance_task
from codegym.importer.repository.language import dialect, language_of
from codegym.importer.repository.own_row import own_row
from codegym.importer.rows import Row, column

_COMMAND = re.compile(r">>>>> Start Test Output'?\n(.*?)\n: '?>>>>> End Test Output", re.DOTALL)


def swe_bench(row: Row, options: ImportOptions) -> ImportedTask:
    """Read a row of SWE-bench, of a data set that names images in the same way, or one that codegym exported."""
    if isinstance(row.get("codegym"), dict):
        return own_row(row, options)
    return instance_task(_instance(row, "swe-bench", partial(_published, "swebench")), row, options)


def swe_gym(row: Row, options: ImportOptions) -> ImportedTask:
    """Read a row of SWE-Gym."""
    return instance_task(_instance(row, "swe-gym", partial(_published, "xingyaoww", between="_s_")), row, options)


def swe_rebench(row: Row, options: ImportOptions) -> ImportedTask:
    """Read a row of SWE-rebench or of its predecessor SWE-bench-extra."""
    return instance_task(_instance(row, "swe-rebench", partial(_published, "swerebench")), row, options)


def _instance(row: Row, origin: str, image: Callable[[str], str]) -> Instance:
    identity = str(column(row, "instance_id"))
    gold, tests = whole(str(row.get("patch") or "")), whole(str(row.get("test_patch") or ""))
    language = language_of(row.get("repo_language") or row.get("language") or row.get("lang"), gold, tests)
    return Instance(
        id=identity,
        origin=origin,
        language=language,
        repo=str(column(row, "repo")),
        commit=str(column(row, "base_commit")),
        instruction=_instruction(row),
        gold=gold,
        tests=tests,
        fail_to_pass=read_names(column(row, "FAIL_TO_PASS", "fail_to_pass")),
        pass_to_pass=read_names(row.get("PASS_TO_PASS", row.get("pass_to_pass"))),
        image=_image(row) or image(identity),
        command=_command(row),
        dialect=dialect(_parser(row), language) or dialect(_command(row), ""),
    )


def whole(patch: str) -> str:
    """Return ``patch`` with a line feed at its end, which some data sets cut off."""
    return patch if not patch or patch.endswith("\n") else patch + "\n"


def _instruction(row: Row) -> str:
    """Return the issue with the requirements and the interface that SWE-bench Pro and SWE-rebench V2 add."""
    parts = [str(row.get("problem_statement") or "").strip()]
    if row.get("dockerhub_tag") and row.get("requirements"):
        parts.append(f"Requirements:\n{str(row['requirements']).strip()}")
    if row.get("interface"):
        parts.append(f"Interface:\n{str(row['interface']).strip()}")
    return "\n\n".join(filter(None, parts))


def _parser(row: Row) -> str:
    """Return the name of the log's parser; the repository's name if the row has none, or the parser's code."""
    parser = str(_installation(row).get("log_parser") or row.get("log_parser") or "")
    return str(row["repo"]) if not parser or "\n" in parser else parser


def _installation(row: Row) -> dict[str, Any]:
    return read_object(row.get("install_config"))


def _command(row: Row) -> str:
    """Return the row's test command: between the marks in its evaluation script, or from a column."""
    marked = _COMMAND.search(str(row.get("eval_script") or ""))
    if marked:
        return marked[1].strip()
    commands = row.get("test_cmds") or row.get("test_cmd") or _installation(row).get("test_cmd") or ""
    command = " ; ".join(map(str, commands)) if isinstance(commands, list | tuple) else str(commands)
    files = row.get("selected_test_files_to_run")
    return f"{command} {shlex.join(read_names(files))}".strip() if command and files else command


def _image(row: Row) -> str:
    """Return the image that a row names, or that follows from its columns; empty if there is neither."""
    for name in ("image", "docker_image", "image_name"):
        if row.get(name):
            return str(row[name])
    if row.get("dockerhub_tag"):
        return f"jefzda/sweap-images:{row['dockerhub_tag']}"
    live = row.get("pull_number") and row.get("test_cmds")
    return _published("starryzhang", str(row["instance_id"])) if live else ""


def _published(account: str, identity: str, between: str = "_1776_") -> str:
    """Return the name of the image that ``account`` publishes for an instance."""
    return f"{account}/sweb.eval.x86_64.{identity.lower().replace('__', between)}:latest"
