"""From a solution that is a script to one that is a patch: it is run in a box, and what it changed is taken."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from codegym.errors import TaskError
from codegym.importer.folder.place import Places
from codegym.patch import make_patch
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import File, Tree
from codegym.task import Limits
from codegym.tree import Files, store_tree, tree_digest

_HIDDEN = ".codegym"
_RUN = '"$0" >/tmp/.solution 2>&1 </dev/null; code=$?; tail -c 2000 /tmp/.solution >&2; exit $code'
"""Runs a script in its own language. Its output is a file, so that nobody waits for what it leaves running."""
_SCRIPTS = (".sh", ".py")
_LIMITS = Limits(command_seconds=300)


@dataclass(frozen=True)
class Solution:
    """A solution's files and the script among them that is run."""

    files: Files
    script: str


def as_scripts(files: Files, script: str) -> dict[str, File]:
    """Return ``files`` as Harbor lays them into a container: ``script`` is executable, no line ends in CR LF."""
    return {
        path: replace(
            file,
            content=file.content.replace(b"\r\n", b"\n") if path.endswith(_SCRIPTS) else file.content,
            executable=file.executable or path == script,
        )
        for path, file in files.items()
    }


def gold_patch(solution: Solution, files: Files, image: str, places: Places) -> str:
    """Return what running ``solution`` changes in ``files``, as a patch.

    Raises :class:`~codegym.errors.TaskError` if it fails, :class:`~codegym.errors.SandboxError` if the box does.
    """
    with tempfile.TemporaryDirectory(prefix="codegym-import-") as store:
        tree = Tree((store_tree(files, Path(store)),), tree_digest(files))
        with backend("bwrap").open(tree, image, _LIMITS) as box:
            laid = {f"solution/{path}": file for path, file in solution.files.items()}
            for path, file in places.files(laid, _HIDDEN).items():
                box.write(path, file.content, executable=file.executable)
            done = box.exec(["bash", "-c", _RUN, f"{_HIDDEN}/solution/{solution.script}"])
            changes = {path: file for path, file in box.changes().items() if not path.startswith(f"{_HIDDEN}/")}
    if done.exit_code:
        raise TaskError(f"its {solution.script} ended with {done.exit_code}: {done.stderr.strip()[-300:]}")
    return make_patch({path: files[path] for path in changes if path in files}, changes)
