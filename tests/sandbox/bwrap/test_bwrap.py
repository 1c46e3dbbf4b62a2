"""What only embedded boxes do: services, layers by the dozen, attacks on the runner, the host left as it was."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from codegym.errors import SandboxError
from codegym.sandbox.bwrap.backend import BwrapBackend, BwrapCell, CellSettings
from codegym.sandbox.bwrap.keeper import Keeper, Sources
from codegym.sandbox.bwrap.system import box_binds
from codegym.sandbox.host.cgroup import cgroup_roots, limits_cpu
from codegym.sandbox.host.lease import reap
from codegym.sandbox.image.image import host_image
from codegym.sandbox.layered.box import BoxKind, LaidBox
from codegym.sandbox.layered.store import stores
from codegym.sandbox.protocol import Tree
from codegym.task import Limits

ATTACK = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#define TRY(what, worked) if (worked) printf("%s\n", what)
int main(void) {
    char byte; struct rlimit none = {0, 0}; cpu_set_t cpus;
    struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};
    CPU_ZERO(&cpus); CPU_SET(0, &cpus);
    TRY("prlimit", prlimit(1, RLIMIT_CPU, &none, NULL) == 0);
    TRY("nice", setpriority(PRIO_PROCESS, 1, 19) == 0 || setpriority(PRIO_USER, 0, 19) == 0);
    TRY("ionice", syscall(SYS_ioprio_set, 1, 1, 0x6000) == 0);
    TRY("affinity", sched_setaffinity(1, sizeof cpus, &cpus) == 0);
    TRY("ptrace", ptrace(PTRACE_ATTACH, 1, 0, 0) == 0);
    TRY("seize", ptrace(PTRACE_SEIZE, 1, 0, 0) == 0);
    TRY("mem", open("/proc/1/mem", O_RDWR) >= 0);
    TRY("fd", open("/proc/1/fd/10", O_RDWR) >= 0);
    TRY("readv", process_vm_readv(1, &here, 1, &there, 1, 0) >= 0);
    TRY("pidfd", syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, 1, 0), 10, 0) >= 0);
    TRY("keyring", syscall(SYS_keyctl, 0, -3, 1) >= 0);
    TRY("userns", unshare(CLONE_NEWUSER) == 0);
    TRY("io_uring", syscall(SYS_io_uring_setup, 8, &byte) >= 0);
    for (int i = 1; i < 32; i++) kill(1, i);
    return 0;
}
"""


def test_the_host_is_left_as_it_was(tree: Tree) -> None:
    with BwrapBackend().open(tree, "cc", Limits()) as box:
        pid, group = box.cell.pid, box.cell.group
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        assert not [line for line in mounts if line.startswith("codegym ")]
    assert not Path(f"/proc/{pid}").exists()
    assert group is None or not group.memory.exists()


def test_a_service_outlives_commands_but_not_restore(box: LaidBox) -> None:
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


