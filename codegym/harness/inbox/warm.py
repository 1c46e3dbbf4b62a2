# ruff: noqa: PLC0415, PTH103, PTH104, PTH123, S108
"""A process that has imported Python's and pytest's modules once, and forks for each run.

It lives in one box and serves only that one. Before the fork nothing of the repository is imported, no file of
it is open. A request comes through one named pipe, its answer goes through another; who asks is ``sh`` and
``cat`` in the box. The secrets in a request are read after the process that runs the tests was forked.

When a run leaves a process behind, the server ends without an answer, which that process could read off the pipe
and forge: what it started is then nobody's service, and the box kills it with the rest when the command that
asked ends. It also ends when it finds anything else in the place of its pipes: a run that could lay a request of
its own there would have a process of its own beside the next run.
"""

from __future__ import annotations

import gc
import os
import select
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # in the box the programs are one text
    from codegym.harness.inbox.supervisor import alone, seal, supervise

_FOLDER = "/tmp/.codegym-warm"
_PIPES: dict[str, tuple[int, int]] = {}
"""Device and inode of the server's own pipes, by name."""


def note_end(clean: bool, killed: bool) -> None:  # noqa: D103  replaces the supervisor's
    if not clean:
        os.kill(os.getppid(), 9)
        os._exit(1)
    if killed:
        with open(f"{_FOLDER}/killed", "w"):
            pass


def serve() -> None:
    """Take requests for ever. No run can reach into this process: it serves the next one as well.

    A run may kill the process that answers for it. What that one had adopted is adopted here, and ends.
    """
    seal()
    os.makedirs(_FOLDER, exist_ok=True)
    for name in ("in", "out"):
        os.mkfifo(f"{_FOLDER}/{name}")
        made = os.lstat(f"{_FOLDER}/{name}")
        _PIPES[name] = made.st_dev, made.st_ino
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
        if not alone():
            os._exit(1)


def own_pipe(name: str, flags: int) -> int:
    """Open one of the server's pipes; this process ends if something else has its name."""
    pipe = os.open(f"{_FOLDER}/{name}", flags)
    opened = os.fstat(pipe)
    if (opened.st_dev, opened.st_ino) != _PIPES[name]:
        os._exit(1)
    return pipe


def serve_one(source: int) -> None:
    """Answer one request, in a process of its own; never returns."""
    if "random" in sys.modules:
        sys.modules["random"].seed()
    supervise(source, opened)
    os._exit(0)


def opened() -> int:
    """Open the pipe for the answer as soon as someone reads it; give up after five seconds."""
    for _ in range(5000):
        try:
            answer = own_pipe("out", os.O_WRONLY | os.O_NONBLOCK)
            os.set_blocking(answer, True)
            return answer
        except OSError:
            time.sleep(0.001)
    os._exit(1)


def preload() -> None:
    """Import what a run of pytest imports anyway, none of it the repository's."""
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
