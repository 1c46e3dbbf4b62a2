"""Reads a git repository from its objects alone: there is no checkout, and none of its hooks and filters runs.

A repository that is forged is not trusted: its ``.git/config`` may name programs. The git commands used here read
objects, and run none of those programs.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from codegym.errors import TaskError
from codegym.sandbox.protocol import File
from codegym.tree import Files, without_caches

_SECONDS = 900.0
"""Seconds that one git command may take; a clone is the longest."""
_LARGEST = 2 << 20
"""Bytes of the largest file that is read."""
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*")


@dataclass(frozen=True)
class Commit:
    """One commit with one parent, and its message."""

    id: str
    parent: str
    message: str


def is_repository(folder: Path) -> bool:
    """Return whether ``folder`` is the top of a working copy, or a bare repository."""
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def clone(url: str, folder: Path) -> None:
    """Clone ``url`` into ``folder`` as a bare repository. Raises TaskError with git's own message."""
    _git(None, "clone", "--quiet", "--bare", "--template=", "--no-tags", "--", url, str(folder))


def head(folder: Path) -> str:
    """Return the id of the commit that is checked out, or raise :class:`~codegym.errors.TaskError`."""
    return _git(folder, "rev-parse", "--verify", "HEAD^{commit}").decode().strip()


def commits(folder: Path, most: int) -> list[Commit]:
    """Return the newest ``most`` commits with one parent, up to the one checked out, newest first."""
    log = _git(
        folder, "log", f"--max-count={most}", "--min-parents=1", "--max-parents=1", "--format=%H%x00%P%x00%B%x1e"
    )
    fields = [entry.strip("\n").split("\0") for entry in log.decode(errors="replace").split("\x1e")]
    return [Commit(entry[0], entry[1], entry[2].strip()) for entry in fields if len(entry) == 3]


def changed_paths(folder: Path, commit: Commit) -> list[str]:
    """Return the paths of the files that a commit adds, changes or deletes."""
    names = _git(folder, "diff-tree", "-r", "-z", "--no-renames", "--name-only", commit.parent, commit.id)
    return [path.decode(errors="surrogateescape") for path in names.split(b"\0") if path]


class History:
    """The files of a repository's commits. Contents are cached, since commits share most of their files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs: dict[str, bytes] = {}

    def files(self, commit: str) -> Files:
        """Return the files of a commit, without submodules, caches and files over 2 MiB."""
        lines = _git(self.folder, "ls-tree", "-r", "-z", "-l", commit).split(b"\0")
        entries = [_entry(line) for line in lines if line]
        small_enough = {name: (mode, blob) for mode, blob, size, name in entries if 0 <= size <= _LARGEST}
        self._read([blob for _, blob in small_enough.values()])
        blobs = sorted(small_enough.items())
        return without_caches({name: _file(mode, self._blobs[blob]) for name, (mode, blob) in blobs})

    def _read(self, blobs: list[str]) -> None:
        missing = [blob for blob in dict.fromkeys(blobs) if blob not in self._blobs]
        if not missing:
            return
        output = _git(self.folder, "cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in missing).encode())
        at = 0
        for blob in missing:
            end = output.index(b"\n", at)
            size = int(output[at:end].split()[2])
            self._blobs[blob] = output[end + 1 : end + 1 + size]
            at = end + 2 + size


def _entry(line: bytes) -> tuple[str, str, int, str]:
    """Return mode, blob, size (-1 for a submodule) and path from a line of ``git ls-tree -l``."""
    fields, _, name = line.partition(b"\t")
    mode, _, blob, size = fields.decode().split()
    return mode, blob, int(size) if size.isdigit() else -1, name.decode(errors="surrogateescape")


def _file(mode: str, content: bytes) -> File:
    if mode == "120000":
        return File(b"", link=content.decode(errors="surrogateescape"))
    return File(content, executable=mode == "100755")


def _git(folder: Path | None, *arguments: str, stdin: bytes = b"") -> bytes:
    environment = os.environ | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
    argv = ["git", *_SAFE, *(["-C", str(folder)] if folder else []), *arguments]
    try:
        done = subprocess.run(
            argv, env=environment, input=stdin, capture_output=True, timeout=_SECONDS, check=True
        )
    except FileNotFoundError as error:
        raise TaskError("git is not installed: apt-get install git") from error
    except subprocess.CalledProcessError as error:
        message = error.stderr.decode(errors="replace").strip()[-1000:]
        place = f" in {folder}" if folder else ""
        raise TaskError(f"git {arguments[0]} failed{place}: {message}") from error
    except subprocess.TimeoutExpired as error:
        raise TaskError(
            f"git {arguments[0]} took over {_SECONDS:g} s: try again, or forge a local copy"
        ) from error
    return done.stdout