def test_private_folders_below_what_is_bound_are_covered(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package installed below /usr, or beside a tool, would show the solutions of its suites."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    solution = tmp_path / "share/codegym/suites/s/gold.patch"
    solution.parent.mkdir(parents=True)
    solution.write_text("gold")
    (tmp_path / "tool").write_text("tool")
    tmp_path.chmod(0o755)
    image = host_image("cc")
    grouped = bool(cgroup_roots())
    binds = (*box_binds(image, grouped=grouped), (str(tmp_path), "/opt/tool"))
    settings = CellSettings(Limits(), stores(tree), binds, 1.0, grouped=grouped)
    with LaidBox(BoxKind(partial(BwrapCell, settings), Limits(), {"PATH": image.path}), tree) as box:
        assert box.exec("cat /opt/tool/tool; find /opt/tool/share").stdout == (
            "tool/opt/tool/share\n/opt/tool/share/codegym\n/opt/tool/share/codegym/suites\n"
        )


def test_a_box_that_does_not_start_is_ended_at_once(tree: Tree) -> None:
    keeper = Keeper(Sources(stores(tree), emptied=("/proc/keys",)), ("sleep", "60"), 1)
    began = time.monotonic()
    keeper.close()
    assert time.monotonic() - began < 5
    assert not Path(f"/proc/{keeper.pid}").exists()


def test_fifty_snapshots_deep(box: LaidBox) -> None:
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


def test_restore_frees_the_disk_and_empties_tmp(tree: Tree) -> None:
    with BwrapBackend().open(tree, "cc", Limits(disk_mb=16)) as box:
        start = box.snapshot()
        for _ in range(4):
            filled = box.exec(
                "mkdir -p x/y/z /tmp/q; head -c 8M /dev/zero > x/y/z/f && head -c 4M /dev/zero > /tmp/q/f"
            )
            assert (filled.exit_code, filled.stderr) == (0, "")
            box.restore(start)
            assert box.exec("ls -A /tmp /dev/shm").stdout == "/dev/shm:\n\n/tmp:\nhome\n"


def test_a_very_deep_folder_does_no_harm(box: LaidBox) -> None:
    start = box.snapshot()
    deep = box.exec("mkdir -p $(printf 'd/%.0s' $(seq 1500)) && cd $(printf 'd/%.0s' $(seq 1500)) && : > f")
    assert deep.exit_code == 0
    box.exec("echo c > c.txt; chmod 0 d")
    assert set(box.changes()) == {"c.txt"}
    box.restore(start)
    assert box.changes() == {}


def test_a_command_can_not_touch_the_runner(box: LaidBox) -> None:
    box.write("attack.c", ATTACK.encode())
    tried = box.exec("gcc -o /tmp/attack attack.c && /tmp/attack")
    assert (tried.exit_code, tried.stdout) == (0, "")
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
        "touch /dev/x",
        "mknod /tmp/n b 259 0",
        "chroot / true",
        "ipcmk -M 100",
        "cat /sys/kernel/notes",
    ],
)
def test_attacks_fail(box: LaidBox, attack: str) -> None:
    assert box.exec(attack).exit_code != 0


def test_setuid_gives_nothing(box: LaidBox) -> None:
    assert box.exec("cp /usr/bin/id . && chmod 4755 id && ./id -u").stdout == "1000\n"


def processes_below(pid: int) -> list[int]:
    children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [below for child in children for below in processes_below(child)]


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and _state(pid) != "Z" and time.monotonic() < deadline:
        time.sleep(0.01)
    return not Path(f"/proc/{pid}").exists() or _state(pid) == "Z"


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


@pytest.mark.parametrize("victim", ["keeper", "bubblewrap", "runner", "service"])
def test_when_one_dies_all_die_and_it_is_an_error_not_a_result(box: LaidBox, victim: str) -> None:
    box.spawn(["sleep", "47.51"])
    box.exec("true")
    keeper = box.cell.pid
    deadline = time.monotonic() + 10
    while len(below := processes_below(keeper)) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(below) >= 4
    os.kill({"keeper": keeper, "bubblewrap": below[0], "runner": below[1], "service": below[2]}[victim], 9)
    if victim == "service":
        assert box.exec("echo fine").stdout == "fine\n"
        return
    with pytest.raises(SandboxError, match="gone"):
        box.exec("sleep 5")
    assert all(gone(pid) for pid in [keeper, *below])


OWNER = """
import os, sys, time
from functools import partial
from pathlib import Path
from codegym.sandbox.bwrap.backend import BwrapBackend
from codegym.sandbox.bwrap.system import box_binds
from codegym.sandbox.host.cgroup import limits_cpu
from codegym.sandbox.image.image import host_image
from codegym.sandbox.protocol import Tree
from codegym.task import Limits
box = BwrapBackend().open(Tree((Path(sys.argv[1]),), ""), "cc", Limits())
box.spawn(["sleep", "47.41"])
print(box.cell.pid, box.cell.group.memory if box.cell.group else "", flush=True)
if os.fork() == 0:
    time.sleep(0.5)
    os._exit(0)
box.exec("setsid sleep 47.42")
"""


