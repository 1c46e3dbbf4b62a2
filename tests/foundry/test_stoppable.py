"""Ctrl-C ends a survey, trials and a certification within seconds, whatever runs in their boxes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codegym.errors import SandboxError
from codegym.foundry.certify.certify import certify
from codegym.foundry.draft.in_threads import AdmitAll, try_in_threads
from codegym.foundry.draft.setup import Resources
from codegym.foundry.stoppable import StoppableBackend
from codegym.progress.protocol import silent
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import Tree
from codegym.task import Limits
from codegym.tree import store_tree
from tests.foundry.certify.test_certify import endless_suite
from tests.foundry.forge.test_survey import SLOW, need_bwrap, own_cache
from tests.foundry.repositories import write

MOST_SECONDS = 15.0
"""Far less than what runs in the boxes would take, and enough for a busy machine."""


@pytest.fixture(autouse=True)
def sigint_is_not_ignored() -> Iterator[None]:
    """Let SIGINT interrupt: a shell's background job ignores it, and so do the processes that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def interrupt_after(seconds: float) -> Iterator[None]:
    """Send this process a real SIGINT, expect KeyboardInterrupt, and check that it came soon."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    began = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        yield
    assert time.monotonic() - began < seconds + MOST_SECONDS


def test_trials_end_when_they_are_interrupted() -> None:
    need_bwrap()
    boxes = StoppableBackend(backend("bwrap"))
    base = store_tree({})

    @contextmanager
    def open_worker() -> Iterator[Callable[[int], str]]:
        with boxes.open(Tree((base,), base.name), "python", Limits()) as box:
            yield lambda _: str(box.exec("sleep 120", timeout=120).exit_code)

    with interrupt_after(2.0):
        try_in_threads(
            iter(range(4)),
            open_worker,
            AdmitAll(),
            resources=Resources(boxes, 2, silent),
            label="sleep",
            most=4,
            deadline=time.monotonic() + 600,
        )
    with pytest.raises(SandboxError, match="interrupted"):
        boxes.open(Tree((base,), base.name), "python", Limits())


def test_a_certification_ends_when_it_is_interrupted(tmp_path: Path) -> None:
    need_bwrap()
    suite = endless_suite(tmp_path, "", grade_seconds=120)
    with interrupt_after(8.0):
        certify(suite, repeats=1)
    for thread in threading.enumerate():
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join(MOST_SECONDS)
            assert not thread.is_alive()


def test_forge_ends_when_it_is_interrupted(tmp_path: Path) -> None:
    need_bwrap()
    write(tmp_path / "pad", SLOW)
    command = [sys.executable, "-c", "from codegym.cli import app; app()", "forge", str(tmp_path / "pad")]
    env = os.environ | {"PYTHONPATH": str(Path.cwd()), "XDG_DATA_HOME": str(tmp_path / "data")}
    env |= {"XDG_CACHE_HOME": str(own_cache(tmp_path / "cache"))}
    with subprocess.Popen(
        [*command, "--image", "python", "--name", "pad"], env=env, stderr=subprocess.PIPE, text=True
    ) as forge:
        assert forge.stderr
        while "finding" not in (line := forge.stderr.readline()):
            assert line, "forge ended before it surveyed"
        time.sleep(4)
        forge.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert forge.wait(60) == 130
        assert time.monotonic() - began < MOST_SECONDS
