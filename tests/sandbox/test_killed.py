"""Processes killed at random moments leave nothing behind, and a box beside them is not affected.

``CODEGYM_KILLS`` sets how many owners are killed; each plays episodes in three threads when it is hit.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from codegym.catalog import cache_dir
from codegym.errors import SandboxError
from codegym.sandbox.bwrap.census import open_boxes
from codegym.sandbox.host.cgroup import cgroup_roots
from codegym.sandbox.host.lease import owners, reap
from codegym.sandbox.layered.box import LaidBox
from codegym.sandbox.protocol import Tree
from tests.sandbox.killed_owner import SLEEPER

KILLS = int(os.environ.get("CODEGYM_KILLS", "3"))
OWNER = Path(__file__).with_name("killed_owner.py")
StartOwner = Callable[..., subprocess.Popen[str]]


def below(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return children + [deeper for child in children for deeper in below(child)]
    return []


def sleepers() -> list[str]:
    seen = subprocess.run(["ps", "ax", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return [line for line in seen.splitlines() if SLEEPER in line]


def groups(lease: str) -> list[Path]:
    return [folder for root in cgroup_roots() for folder in root.glob(f"codegym-{lease}-*")]


def gone(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.fixture
def owner(tree: Tree) -> Iterator[StartOwner]:
    started = []

    def start(seed: int, stage: str = "auto") -> subprocess.Popen[str]:
        argv = [sys.executable, str(OWNER), str(tree.layers[0]), str(seed), stage]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        started.append(process)
        assert process.stdout.readline() == "started\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stage", ["auto", "disk"])
def test_owners_killed_at_random_moments_leave_nothing(owner: StartOwner, box: LaidBox, stage: str) -> None:
    box.write("mine", b"mine")
    mine = {lease.id for lease in owners() if lease.pid == os.getpid()}
    for seed in range(KILLS):
        process = owner(seed, stage)
        time.sleep(random.Random(seed).uniform(0.0, 0.6))
        (lease,) = [lease.id for lease in owners() if lease.pid == process.pid and lease.is_held]
        process.kill()
        process.wait()
        assert gone(lambda pid=process.pid: open_boxes()[pid] == 0 and not below(pid)), "a keeper stays"
        assert gone(lambda: not sleepers()), "a process of a box stays"
        reap()
        assert not groups(lease)
        assert not list((cache_dir() / "boxes").glob(f".draft-{lease}-*"))
        assert lease not in {left.id for left in owners()}
        assert box.read("mine") == b"mine"
    assert {lease.id for lease in owners() if lease.is_held} >= mine


def test_a_box_whose_own_processes_are_killed_is_an_error_and_leaves_nothing(
    tree: Tree, owner: StartOwner
) -> None:
    process = owner(99)
    chance = random.Random(99)
    for _ in range(3 * KILLS):
        time.sleep(chance.uniform(0.0, 0.1))
        victims = below(process.pid)
        if victims:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(victims), signal.SIGKILL)
    keepers = below(process.pid)
    process.kill()
    process.wait()
    assert gone(lambda: not any(Path(f"/proc/{pid}").exists() for pid in keepers))
    assert gone(lambda: not sleepers())
    reap()


def test_a_box_in_use_says_that_it_is_gone(box: LaidBox) -> None:
    for victim in below(box.cell.pid)[:1]:
        os.kill(victim, signal.SIGKILL)
    with pytest.raises(SandboxError, match="gone"):
        box.exec("true")
