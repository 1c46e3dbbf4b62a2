"""Writes trees as commits of a bare git repository, for rows that name a repository and a commit.

One ``git fast-import`` writes the repository. A tree becomes a commit without parents and with a fixed author and
date, so that equal trees give equal commits on every machine, and no task is in the history of another.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from codegym.digest import digest_bytes
from codegym.errors import ConfigError
from codegym.patch.paths import quote
from codegym.sandbox.protocol import File
from codegym.tree import Files, tree_digest

_AUTHOR = "codegym <codegym@localhost> 1000000000 +0000"


class GitStream:
    """A bare repository that is being written. It is a context manager; :meth:`commit` works after its end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._marks: dict[str, int] = {}
        self._trees: dict[str, int] = {}
        self._commits: dict[int, str] = {}

    def __enter__(self) -> Self:
        if self.folder.exists():
            raise ConfigError(f"{self.folder} exists already: choose another --out")
        self.folder.mkdir(parents=True)
        self._git("init", "--quiet", "--bare", "--template=", "--initial-branch=main")
        self._list = tempfile.NamedTemporaryFile(prefix="codegym-marks-")
        argv = ["git", "fast-import", "--quiet", f"--export-marks={self._list.name}"]
        self._process = subprocess.Popen(argv, cwd=self.folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _, stderr = self._process.communicate()
        text = Path(self._list.name).read_text()
        self._list.close()
        if self._process.returncode and error is None:
            raise ConfigError(f"git fast-import failed: {stderr.decode(errors='replace').strip()[-500:]}")
        self._commits = {int(mark[1:]): commit for mark, commit in (line.split() for line in text.splitlines())}

    def add(self, files: Files) -> str:
        """Write a tree and return its digest, which :meth:`commit` takes."""
        digest = tree_digest(files)
        if digest not in self._trees:
            blobs = {path: self._blob(_stored(file)) for path, file in files.items()}
            self._trees[digest] = mark = self._next()
            self._write(f"reset refs/tags/{digest[:16]}\ncommit refs/tags/{digest[:16]}\nmark :{mark}\n".encode())
            self._write(f"author {_AUTHOR}\ncommitter {_AUTHOR}\ndata 5\ntree\n\n".encode())
            for path, file in files.items():
                self._write(f"M {_mode(file)} :{blobs[path]} {quote(path)}\n".encode())
        return digest

    def commit(self, digest: str) -> str:
        """Return the commit of a tree, by its digest. Works only after the context is left."""
        return self._commits[self._trees[digest]]

    def _blob(self, content: bytes) -> int:
        key = digest_bytes(content)
        if key not in self._marks:
            self._marks[key] = mark = self._next()
            self._write(f"blob\nmark :{mark}\ndata {len(content)}\n".encode() + content + b"\n")
        return self._marks[key]

    def _next(self) -> int:
        return len(self._marks) + len(self._trees) + 1

    def _write(self, text: bytes) -> None:
        stdin: IO[bytes] | None = self._process.stdin
        if stdin is not None:
            stdin.write(text)

    def _git(self, *arguments: str) -> None:
        try:
            subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True)
        except FileNotFoundError as error:
            raise ConfigError("git is not installed: apt-get install git") from error


def _stored(file: File) -> bytes:
    return file.content if file.link is None else file.link.encode(errors="surrogateescape")


def _mode(file: File) -> str:
    return "120000" if file.link is not None else "100755" if file.executable else "100644"
