"""Snapshots, forks, and boxes that know nothing of each other."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from codegym.sandbox.protocol import File, Sandbox, Tree
from codegym.tree import read_tree
from tests.conformance.conftest import ON_DISK, SEALED, Alive, Opener

pytestmark = pytest.mark.parametrize("backend", ["fake", *SEALED, ON_DISK], indirect=True)


def test_restore_really_returns(box: Sandbox) -> None:
    box.exec("echo kept > kept; rm pkg/other.txt; chmod +x calc.py; ln -s kept soft; mkdir hollow")
    snapshot = box.snapshot()
    before = box.changes()
    box.exec("echo x > kept; rm -r pkg calc.py soft hollow; mkdir pkg; echo y > pkg/other.txt; echo z > more")
    box.restore(snapshot)
    assert box.changes() == before
    assert box.exec("cat kept soft; ls -d hollow; ls pkg").stdout == "kept\nkept\nhollow\n__init__.py\ndeep\n"
    assert box.exec("test -x calc.py && test ! -e more").exit_code == 0


def test_a_snapshot_of_the_untouched_box_is_the_base_tree(box: Sandbox) -> None:
    snapshot = box.snapshot()
    box.exec("rm -r pkg link; echo x > calc.py")
    box.restore(snapshot)
    assert box.changes() == {}
    assert box.exec("cat pkg/other.txt link").stdout.startswith("other\ndef add")


def test_snapshots_nest_and_can_be_used_again(box: Sandbox) -> None:
    snapshots = []
    for i in range(3):
        box.exec(f"echo {i} >> log; rm -f only{i - 1}; touch only{i}")
        snapshots.append(box.snapshot())
    for i in (2, 0, 1):
        box.restore(snapshots[i])
        assert box.read("log").decode().split() == [str(n) for n in range(i + 1)]
        assert box.exec("ls -d only*").stdout == f"only{i}\n"
        box.exec("echo dirt >> log; rm only*")


def test_a_replaced_folder_survives_snapshot_and_restore(box: Sandbox) -> None:
    box.exec("rm -r pkg && mkdir pkg && echo n > pkg/new")
    snapshot = box.snapshot()
    box.exec("rm -r pkg")
    box.restore(snapshot)
    assert box.exec("ls -A pkg").stdout == "new\n"


def test_forks_diverge(box: Sandbox) -> None:
    box.exec("echo common > common; rm calc.py")
    snapshot = box.snapshot()
    with box.fork() as fork:
        assert fork.changes() == box.changes()
        fork.exec("echo fork > common")
        box.exec("echo parent > common; touch parent")
        assert fork.read("common") == b"fork\n"
        assert box.read("common") == b"parent\n"
        assert "parent" not in fork.changes()
        fork.restore(snapshot)
        assert fork.read("common") == b"common\n"
        assert box.read("common") == b"parent\n"


def test_a_fork_outlives_its_parent(box: Sandbox) -> None:
    box.write("a", b"a")
    fork = box.fork()
    snapshot = fork.snapshot()
    box.close()
    fork.write("a", b"b")
    fork.restore(snapshot)
    assert fork.read("a") == b"a"
    fork.close()


def test_restore_ends_a_command_that_is_not_over(box: Sandbox, alive: Alive) -> None:
    snapshot = box.snapshot()
    box.exec("(setsid sleep 47.13 &)")
    box.restore(snapshot)
    assert not alive(box, "47.13")


def test_the_base_tree_is_never_written(box: Sandbox, tree: Tree) -> None:
    before = [read_tree(layer) for layer in tree.layers]
    box.exec("echo x > calc.py; rm -r pkg; chmod 777 run.sh; touch new")
    box.restore(box.snapshot())
    assert [read_tree(layer) for layer in tree.layers] == before


def test_boxes_at_once_do_not_see_each_other(open_box: Opener) -> None:
    barrier = threading.Barrier(8)

    def work(name: int) -> dict[str, File | None]:
        box = open_box()
        box.write("name", str(name).encode())
        barrier.wait(60)
        assert box.exec("cat name; echo $0 >> tmpfile; cat tmpfile > /tmp/mine").stdout == str(name)
        changes = box.changes()
        box.close()
        return changes

    with ThreadPoolExecutor(8) as threads:
        all_changes = list(threads.map(work, range(8)))
    assert [changes["name"] for changes in all_changes] == [File(str(n).encode()) for n in range(8)]


def test_one_box_may_be_used_from_many_threads_in_turn(box: Sandbox) -> None:
    for i in range(4):
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(box.exec, ["echo", str(i)]).result().stdout == f"{i}\n"


@pytest.mark.parametrize("depth", [4])
def test_a_snapshot_of_a_fork_of_a_snapshot(box: Sandbox, depth: int) -> None:
    boxes = [box]
    for level in range(depth):
        boxes[-1].exec(f"echo {level} >> log; rm -rf d; mkdir d; touch d/{level}")
        boxes[-1].snapshot()
        boxes.append(boxes[-1].fork())
        boxes[-2].close()
    last = boxes[-1]
    assert last.read("log").decode().split() == [str(n) for n in range(depth)]
    assert last.exec("ls d").stdout == f"{depth - 1}\n"
    last.close()
