"""What only embedded boxes do: services, layers by the dozen, attacks on the runner, the host left as it was."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codegym.errors import SandboxError
from codegym.sandbox.bwrap import BwrapBackend
from codegym.task import Limits

PRLIMIT = r"""
#define _GNU_SOURCE
#include <sys/resource.h>
#include <stdio.h>
int main(void) { struct rlimit none = {0, 0}; return prlimit(1, RLIMIT_CPU, &none, NULL) == 0; }
"""


def test_the_host_is_left_as_it_was(tree):
    before = Path("/proc/self/mounts").read_text()
    with BwrapBackend().open(tree, "cc", Limits()) as box:
        pid, group = box._keeper.pid, box._cgroup
        assert Path("/proc/self/mounts").read_text() == before
    assert not Path(f"/proc/{pid}").exists()
    assert group is None or not group.memory.exists()


def test_a_service_outlives_commands_but_not_restore(box):
    start = box.snapshot()
    box.spawn(["/bin/sh", "-c", "(setsid sleep 47.31 &) ; while :; do date +%s%N > /tmp/beat; sleep 0.02; done"])
    box.exec("sleep 0.1; sleep 47.32 & (setsid sleep 47.33 &)")
    listed = box.exec(
        "ps ax -o args=; sleep 0.05; cp /tmp/beat /tmp/before; sleep 0.1; cmp -s /tmp/before /tmp/beat"
    )
    assert "sleep 47.31" in listed.stdout
    assert "47.32" not in listed.stdout
    assert "47.33" not in listed.stdout
    assert listed.exit_code == 1
    box.restore(start)
    assert "47.31" not in box.exec("ps ax -o args=").stdout


@pytest.mark.parametrize("image", ["python"])
def test_a_service_answers_on_a_socket(tree, image):
    code = (
        "import socket; s = socket.socket(socket.AF_UNIX); s.bind('/tmp/s'); s.listen()\n"
        "while True: c, _ = s.accept(); c.sendall(b'hi'); c.close()"
    )
    with BwrapBackend().open(tree, image, Limits()) as box:
        box.spawn(["python", "-c", code])
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as client:
                try:
                    client.connect(str(box.socket_path("s")))
                except (FileNotFoundError, ConnectionRefusedError):
                    time.sleep(0.01)
                    continue
                assert client.recv(2) == b"hi"
                return
        pytest.fail("the service did not answer")


def test_fifty_snapshots_deep(box):
    snapshots = []
    for i in range(50):
        box.write(f"n/{i}", str(i).encode())
        box.exec(f"rm -f n/{i - 2}")
        snapshots.append(box.snapshot())
    assert sorted(box.changes()) == ["n/48", "n/49"]
    box.restore(snapshots[10])
    assert sorted(box.changes()) == ["n/10", "n/9"]
    with box.fork() as fork:
        fork.restore(snapshots[30])
        assert sorted(fork.changes()) == ["n/29", "n/30"]
    assert sorted(box.changes()) == ["n/10", "n/9"]


def test_restore_frees_the_disk_and_empties_tmp(tree):
    with BwrapBackend().open(tree, "cc", Limits(disk_mb=16)) as box:
        start = box.snapshot()
        for _ in range(4):
            filled = box.exec(
                "mkdir -p x/y/z /tmp/q; head -c 8M /dev/zero > x/y/z/f && head -c 4M /dev/zero > /tmp/q/f"
            )
            assert (filled.exit_code, filled.stderr) == (0, "")
            box.restore(start)
            assert box.exec("ls -A /tmp /dev/shm").stdout == "/dev/shm:\n\n/tmp:\nhome\n"


def test_a_very_deep_folder_does_no_harm(box):
    start = box.snapshot()
    deep = box.exec("i=0; while [ $i -lt 1500 ]; do mkdir d1 && cd -P d1 || exit 1; i=$((i+1)); done; : > f")
    assert deep.exit_code == 0
    box.exec("echo c > c.txt; chmod 0 d")
    assert set(box.changes()) == {"c.txt"}
    box.restore(start)
    assert box.changes() == {}


def test_a_command_can_not_limit_the_runner(box):
    box.write("p.c", PRLIMIT.encode())
    assert box.exec("gcc p.c -o /tmp/p && /tmp/p").exit_code == 0
    assert box.exec("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo fine").stdout == "fine\n"


@pytest.mark.parametrize(
    "attack",
    [
        "unshare -Ur true",
        "unshare -m true",
        "mount -t tmpfs x /tmp",
        "echo x > /proc/sys/kernel/core_pattern",
        "echo x > /proc/self/oom_score_adj",
        "cat /proc/1/environ",
        "gdb -p 1 -batch 2>&1 | grep -q 'ptrace: Operation not permitted' && exit 1",
        "touch /dev/x",
        "mknod /tmp/n b 259 0",
        "chroot / true",
        "ipcmk -M 100",
        "cat /sys/kernel/notes",
    ],
)
def test_attacks_fail(box, attack):
    assert box.exec(attack).exit_code != 0


def test_setuid_gives_nothing(box):
    assert box.exec("cp /usr/bin/id . && chmod 4755 id && ./id -u").stdout == "1000\n"
    assert box.exec("find / -xdev -perm -4000 -user 0 2>/dev/null | head -1").exit_code == 0


def test_a_lost_runner_is_an_error_not_a_result(box):
    children = Path(f"/proc/{box._keeper.pid}/task/{box._keeper.pid}/children").read_text().split()
    os.kill(int(children[0]), 9)
    with pytest.raises(SandboxError, match="gone"):
        box.exec("sleep 5")


OWNER = """
import os, sys, time
from pathlib import Path
from codegym.sandbox.bwrap import BwrapBackend
from codegym.sandbox.protocol import Tree
from codegym.task import Limits
box = BwrapBackend().open(Tree((Path(sys.argv[1]),), ""), "cc", Limits())
box.spawn(["sleep", "47.41"])
print(box._keeper.pid, box._cgroup.memory if box._cgroup else "", flush=True)
if os.fork() == 0:
    time.sleep(3)
    os._exit(0)
box.exec("setsid sleep 47.42")
"""


def test_nothing_outlives_a_killed_owner(tree, box):
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tree.layers[0])], stdout=subprocess.PIPE, text=True)
    with owner:
        keeper, _, group = owner.stdout.readline().strip().partition(" ")
        owner.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{keeper}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{keeper}").exists()
    time.sleep(3)
    from codegym.sandbox.lease import reap

    assert reap()
    assert not group or not Path(group).exists()
    assert (
        "47.4"
        not in subprocess.run(["ps", "ax", "-o", "args="], capture_output=True, text=True, check=True).stdout
    )
    assert box.exec("echo untouched").stdout == "untouched\n"
