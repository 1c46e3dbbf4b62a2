"""The workbench of the tools: the open box, the task, and the edits of the agent so far.

Files are read and written only through the box. Before an edit the file's content is saved, so that undo can go
back one edit at a time, even if commands changed other files in between.
"""

from __future__ import annotations

import posixpath
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from codegym.errors import is_of_machine
from codegym.harness.cache import ResultCache, digested_changes
from codegym.sandbox.protocol import WORKDIR, Changes, Sandbox
from codegym.suite import Suite
from codegym.task import Task
from codegym.tool.call import ToolError


@dataclass(frozen=True)
class SavedFile:
    """A file as it was before an edit; ``before`` is ``None`` if there was no file."""

    path: str
    before: bytes | None
    executable: bool = False


@dataclass
class Workbench:
    """One episode's box, and the state of its tools between calls.

    ``seconds`` limits each command that a tool runs. ``notes`` keeps what a tool needs in its next call, under a
    name of the tool's own; a new episode starts without notes.
    """

    box: Sandbox
    suite: Suite
    task: Task
    cache: ResultCache | None = None
    seconds: float = 60.0
    edits: list[SavedFile] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    def within(self, seconds: float) -> Workbench:
        """Return the same bench for one call of a tool, with ``seconds`` as the limit of each command."""
        return replace(self, seconds=seconds)

    def fork(self) -> Workbench:
        """Return an independent workbench in the same state, on a forked box. Raises :class:`SandboxError`."""
        return replace(self, box=self.box.fork(), edits=[*self.edits], notes=deepcopy(self.notes))

    def path(self, path: str) -> str:
        """Return ``path`` relative to the repository's root. Raises :class:`ToolError` if it lies outside."""
        clean = posixpath.normpath(posixpath.join(WORKDIR, path.strip() or "."))
        if (clean != WORKDIR and not clean.startswith(WORKDIR + "/")) or "\0" in clean:
            raise ToolError(f"{path!r} is outside the repository. Give a path relative to its root.")
        return posixpath.relpath(clean, WORKDIR)

    def read(self, path: str) -> str:
        """Return a file's text; bytes that are not UTF-8 become surrogates. Raises :class:`ToolError`."""
        path = self.path(path)
        try:
            return self.box.read(path).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            raise ToolError(f"There is no file {path!r}.{self._near(path)}", f"no file {path}") from None
        except IsADirectoryError:
            raise ToolError(f"{path!r} is a folder, not a file.") from None
        except OSError as error:
            raise ToolError(f"{path!r} can't be read: {error.strerror or 'I/O error'}.") from error

    def changes(self) -> Changes:
        """Return the changes to the repository. Raises :class:`ToolError` if a changed file can't be read."""
        try:
            return self.box.changes()
        except OSError as error:
            if is_of_machine(error):
                raise
            raise ToolError(f"The changes can't be read: {error.strerror or 'I/O error'}.") from error

    def covered_text(self, path: str) -> str:
        """Return a file's text as the workspace's digest sees it; empty if the digest ignores the file."""
        path = self.path(path)
        changes = digested_changes(self.changes())
        file = changes[path] if path in changes else self.suite.base_file(self.task, path)
        return "" if file is None else file.content.decode("utf-8", "surrogateescape")

    def write(self, path: str, text: str) -> None:
        """Save a file's content for :meth:`undo`, then write it. Raises :class:`ToolError`."""
        path = self.path(path)
        content = text.encode("utf-8", "surrogateescape")
        try:
            before = self._before(path)
            self.box.write(path, content, executable=before.executable)
        except OSError as error:
            raise ToolError(f"{path!r} can't be written: {error.strerror or 'I/O error'}.") from error
        self.edits.append(before)

    def undo(self) -> SavedFile | None:
        """Restore the file that was edited last and return its saved state; ``None`` if no edit is left."""
        if not self.edits:
            return None
        edit = self.edits.pop()
        try:
            if edit.before is None:
                self.box.remove(edit.path)
            else:
                self.box.write(edit.path, edit.before, executable=edit.executable)
        except FileNotFoundError:
            return edit
        except OSError as error:
            raise ToolError(f"{edit.path!r} can't be put back: {error.strerror or 'I/O error'}.") from error
        return edit

    def files(self, path: str = ".") -> list[str]:
        """Return the files below ``path``, sorted, except version control and caches."""
        skip = "( -name .git -o -name __pycache__ -o -name .pytest_cache -o -name node_modules )"
        argv = ["find", "./" + self.path(path), *skip.split(), "-prune", "-o", "!", "-type", "d", "-print"]
        listing = self.box.exec(argv, timeout=self.seconds)
        return sorted(posixpath.normpath(line) for line in listing.stdout.splitlines() if line.strip())

    def _before(self, path: str) -> SavedFile:
        try:
            content = self.box.read(path)
        except FileNotFoundError:
            return SavedFile(path, None)
        executable = self.box.exec(["test", "-x", f"./{path}"], timeout=self.seconds).exit_code == 0
        return SavedFile(path, content, executable)

    def _near(self, path: str) -> str:
        name = posixpath.basename(path)
        same = [each for each in self.files() if posixpath.basename(each) == name]
        return f" Did you mean {', '.join(same[:3])}?" if same else " See `list`."