def test_nothing_outlives_a_killed_owner(tree: Tree, box: LaidBox) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tree.layers[0])], stdout=subprocess.PIPE, text=True)
    with owner:
        keeper, _, group = owner.stdout.readline().strip().partition(" ")
        owner.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{keeper}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{keeper}").exists()
    time.sleep(0.6)
    reap()
    assert not group or not Path(group).exists()
    assert (
        "47.4"
        not in subprocess.run(["ps", "ax", "-o", "args="], capture_output=True, text=True, check=True).stdout
    )
    assert box.exec("echo untouched").stdout == "untouched\n"


@pytest.fixture
def ungrouped(tree: Tree) -> Iterator[LaidBox]:
    with BwrapBackend(cgroups=False).open(tree, "cc", Limits(memory_mb=128, processes=24, disk_mb=16)) as box:
        assert box.cell.group is None
        yield box


@pytest.mark.parametrize(
    "excess",
    [
        "i=0; while [ $i -lt 100 ]; do sleep 5 & i=$((i+1)); done; echo all",
        """perl -e '$x = "a" x (300 << 20); print "all"'""",
        """for i in 1 2 3 4; do perl -e '$x = "a" x (50 << 20); sleep 2; print "all"' & done; wait""",
        "head -c 20M /dev/zero > big && echo all",
        "ulimit -n 4096 && echo all",
    ],
)
def test_limits_hold_without_control_groups(ungrouped: LaidBox, excess: str) -> None:
    result = ungrouped.exec(excess, timeout=10)
    assert "all" not in result.stdout
    assert result.exit_code != 0
    assert ungrouped.exec("echo fine").stdout == "fine\n"


HOARDS = {
    "memfd": "import os; [os.write(os.memfd_create(str(i)), bytes(1 << 23)) for i in range(40)]",
    "unseen": """
import mmap
m = mmap.mmap(-1, 300 << 20)
for _ in range(300):
    m.write(bytes(1 << 20))
    m.madvise(mmap.MADV_DONTNEED)
""",
    "zero": "import mmap; mmap.mmap(open('/dev/zero', 'r+b').fileno(), 300 << 20)",
    "threads": """
import os, threading, time
def start():
    for i in range(8):
        if os.fork() == 0:
            b = bytearray(b"x" * (50 << 20))
            time.sleep(2)
            print("all", flush=True)
    os.wait()
t = threading.Thread(target=start)
t.start()
t.join()
""",
}


@pytest.mark.parametrize("hoard", HOARDS)
def test_without_control_groups_no_memory_is_held_that_the_watcher_does_not_see(tree: Tree, hoard: str) -> None:
    with BwrapBackend(cgroups=False).open(tree, "python", Limits(memory_mb=128, disk_mb=16)) as box:
        result = box.exec(["python3", "-c", HOARDS[hoard] + "\nprint('all')"], timeout=20)
        assert "all" not in result.stdout
        assert box.exec("head -c 1000 /dev/zero | wc -c").stdout.strip() == "1000"


def test_a_talkative_hog_is_seen_too(tree: Tree) -> None:
    hog = 'perl -e \'$| = 1; for (1..20000) { push @x, "a" x 20000; print "b" x 5000 }; print STDERR "all"\''
    with BwrapBackend().open(tree, "cc", Limits(memory_mb=64, disk_mb=2048)) as box:
        result = box.exec(hog, timeout=30)
    assert result.oom
    assert "all" not in result.stderr


@pytest.mark.skipif(not limits_cpu(), reason="no control group limits processors here")
def test_processor_time_of_all_processes_is_limited(tree: Tree) -> None:
    burn = "import os, time\nos.fork()\nstart, end = time.process_time(), time.monotonic() + 1.2\n"
    burn += "while time.monotonic() < end: pass\n"
    with BwrapBackend(cpus=0.25).open(tree, "python", Limits()) as box:
        seconds = box.exec(["python3", "-c", burn + "print(time.process_time() - start)"]).stdout
    used = sum(map(float, seconds.split()))
    assert 0 < used < 0.7
