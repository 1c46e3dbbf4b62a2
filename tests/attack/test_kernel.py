"""What a box asks of the kernel and must not get; the same attacks on every backend that isolates."""

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.sandbox.backend import backend as backend_named
from codegym.sandbox.protocol import Sandbox, Tree
from codegym.task import Limits
from codegym.tree import store_tree

SEALED = [pytest.param("bwrap"), pytest.param("docker", marks=pytest.mark.docker)]

CALLS = """
unshare:272:0x10000000 setns:308:-1,0 clone3:435:0,0 mount:165:0,0,0,0,0 umount2:166:0,0 pivot_root:155:0,0
chroot:161:path move_mount:429:-1,0,-1,0,0 open_tree:428:-1,path,1 fsopen:430:path,0 fsmount:432:-1,0,0
mount_setattr:442:-1,path,0,0,0 name_to_handle_at:303:-100,path,0,0,0 open_by_handle_at:304:-100,0,0
swapon:167:path,0 swapoff:168:path acct:163:0 quotactl:179:0,0,0,0
add_key:248:path,path,0,0,-2 request_key:249:path,path,0,-2 keyctl:250:0,-3,1
shmget:29:0,4096,01600 msgget:68:0,01600 semget:64:0,1,01600 mq_open:240:path,0x42,0600,0
bpf:321:0,0,0 perf_event_open:298:0,0,-1,-1,0 userfaultfd:323:1 kcmp:312:1,1,0,0,0
io_uring_setup:425:8,0 io_uring_enter:426:-1,0,0,0,0,0 io_uring_register:427:-1,0,0,0
init_module:175:0,0,path finit_module:313:-1,path,0 delete_module:176:path,0 kexec_load:246:0,0,0,0
kexec_file_load:320:-1,-1,0,0,0
reboot:169:0,0,0,0 syslog:103:3,0,0 settimeofday:164:0,0 clock_settime:227:0,0 adjtimex:159:0 clock_adjtime:305:0,0
sethostname:170:path,4 setdomainname:171:path,4 vhangup:153: iopl:172:3 ioperm:173:0,1,1
setpriority:141:0,1,19 ioprio_set:251:1,1,0 sched_setaffinity:203:1,8,path prlimit64:302:1,0,0,0
ptrace:101:16,1,0,0 preadv2:327:0,0,0,0,0,8 cachestat:451:0,0,0,0 fanotify_init:300:0x200,0
mincore:27:0,0,0 madvise:28:0,0,12 madvise:28:0,0,20 madvise:28:0,0,21 madvise:28:0,0,25
process_madvise:440:-1,0,0,21,0 prctl:157:67,1,0,0,0 fcntl:72:0,1024,0 fcntl:72:0,1026,0
"""

ATTEMPT = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
path = ctypes.c_char_p(b"/tmp")
for word in sys.argv[1].split():
    name, number, given = word.split(":")
    arguments = [path if text == "path" else ctypes.c_long(int(text, 0) if text[:2] != "01" and text[:2] != "06"
                 else int(text, 8)) for text in given.split(",") if text]
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(int(number)), *arguments)
    if result != -1 or ctypes.get_errno() not in (1, 38, 95):
        print(name, result, ctypes.get_errno())
"""


@pytest.fixture(scope="module", params=SEALED)
def box(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    backend = backend_named(request.param)
    run = next(c for c in backend.capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"{request.param}: {run.why}")
    tree = Tree((store_tree({}, tmp_path_factory.mktemp("trees")),), "")
    with backend.open(tree, "python", Limits()) as box:
        yield box


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
def test_calls_that_no_build_or_test_needs_are_refused(box: Sandbox) -> None:
    tried = box.exec(["python3", "-c", ATTEMPT, CALLS])
    assert (tried.stdout, tried.exit_code) == ("", 0), tried


def test_devices_are_harmless(box: Sandbox) -> None:
    """Every device node that a command sees is one of those that any program may have."""
    listed = box.exec(
        "find / -xdev \\( -type b -o -type c \\) 2>/dev/null; find /dev \\( -type b -o -type c \\) 2>/dev/null"
    )
    known = {"null", "zero", "full", "random", "urandom", "tty", "console", "ptmx"}
    assert {Path(line).name for line in listed.stdout.split()} <= known
    assert box.exec("mknod /tmp/d c 1 3 || mknod /work/d b 259 0").exit_code != 0


def test_nobody_dates_a_device_that_all_boxes_see(box: Sandbox) -> None:
    """A time is a number that whoever may write to a file may choose: marks for who looks at it next."""
    script = """import os
for name in ("null", "zero", "full", "random", "urandom", "tty", "console", "ptmx", "pts/ptmx"):
    for times in (None, (1, 1)):
        try:
            os.utime(f"/dev/{name}", times)
        except OSError:
            continue
        print(name, times)
open("/dev/null", "w").write("taken")
print(len(open("/dev/zero", "rb").read(3)))
master, slave = os.openpty()
os.write(slave, b"typed")
print(os.read(master, 9))
"""
    assert box.exec(["python3", "-c", script]).stdout == "3\nb'typed'\n"


def test_the_host_is_not_told_through_proc_and_sys(box: Sandbox) -> None:
    for path in (
        "/proc/1/environ",
        "/proc/1/mem",
        "/proc/kcore",
        "/proc/sysrq-trigger",
        "/proc/keys",
        "/proc/timer_list",
    ):
        assert not box.exec(["head", "-c", "1", path]).stdout, path
    assert box.exec("for f in $(find /proc/sys -type f); do echo 1 2>/dev/null >$f && echo $f; done").stdout == ""
    assert box.exec("find /sys -type f -writable 2>/dev/null | head -3").stdout == ""


def test_a_crash_starts_nothing_on_the_host_and_no_priority_can_be_had(box: Sandbox) -> None:
    """A host may have a program that is started for every crash: only a core limit of exactly 1 keeps it out."""
    limits = "import resource as r; print(*map(r.getrlimit, (r.RLIMIT_CORE, r.RLIMIT_RTPRIO, r.RLIMIT_NICE)))"
    assert box.exec(["python3", "-c", limits]).stdout == "(1, 1) (0, 0) (0, 0)\n"
    assert box.exec("ulimit -c unlimited || ulimit -c 2").exit_code != 0
    assert box.exec(["python3", "-c", "import os; os.abort()"]).exit_code == -6
    fifo = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    assert "PermissionError" in box.exec(["python3", "-c", fifo]).stderr


def test_the_network_remembers_nobody(box: Sandbox) -> None:
    """The kernel would keep what it measured of each address, for whoever uses the box next."""
    assert box.exec("cd /proc/sys/net/ipv4 && cat tcp_no_metrics_save tcp_fastopen").stdout == "1\n0\n"


def test_setuid_and_setgid_programs_give_nothing(box: Sandbox) -> None:
    script = (
        "cp /usr/bin/id /tmp/id && chmod 6755 /tmp/id && /tmp/id -u; /tmp/id -u; grep NoNewPrivs /proc/self/status"
    )
    told = box.exec(script).stdout.split()
    assert "0" not in told
    assert told[-1] == "1"


def test_other_boxes_have_no_processes_here(box: Sandbox) -> None:
    """Every process that can be seen is of this box, and none beyond them can be signalled."""
    attempt = """import os
reached = []
for pid in range(2, 5000):
    try:
        os.kill(pid, 0)
    except OSError:
        continue
    if not os.path.exists(f"/proc/{pid}"):
        reached.append(pid)
print(reached)
"""
    assert box.exec(["python3", "-c", attempt]).stdout == "[]\n"
