"""SWE-smith: the patch of a row is the bug, in a repository whose tests pass without it."""

from __future__ import annotations

from codegym.importer.imported_task import ImportedTask, ImportOptions
from codegym.importer.names import read_names
from codegym.importer.repository.instance import Instance, instance_task
from codegym.importer.repository.language import dialect, language_of
from codegym.importer.repository.swebench import whole
from codegym.importer.rows import Row, column
from codegym.patch import reverse_patch


def swe_smith(row: Row, options: ImportOptions) -> ImportedTask:
    """Read a row of SWE-smith.

    Most rows have no ``base_commit``: their ``repo`` is a mirror of a single commit, which is its ``HEAD``.
    """
    bug, repo = whole(str(column(row, "patch"))), str(column(row, "repo"))
    language = language_of(row.get("language"), bug)
    return instance_task(
        Instance(
            id=str(column(row, "instance_id")),
            origin="swe-smith",
            language=language,
            repo=repo if "/" in repo else f"swesmith/{repo}",
            commit=str(row.get("base_commit") or "HEAD"),
            instruction=str(row.get("problem_statement") or ""),
            setup=bug,
            gold=reverse_patch(bug),
            tests="",
            fail_to_pass=read_names(column(row, "FAIL_TO_PASS")),
            pass_to_pass=read_names(row.get("PASS_TO_PASS")),
            image=str(row.get("image_name") or _image(repo)),
            dialect=dialect("", language),
        ),
        row,
        options,
    )


def _image(repo: str) -> str:
    return f"swebench/swesmith.x86_64.{repo.rpartition('/')[2].lower().replace('__', '_1776_')}:latest"
