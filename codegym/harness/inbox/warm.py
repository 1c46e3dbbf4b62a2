# ruff: noqa: PLC0415, PTH103, PTH104, PTH123, S108
"""A server in a box that has imported Python's and pytest's modules once, and forks for each run.

It serves only its own box. Before the fork it has imported no module and opened no file of the repository. A
request comes through one named pipe, its answer goes through another; the client is ``sh`` and ``cat`` in the box.
The secrets in a request are read after the process that runs the tests was forked.

If a run leaves a process behind, the server ends without an answer, since that process could read the answer from
the pipe and forge it; the box then kills all its processes when the client's command ends. The server also ends if
its pipes were replaced: with its own pipe a run could send a request, and so have a process beside the next run.
"""

from __future__ import annotations

import gc
import os
import select
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # in the box the programs are one text
    from codegym.harness.inbox.supervisor import kill_descendants, seal, supervise

_FOLDER = "/tmp/.codegym-warm"
_PIPES: dict[str, tuple[int, int]] = {}
"""The device and inode of the server's own pipes, by name."""


def note_end(clean: bool, killed: bool) -> None:  # noqa: D103  replaces the supervisor's
    if not clean:
        os.kill(os.getppid(), 9)
        os._exit(1)
    if killed:
        with open(f"{_FOLDER}/killed", "w"):
            pass


def serve() -> None:
    """Serve requests for ever. This process is sealed against runs, since it also serves later ones.

    A run may kill the process that answers its request. The orphans of that process are adopted here and killed.
    """
    seal()
    os.makedirs(_FOLDER, exist_ok=True)
    for name in ("in", "out"):
        os.mkfifo(f"{_FOLDER}/{name}")
        status = os.lstat(f"{_FOLDER}/{name}")
        _PIPES[name] = status.st_dev, status.st_ino
    with open(f"{_FOLDER}/draft", "w") as file:
        file.write(f"{os.getpid()}\n")
    os.rename(f"{_FOLDER}/draft", f"{_FOLDER}/pid")
    preload()
    gc.collect()
    gc.freeze()
    while True:
        source = own_pipe("in", os.O_RDONLY)
        select.select([source], [], [])
        answering = os.fork()
        if answering == 0:
            serve_one(source)
        os.close(source)
        os.waitpid(answering, 0)
        if not kill_descendants():
            os._exit(1)


def own_pipe(name: str, flags: int) -> int:
    """Open one of the server's pipes; end this process if the pipe was replaced."""
    pipe = os.open(f"{_FOLDER}/{name}", flags)
    status = os.fstat(pipe)
    if (status.st_dev, status.st_ino) != _PIPES[name]:
        os._exit(1)
    return pipe


def serve_one(source: int) -> None:
    """Answer one request, in a forked process; never returns."""
    if "random" in sys.modules:
        sys.modules["random"].seed()
    supervise(source, open_answer)
    os._exit(0)


def open_answer() -> int:
    """Open the pipe for the answer when a client reads it; end this process after about five seconds."""
    for _ in range(5000):
        try:
            answer = own_pipe("out", os.O_WRONLY | os.O_NONBLOCK)
            os.set_blocking(answer, True)
            return answer
        except OSError:
            time.sleep(0.001)
    os._exit(1)


def preload() -> None:
    """Import the modules that every run of pytest imports, none of the repository's."""
    import importlib

    import pytest  # noqa: F401
    from _pytest.config import default_plugins

    more = (
        "_pytest.compat",
        "_pytest.stash",
        "_pytest._io.pprint",
        "_pytest.assertion.util",
        "_pytest.python_api",
    )
    for name in (*(f"_pytest.{plugin}" for plugin in default_plugins), *more, *STANDARD):
        try:
            importlib.import_module(name)
        except ImportError:
            continue


STANDARD = (
    "ctypes",
    "binascii",
    "zlib",
    "json",
    "difflib",
    "pprint",
    "tempfile",
    "unittest",
    "unittest.mock",
    "doctest",
    "pdb",
    "logging",
)
