"""Turns a solution script into a patch: the script runs in a box, and its changes become the patch."""

from __future__ import annotations

from dataclasses import dataclass, replace

from codegym.errors import TaskError
from codegym.importer.folder.script_paths import ScriptPaths
from codegym.patch import make_patch
from codegym.sandbox.backend import backend
from codegym.sandbox.host.lease import draft_folder
from codegym.sandbox.protocol import File, Tree
from codegym.task import Limits
from codegym.tree import Files, store_tree, tree_digest

_HIDDEN = ".codegym"
_RUN = '"$0" >/tmp/.solution 2>&1 </dev/null; code=$?; tail -c 2000 /tmp/.solution >&2; exit $code'
"""Runs a script. Its output goes to a file, so that processes that it leaves behind are not waited for."""
_SCRIPTS = (".sh", ".py")
_LIMITS = Limits(command_seconds=300)


@dataclass(frozen=True)
class Solution:
    """A solution's files, and the script among them to run."""

    files: Files
    script: str


def as_scripts(files: Files, script: str) -> dict[str, File]:
    """Return ``files`` as Harbor writes them: ``script`` is executable, and lines of scripts end with LF alone."""
    return {
        path: replace(
            file,
            content=file.content.replace(b"\r\n", b"\n") if path.endswith(_SCRIPTS) else file.content,
            executable=file.executable or path == script,
        )
        for path, file in files.items()
    }


def gold_patch(solution: Solution, files: Files, image: str, paths: ScriptPaths) -> str:
    """Run ``solution`` on ``files`` in a box and return its changes as a patch.

    Raises :class:`~codegym.errors.TaskError` if it fails, :class:`~codegym.errors.SandboxError` if the box does.
    """
    with draft_folder() as store:
        tree = Tree((store_tree(files, store),), tree_digest(files))
        with backend("bwrap").open(tree, image, _LIMITS) as box:
            scripts = {f"solution/{path}": file for path, file in solution.files.items()}
            for path, file in paths.files(scripts, _HIDDEN).items():
                box.write(path, file.content, executable=file.executable)
            done = box.exec(["bash", "-c", _RUN, f"{_HIDDEN}/solution/{solution.script}"])
            changes = {path: file for path, file in box.changes().items() if not path.startswith(f"{_HIDDEN}/")}
    if done.exit_code:
        raise TaskError(
            f"its {solution.script} ended with exit code {done.exit_code}: {done.stderr.strip()[-300:]}"
        )
    return make_patch({path: files[path] for path in changes if path in files}, changes)
