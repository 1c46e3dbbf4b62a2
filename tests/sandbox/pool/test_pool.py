"""The pool over embedded boxes: filled ahead, bounded, and strict about what it hands out again."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codegym.sandbox.backend import backend, pooled
from codegym.sandbox.bwrap.backend import BwrapBackend
from codegym.sandbox.bwrap.capabilities import why_unavailable
from codegym.sandbox.layered.box import LaidBox
from codegym.sandbox.pool.pool import Pool
from codegym.sandbox.protocol import File, Tree
from codegym.task import Limits
from codegym.tree import store_tree

LIMITS = Limits(memory_mb=256)


def soon(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


@pytest.fixture
def pool() -> Iterator[Pool]:
    if why_unavailable():
        pytest.skip(why_unavailable())
    pool = Pool(BwrapBackend(), most=3, spare=0)
    yield pool
    pool.close()


def test_boxes_are_ready_ahead_of_demand_and_closed_when_nobody_comes(tree: Tree) -> None:
    before = set(threading.enumerate())
    patient = Pool(BwrapBackend(), most=3, spare=2)
    with patient.open(tree, "cc", LIMITS):
        assert soon(lambda: patient.ready() == 2)
    patient.close()
    hasty = Pool(BwrapBackend(), most=3, spare=2, idle_seconds=0.01)
    hasty.open(tree, "cc", LIMITS).close()
    assert soon(lambda: all(t.name != "codegym-pool-bwrap" for t in set(threading.enumerate()) - before))
    for pool in (patient, hasty):
        assert pool.ready() == 0
        assert pool.counts.opened == pool.counts.retired


def test_a_waiting_box_serves_every_tree_of_its_store(pool: Pool, tree: Tree) -> None:
    other = Tree((store_tree({"o": File(b"other")}, tree.layers[0].parent),), "")
    elsewhere = Tree((Path(__file__).parent,), "")
    for _ in range(3):
        with pool.open(tree, "cc", LIMITS) as box:
            assert box.exec("ls; echo x > y").stdout == "a.txt\nd\n"
        with pool.open(other, "cc", LIMITS) as box:
            assert box.exec("ls; echo x > y").stdout == "o\n"
    assert pool.counts.opened == 1
    with pool.open(elsewhere, "cc", LIMITS) as box:
        assert "test_pool.py" in box.exec("ls").stdout
    assert pool.counts.opened == 2


def test_other_limits_are_another_kind(pool: Pool, tree: Tree) -> None:
    for memory in (256, 300, 256):
        pool.open(tree, "cc", Limits(memory_mb=memory)).close()
    assert (pool.counts.opened, pool.counts.reused) == (2, 1)


def test_no_more_wait_than_asked(pool: Pool, tree: Tree) -> None:
    boxes = [pool.open(tree, "cc", LIMITS) for _ in range(5)]
    for box in boxes:
        box.close()
    assert pool.ready() == 3


TRACES = {
    "connection": """python3 -c '
import socket
server = socket.create_server(("127.0.0.1", 8000)); client = socket.create_connection(("127.0.0.1", 8000))
server.accept()[0].close(); client.close()'""",
}


@pytest.mark.parametrize("trace", TRACES)
def test_what_can_not_be_undone_is_quarantined_and_replaced(pool: Pool, tree: Tree, trace: str) -> None:
    with pool.open(tree, "python", LIMITS) as box:
        assert box.exec(TRACES[trace]).exit_code == 0
    (why,) = pool.counts.quarantined
    assert trace in why
    with pool.open(tree, "python", LIMITS) as box:
        assert box.exec("echo fine").stdout == "fine\n"
    assert pool.counts.opened == 2


