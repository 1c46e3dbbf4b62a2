"""SWE-smith: the patch of a row is the bug, put into a repository whose tests pass without it."""

from __future__ import annotations

import re
import subprocess

from codegym.errors import TaskError
from codegym.importer.imported import Imported, Wishes
from codegym.importer.names import read_names
from codegym.importer.repository import Instance, instance_task
from codegym.importer.rows import Row, column
from codegym.importer.swebench import whole
from codegym.patch import reverse_patch

_SECONDS = 60


def swe_smith(row: Row, wishes: Wishes) -> Imported:
    """Read a row of SWE-smith. A row without ``base_commit`` is pinned to what its mirror's ``HEAD`` is now."""
    bug, repo = whole(str(column(row, "patch"))), str(column(row, "repo"))
    return instance_task(
        Instance(
            id=str(column(row, "instance_id")),
            origin="swe-smith",
            language="python",
            repo=repo,
            commit=str(row.get("base_commit") or _head(wishes.url(repo))),
            instruction=str(row.get("problem_statement") or ""),
            setup=bug,
            gold=reverse_patch(bug),
            tests="",
            fail_to_pass=read_names(column(row, "FAIL_TO_PASS")),
            pass_to_pass=read_names(row.get("PASS_TO_PASS")),
            image=str(row.get("image_name") or _image(repo)),
        ),
        row,
        wishes,
    )


def _image(repo: str) -> str:
    return f"swebench/swesmith.x86_64.{repo.rpartition('/')[2].lower().replace('__', '_1776_')}:latest"


def _head(url: str) -> str:
    """Return the commit that ``url`` has at its ``HEAD``. Raises :class:`TaskError` if it does not answer."""
    argv = ["git", "ls-remote", "--", url, "HEAD"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise TaskError(f"{url} can't be asked for its commit: {error}") from error
    found = re.match(r"[0-9a-f]{40}", done.stdout)
    if found is None:
        said = done.stderr.strip()[-300:] or "it has no commit"
        raise TaskError(f"the row has no base_commit, and {url} can't be asked for its own: {said}")
    return found[0]
