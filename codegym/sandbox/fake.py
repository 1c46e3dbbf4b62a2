"""The fake sandbox: behaves like a box but isolates nothing. For tests and trusted code.

The workspace is a folder on the host, copied from the base tree. Commands are plain subprocesses in it, as the
user who runs codegym. There is **no isolation**: a command sees the host's files, network and processes. The paths
``/work`` and ``/tmp`` in a command, its arguments, its environment and a JSON object on its stdin are replaced by
folders on the host, and back in its output. That is right for commands of tests, and wrong for a program that
composes such a path itself.

Snapshots and forks copy the folder. A process that clears its environment is not killed with its command.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import posixpath
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO

from codegym.deadline import note
from codegym.errors import SandboxError
from codegym.sandbox.host.folder import remove_tree
from codegym.sandbox.image.image import BOX_ENV, image_folder
from codegym.sandbox.layered.changes import changed_files
from codegym.sandbox.layered.channel import Clip, as_argv
from codegym.sandbox.layered.files import absolute
from codegym.sandbox.protocol import WORKDIR, Capability, Changes, ExecResult, Sandbox, Snapshot, Tree
from codegym.task import Limits

_PIECE = 65536
_MARK = "CODEGYM_FAKE_COMMAND"
"""The environment variable by which the processes of a command are recognised."""

_BOX_PATH = re.compile(r"(?<![\w./-])/(work|tmp)(?![\w.-])")
_numbers = itertools.count(1)


class FakeBackend:
    """Opens folders that behave like boxes."""

    name = "fake"

    def capabilities(self) -> tuple[Capability, ...]:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        no = "the fake sandbox isolates nothing: use it for tests and trusted code, never for an agent"
        unlimited = "only time and output are limited"
        return (
            Capability("run", True, "plain subprocesses in a temporary folder"),
            Capability("network isolation", False, no),
            Capability("filesystem isolation", False, no),
            Capability("memory limit", False, unlimited),
            Capability("process limit", False, unlimited),
            Capability("disk limit", False, unlimited),
            Capability("copy-on-write", False, "snapshots and forks copy the folder"),
            Capability("system call filter", False, no),
        )

    def require(self, image: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        image_folder(image)

    def open(self, tree: Tree, image: str, limits: Limits) -> FakeBox:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        self.require(image)
        return _open(tree, limits)


class FakeBox(Sandbox):
    """One folder that behaves like a box; see :class:`~codegym.sandbox.protocol.Sandbox`."""

    def __init__(self, tree: Tree, limits: Limits) -> None:
        self._tree = tree
        self._limits = limits
        self._folder = tempfile.TemporaryDirectory(prefix="codegym-fake-", ignore_cleanup_errors=True)
        self._root = Path(self._folder.name).resolve()
        self.work = self._root / "work"
        self.work.mkdir()
        self._temporary = self._root / "tmp"
        (self._temporary / "home").mkdir(parents=True)
        self._snapshots: dict[str, Path] = {}
        self._closed = False

    def exec(
        self,
        command: str | Sequence[str],
        *,
        timeout: float | None = None,
        cwd: str = WORKDIR,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> ExecResult:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self._check_open()
        argv = [self._to_host(word) for word in as_argv(command)]
        mark = f"{self._root.name}-{next(_numbers)}"
        environment = self._environment(env or {}) | {_MARK: mark}
        start = time.monotonic()
        try:
            process = subprocess.Popen(
                argv,
                cwd=self._to_host(absolute(cwd)),
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            if error.errno == errno.ENOEXEC:
                return self.exec(["/bin/sh", *as_argv(command)], timeout=timeout, cwd=cwd, env=env, stdin=stdin)
            code = 127 if error.errno == errno.ENOENT else 126
            return ExecResult(code, "", f"{argv[0]}: {error.strerror}\n", seconds=time.monotonic() - start)
        seconds = self._limits.command_seconds if timeout is None else timeout
        return self._follow(process, stdin, start, seconds, mark)

    def _follow(
        self, process: subprocess.Popen[bytes], stdin: bytes, start: float, timeout: float, mark: str
    ) -> ExecResult:
        clips = [Clip(self._limits.output_kb << 10) for _ in range(2)]
        threads = [
            Thread(target=_pump, args=(process.stdout, clips[0])),
            Thread(target=_pump, args=(process.stderr, clips[1])),
            Thread(target=_feed, args=(process.stdin, self._json_to_host(stdin))),
        ]
        for thread in threads:
            thread.start()
        timed_out = False
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
        seconds = time.monotonic() - start
        _kill_marked(mark)
        process.wait()
        for thread in threads:
            thread.join()
        note("command", timeout, seconds, fired=timed_out)
        stdout, stderr = (self._to_box(clip.bytes().decode(errors="replace")) for clip in clips)
        truncated = any(clip.truncated for clip in clips)
        return ExecResult(process.returncode, stdout, stderr, timed_out, truncated=truncated, seconds=seconds)

    def read(self, path: str) -> bytes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        return self._place(path).read_bytes()

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        place = self._place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(0o755 if executable else 0o644)

    def remove(self, path: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        place = self._place(path)
        place.unlink()
        for folder in place.parents:
            if not folder.is_relative_to(self.work) or folder == self.work or any(folder.iterdir()):
                return
            folder.rmdir()

    def snapshot(self) -> Snapshot:
        """Copy the workspace."""
        self._check_open()
        snapshot = Snapshot(f"s{next(_numbers)}")
        self._snapshots[snapshot.id] = self._root / snapshot.id
        _copy(self.work, self._snapshots[snapshot.id])
        return snapshot

    def restore(self, snapshot: Snapshot) -> None:
        """Copy the snapshot back and empty ``/tmp``."""
        self._check_open()
        if snapshot.id not in self._snapshots:
            raise SandboxError(f"snapshot {snapshot.id!r} is not of this box or of one that it was forked from")
        for folder in (self.work, self._temporary):
            remove_tree(folder)
        (self._temporary / "home").mkdir(parents=True)
        _copy(self._snapshots[snapshot.id], self.work)

    def fork(self) -> FakeBox:
        """Copy the workspace and every snapshot into a new box."""
        self._check_open()
        fork = FakeBox(self._tree, self._limits)
        _copy(self.work, fork.work)
        for name, folder in self._snapshots.items():
            fork._snapshots[name] = fork._root / name
            _copy(folder, fork._snapshots[name])
        return fork

    def open_base(self) -> FakeBox:
        """Copy the base tree into a new box."""
        return _open(self._tree, self._limits)

    def changes(self) -> Changes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        self._check_open()
        return changed_files(self.work, self._tree.layers, self._limits.disk_mb << 20)

    def close(self) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        if not self._closed:
            self._closed = True
            remove_tree(self._root)
            self._folder.cleanup()

    def _place(self, path: str) -> Path:
        self._check_open()
        box_path = posixpath.normpath(absolute(path))
        if not re.match(r"/(work|tmp)(/|$)", box_path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return self._root / box_path[1:]

    def _environment(self, env: Mapping[str, str]) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:{BOX_ENV['PATH']}"
        added = {name: self._to_host(value) for name, value in env.items()}
        return (
            BOX_ENV | {"PATH": path, "HOME": str(self._temporary / "home"), "TMPDIR": str(self._temporary)} | added
        )

    def _to_host(self, text: str) -> str:
        return _BOX_PATH.sub(lambda match: f"{self._root}{match[0]}", text)

    def _json_to_host(self, stdin: bytes) -> bytes:
        """Return what a command reads, with the box's paths replaced if it is a JSON object and nothing else."""
        try:
            return self._to_host(stdin.decode()).encode() if isinstance(json.loads(stdin), dict) else stdin
        except ValueError:
            return stdin

    def _to_box(self, text: str) -> str:
        return re.sub(rf"{re.escape(str(self._root))}(?=/(work|tmp)\b)", "", text)

    def _check_open(self) -> None:
        if self._closed:
            raise SandboxError("the box is closed")


def _open(tree: Tree, limits: Limits) -> FakeBox:
    box = FakeBox(tree, limits)
    for layer in reversed(tree.layers):
        _copy(layer, box.work)
    return box


def _pump(pipe: IO[bytes], clip: Clip) -> None:
    with pipe:
        while piece := os.read(pipe.fileno(), _PIECE):
            clip.add(piece)


def _feed(pipe: IO[bytes], content: bytes) -> None:
    with suppress(BrokenPipeError), pipe:
        pipe.write(content)


def _kill_marked(mark: str) -> None:
    """Kill every process of a command, recognised by its environment, until there is none."""
    needle = f"{_MARK}={mark}".encode()
    while marked := [pid for pid in _processes() if needle in _environ(pid).split(b"\0")]:
        for pid in marked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except (OSError, ProcessLookupError):
        return b""


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=_no_special_files)


def _no_special_files(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not _is_plain(Path(folder) / name)]


def _is_plain(path: Path) -> bool:
    mode = path.lstat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