@pytest.mark.parametrize(
    ("meddle", "expected"),
    [
        (lambda box: box.exec("touch /tmp/x"), "file: tmp"),
        (lambda box: box.exec("mkdir x"), "file: u/0"),
        (lambda box: box.exec("chmod 700 /tmp/home"), "mode: tmp/home"),
        (lambda box: box.cell.channel.spawn(["sleep", "47.71"]), "process"),
        (lambda box: box.cell.path("shm").chmod(0o700), "mode: shm"),
        (lambda box: __import__("os").setpriority(0, box.cell.own_processes.runner, 19), "priority"),
        (lambda box: __import__("resource").prlimit(box.cell.own_processes.runner, 7, (512, 512)), "limits"),
    ],
)
def test_the_look_from_outside_sees(
    box: LaidBox, tree: Tree, meddle: Callable[[LaidBox], object], expected: str
) -> None:
    assert box.residue() != (), "no baseline was recorded"
    box.record_baseline()
    box.renew(tree)
    assert box.residue() == ()
    meddle(box)
    assert any(line.startswith(expected) for line in box.residue()), box.residue()


@pytest.mark.parametrize("role", ["keeper", "bubblewrap", "runner"])
def test_a_box_that_died_while_it_waited_is_not_handed_out(pool: Pool, tree: Tree, role: str) -> None:
    with pool.open(tree, "cc", LIMITS) as box:
        inner = box._slot.box
    assert inner.is_alive()
    os.kill({"keeper": inner.cell.pid}.get(role) or getattr(inner.cell.own_processes, role), signal.SIGKILL)
    assert soon(lambda: not inner.is_alive())
    with pool.open(tree, "cc", LIMITS) as box:
        assert box.exec("ls").stdout == "a.txt\nd\n"
    assert list(pool.counts.quarantined) == ["it died while it waited"]


def test_what_died_while_it_waited_is_cleaned_up_before_anybody_comes(tree: Tree) -> None:
    pool = Pool(BwrapBackend(), spare=1, idle_seconds=2.0)
    with pool.open(tree, "cc", LIMITS) as box:
        inner = box._slot.box
    os.kill(inner.cell.pid, signal.SIGKILL)
    assert soon(lambda: inner._closed)
    pool.close()


def test_fifty_levels_of_forks_and_snapshots(pool: Pool, tree: Tree) -> None:
    box = pool.open(tree, "cc", LIMITS)
    box.exec("mkdir gone hidden; touch gone/x hidden/x; rm -r d")
    seconds = []
    for level in range(50):
        box.exec(f"echo {level} >> log; rm -rf hidden only*; mkdir -p hidden; touch hidden/{level} only{level}")
        snapshot = box.snapshot()
        box.exec("echo dirt >> log; rm -rf hidden gone")
        start = time.monotonic()
        box.restore(snapshot)
        fork = box.fork()
        seconds.append(time.monotonic() - start)
        box.close()
        box = fork
    assert box.read("log").decode().split() == [str(level) for level in range(50)]
    assert box.exec("ls hidden gone only*; ls -A").stdout.split() == [
        "only49", "gone:", "x", "hidden:", "49", "a.txt", "gone", "hidden", "log", "only49",
    ]  # fmt: skip
    assert set(box.changes()) == {"d/b.txt", "gone/x", "hidden/49", "log", "only49"}
    assert box.changes()["d/b.txt"] is None
    box.restore(snapshot)
    box.close()
    assert min(seconds[40:]) < 0.1


def test_many_snapshots_of_one_box_stay_correct_and_few_layers_deep(box: LaidBox) -> None:
    snapshots = []
    for i in range(110):
        box.exec(
            f"echo {i} >> log; rm -rf d only*; mkdir d; touch d/{i} only{i}; ln -s {i} s{i % 3} 2>/dev/null; :"
        )
        if i == 60:
            box.exec("rm a.txt; mkdir a.txt; echo in > a.txt/in; chmod 500 a.txt; touch -d @77 a.txt/in")
        snapshots.append(box.snapshot())
    assert len(box._layers.written()) < 50
    dated = box.exec("stat -c %Y a.txt").stdout.strip()
    seen = box.exec("ls d; ls -d only*; wc -l <log; cat a.txt/in; stat -c '%a %Y' a.txt a.txt/in")
    assert seen.stdout.split() == [
        "109", "only109", "110", "in", "500", dated, "644", "77",
    ]  # fmt: skip
    box.restore(snapshots[70])
    assert box.exec("ls d; ls -d only*; wc -l <log").stdout.split() == ["70", "only70", "71"]


def test_names_are_pooled_once_for_the_process() -> None:
    assert pooled("bwrap") is pooled("bwrap")
    assert pooled("fake") is backend("fake")
