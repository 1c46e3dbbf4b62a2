"""A box for a person: opened on a task's tree or a folder, for one command or for line after line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codegym.errors import ConfigError
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import WORKDIR, ExecResult, Sandbox, Tree
from codegym.suite import load_suite
from codegym.task import Limits
from codegym.tree import store_tree, tree_digest

TIMED_OUT = 124
_SIGNALLED = 128
_WHERE = "/tmp/home/.codegym-cwd"  # noqa: S108  a path in the box


@dataclass(frozen=True)
class Request:
    """The box to open: a task's, one with a copy of a folder, or an empty one."""

    sandbox: str
    image: str | None
    task: str | None
    tree: Path | None

    def open(self) -> Sandbox:
        """Open the box. Raises :class:`ConfigError` for both a task and a tree, and what the backend raises."""
        if self.task and self.tree:
            raise ConfigError("give --task or --tree, not both")
        if self.task:
            return self._of_task(self.task)
        tree = Tree((store_tree({}),), tree_digest({})) if self.tree is None else _folder(self.tree)
        return backend(self.sandbox).open(tree, self.image or "python", Limits())

    def _of_task(self, name: str) -> Sandbox:
        suite_name, slash, task_id = name.partition("/")
        if not slash:
            raise ConfigError(f"--task {name!r} is not SUITE/TASK, such as kata/tip-jar")
        suite = load_suite(suite_name)
        task = suite.task(task_id)
        return backend(self.sandbox).open(suite.tree(task), self.image or task.image, task.limits)


def exit_code(result: ExecResult) -> int:
    """Return a shell's exit code for a result: 128 and the signal's number, 124 after a timeout."""
    if result.timed_out:
        return TIMED_OUT
    return result.exit_code if result.exit_code >= 0 else _SIGNALLED - result.exit_code


def run_lines(box: Sandbox, timeout: float | None, *, prompt: bool) -> ExecResult:
    """Run the lines of stdin, one after the other, as a shell in ``box`` would; return the last result."""
    folder, last = WORKDIR, ExecResult(0, "", "")
    for line in _lines(prompt=prompt, box=box):
        if line.strip() in ("exit", "logout"):
            break
        script = f'cd "$1" || exit\n{line}\nstatus=$?\npwd >{_WHERE}\nexit $status'
        last = box.exec(["/bin/sh", "-c", script, "sh", folder], timeout=timeout)
        print_result(last)
        folder = _where(box) or folder
    return last


def print_result(result: ExecResult) -> None:
    """Print a command's output, and why it ended if it did not end by itself."""
    sys.stdout.write(result.stdout)
    sys.stdout.flush()
    sys.stderr.write(result.stderr)
    notes = (("timed out", result.timed_out), ("out of memory", result.oom), ("output cut", result.truncated))
    sys.stderr.write("".join(f"[{note}]\n" for note, applies in notes if applies))
    sys.stderr.flush()


def _lines(*, prompt: bool, box: Sandbox) -> Iterator[str]:
    while True:
        if prompt:
            sys.stderr.write(f"{_where(box) or WORKDIR} $ ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            return
        yield line


def _where(box: Sandbox) -> str:
    try:
        return box.read(_WHERE).decode(errors="replace").strip()
    except FileNotFoundError:
        return ""


def _folder(path: Path) -> Tree:
    if not path.is_dir():
        raise ConfigError(f"{str(path)!r} is not a folder to open a box on")
    return Tree((path.resolve(),), "")
