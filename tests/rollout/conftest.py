"""Envs over the small suite, with real boxes and results of tests kept in a folder of the test session."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codegym.env import CodeEnv
from codegym.harness.cache import ResultCache
from codegym.sandbox.backend import backend
from codegym.suite import Suite

MakeEnv = Callable[..., CodeEnv]


@pytest.fixture(scope="session")
def sandbox() -> str:
    """The embedded backend where it works, since it has something to leave behind; else the fake one."""
    run = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    return "bwrap" if run.available else "fake"


@pytest.fixture(scope="session")
def make_env(mini: Suite, sandbox: str, tmp_path_factory: pytest.TempPathFactory) -> MakeEnv:
    results = tmp_path_factory.mktemp("results")

    def make(**options: object) -> CodeEnv:
        return CodeEnv(mini, **({"sandbox": sandbox, "cache": ResultCache(results)} | options))

    return make


@pytest.fixture
def runs() -> Callable[..., list[int]]:
    """Return the processes of this machine whose command line holds a marker, boxes' included.

    ``wait`` gives one as many seconds to appear.
    """

    def find(marker: str, wait: float = 0.0) -> list[int]:
        deadline = time.monotonic() + wait
        while not (found := look(marker)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def look(marker: str) -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            try:
                command = (folder / "cmdline").read_bytes() if folder.name.isdecimal() else b""
            except OSError:
                continue
            if marker.encode() in command.replace(b"\0", b" ") and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        return found

    return find
