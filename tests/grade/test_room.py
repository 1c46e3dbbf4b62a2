"""Runs in one room: none finds a trace of the one before, none reaches the server that starts them all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codegym.grade.room import CannotLay, Room
from codegym.grade.subject import Subject
from codegym.harness.result import TestRun
from codegym.sandbox.backend import backend
from codegym.sandbox.bwrap import BwrapBackend
from codegym.sandbox.protocol import File
from tests.grade.suites import change, suite_of

TEST = "tests/test_mod.py::test_it"
KINDS = [pytest.param("bwrap"), pytest.param("bwrap on disk"), pytest.param("docker", marks=pytest.mark.docker)]

PLANT = """
import os, subprocess, sys, tempfile
temporary = tempfile.gettempdir()
places = [os.getcwd(), temporary, os.path.join(temporary, "home")] + SHARED

sleep = "import time; time.sleep(600)"

def plant():
    os.makedirs(temporary + "/home", exist_ok=True)
    for place in places:
        for name in ("trace", ".trace", "..trace", "-trace", "tra ce\\n"):
            open(os.path.join(place, name), "w").write("seen")
        os.makedirs(os.path.join(place, "shut/inner"))
        open(os.path.join(place, "shut/inner/trace"), "w").close()
        os.mkfifo(os.path.join(place, "trace.pipe"))
        os.symlink("/", os.path.join(place, "trace.link"))
        for folder in ("shut/inner", "shut"):
            os.chmod(os.path.join(place, folder), 0)
    open("mod.py", "a").write("TRACE = 1")
    open("tests/test_mod.py", "a").write("# trace")
    os.chmod("tests", 0o555)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", sleep, "trace-1" + MARK])
        os._exit(0)
    subprocess.Popen([sys.executable, "-c", sleep, "trace-2" + MARK], start_new_session=True)
"""
LOOK = """
import os, tempfile
temporary = tempfile.gettempdir()
places = [os.getcwd(), temporary, os.path.join(temporary, "home")] + SHARED

def look():
    there = [os.path.join(place, name) for place in places for name in sorted(os.listdir(place))
             if "trace" in name or "tra ce" in name or name == "shut"]
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = open("/proc/%s/cmdline" % process).read()
        except OSError:
            continue
        there += [command] if "\\0trace-" in command and MARK in command else []
    there += ["mod.py"] if "TRACE" in open("mod.py").read() else []
    assert os.access("tests", os.W_OK)
    return there
"""
MOD = "def f():\n    return 1\n"


@contextmanager
def room_of(root: Path, kind: str, mod: str = MOD) -> Iterator[Room]:
    boxes = BwrapBackend(stage="disk") if kind == "bwrap on disk" else backend(kind)
    run = next(each for each in boxes.capabilities() if each.name == "run")
    if not run.available:
        pytest.skip(f"{kind}: {run.why}")
    plan = {"framework": "pytest", "fail_to_pass": (TEST,)}
    repo = {"mod.py": "", "tests/test_mod.py": ""}
    suite, task = suite_of(root, repo, {"tests/test_mod.py": "def test_it(): pass\n"}, tests=plan, image="python")
    subject = Subject(suite, task, boxes)
    with Room(subject, {**change({"mod.py": mod}), **subject.hidden}) as room:
        yield room


def ask(room: Room, test: str, name: str = "tests/test_mod.py") -> TestRun:
    return room.run({name: File(test.encode())}, (TEST,))


def python_test(text: str, body: str) -> str:
    shared = "SHARED, MARK = ['/dev/shm'], ''\n"
    return f"{shared}{text}\ndef test_it():\n    {body}\n"


@pytest.mark.parametrize("kind", KINDS)
def test_no_run_sees_a_trace_of_another(tmp_path: Path, kind: str) -> None:
    with room_of(tmp_path, kind) as room:
        planted = ask(room, python_test(PLANT, "plant()"))
        assert planted.passed((TEST,)), planted
        seen = ask(room, python_test(LOOK, "assert look() == []"))
        assert seen.passed((TEST,)), seen.failures
        assert room.runs == 2
        again = room.run({}, (TEST,))
        assert again.passed((TEST,)), "the files of one run are not those of the next"


def test_in_boxes_without_services_neither(tmp_path: Path) -> None:
    """The fake sandbox has no walls: what is outside its folders is not looked at."""
    tap = "try:\n    {}\nexcept BaseException as error:\n    print('1..1\\nnot ok 1 - it\\n#', error); raise\n"
    tap += "print('1..1\\nok 1 - it')\n"
    plan = {"framework": "tap", "fail_to_pass": ("it",), "command": "python3 tests/test_mod.py"}
    repo = {"mod.py": MOD, "tests/test_mod.py": ""}
    suite, task = suite_of(tmp_path, repo, {"tests/test_mod.py": ""}, tests=plan, image="python")
    with Room(Subject(suite, task, backend("fake")), {}) as room:
        for text, body in ((PLANT, "plant()"), (LOOK, "assert look() == [], look()")):
            test = f"SHARED, MARK = [], {str(tmp_path)!r}\n{text}{tap.format(body)}"
            run = room.run({"tests/test_mod.py": File(test.encode())}, ("it",))
            assert run.passed(("it",)), run


NOTES = """
import os
FOLDER = "/tmp/.codegym-warm"
kept = ["/tmp", "/tmp/home", "/dev/shm", "/work", FOLDER, FOLDER + "/in", FOLDER + "/out", FOLDER + "/pid"]

def note():
    for path in kept:
        try:
            os.setxattr(path, "user.note", b"seen")
        except OSError:
            assert path.endswith(("in", "out"))
    open(FOLDER + "/pid", "a").write("seen")
    for path in kept:
        os.chmod(path, 0o711)
        os.utime(path, (1, 1))

def state():
    open("/tmp/home/x", "w").close()
    return [(path, os.listxattr(path), oct(os.stat(path).st_mode), os.stat(path).st_mtime > 100) for path in kept]
"""


@pytest.mark.parametrize("kind", [pytest.param("bwrap"), pytest.param("docker", marks=pytest.mark.docker)])
def test_what_stays_holds_no_notes(tmp_path: Path, kind: str) -> None:
    """Modes, times and attributes of folders, and the file that names the server."""
    says = f"{NOTES}\ndef test_it():\n    assert 0, repr(state()) + open(FOLDER + '/pid').read()\n"
    with room_of(tmp_path, kind) as room:
        before = ask(room, says)
        assert ask(room, f"{NOTES}\ndef test_it():\n    note()\n").passed((TEST,))
        assert ask(room, says).failures == before.failures
        assert "0o41777" in before.failures[TEST]


ROGUE = """
import json, os, shutil, socket
FOLDER = "/tmp/.codegym-warm/"

def ask():
    question = {"root": "/work", "ids": [], "paths": ["rogue.py"], "options": ["-q", "-pno:cacheprovider"]}
    return b"0" * 32 + b"\\n600\\n" + json.dumps(question).encode() + b"\\n"

def put(name, content):
    os.unlink(FOLDER + name)
    open(FOLDER + name, "wb").write(content)

def meddle():
    open("rogue.py", "w").write('''
import os, socket, time
def test_rogue():
    for name in ("in", "out"):
        if not os.path.islink("/tmp/.codegym-warm/" + name):
            os.unlink("/tmp/.codegym-warm/" + name)
            os.mkfifo("/tmp/.codegym-warm/" + name)
    kept = socket.socket(socket.AF_UNIX)
    kept.bind("\\\\0rogue")
    kept.listen()
    time.sleep(600)
''')
"""
MEDDLES = {
    "another pipe": "put('in', b''); os.unlink(FOLDER + 'in'); os.mkfifo(FOLDER + 'in')",
    "a folder": "os.unlink(FOLDER + 'in'); os.makedirs(FOLDER + 'in/x'); os.chmod(FOLDER + 'in', 0)",
    "a link": "put('out', b''); os.unlink(FOLDER + 'out'); os.symlink('/work/mod.py', FOLDER + 'out')",
    "another server": "put('pid', b'1\\n')",
    "files beside": "[open(FOLDER + name, 'w') for name in ('killed', 'draft', '.x', '..x', '-rf', 'a b')]",
    "no pipes": "shutil.rmtree(FOLDER)",
    "another folder": "os.rename(FOLDER[:-1], '/tmp/x'); os.symlink('/tmp/x', FOLDER[:-1])",
    "shut": "os.chmod(FOLDER, 0)",
}
STAYS = """
def stay():
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
    kept = socket.socket(socket.AF_UNIX)
    kept.bind("\\0rogue-%d" % os.getpid())
    kept.listen()
    time.sleep(600)
"""
LINGERS = {
    "a question of its own": "meddle(); put('in', ask()); put('out', b'')",
    "a question of its own, behind the old pipe": "meddle(); put('in', ask())",
    "kills who watches it": "os.kill(watcher, 9); stay()",
    "kills who watches it, from below": "os.kill(watcher, 9) if os.fork() == 0 else 0; stay()",
    "kills the server": "os.kill(server(), 9) if os.fork() == 0 else 0; stay()",
    "kills both": "[os.kill(each, 9) for each in (server(), watcher)]; stay()",
    "removes what names the server": "os.unlink(FOLDER + 'pid'); os.fork() or stay()",
}
SERVER = "import time\nwatcher = os.getppid()\ndef server():\n    return int(open(FOLDER + 'pid').read())\n"


@pytest.mark.parametrize("how", MEDDLES)
def test_whoever_meddles_with_the_pipes_is_at_most_not_answered(tmp_path: Path, how: str) -> None:
    with room_of(tmp_path, "bwrap") as room:
        ask(room, f"{ROGUE}\ndef test_it():\n    {MEDDLES[how]}\n")
        run = ask(room, "def test_it(): pass\n")
        assert run.passed((TEST,)) or not (run.complete or run.results)


@pytest.mark.parametrize("how", LINGERS)
def test_no_process_outlives_its_run(tmp_path: Path, how: str) -> None:
    """Whoever has a request of its own served, or ends who watches it, has nobody left in the box."""
    with room_of(tmp_path, "bwrap") as room:
        test = f"{ROGUE}{STAYS}{SERVER}\ndef test_it():\n    {LINGERS[how]}\n"
        first = room.run({"tests/test_mod.py": File(test.encode())}, (TEST,), timeout=1.0)
        assert first.passed((TEST,)) == (how.startswith("a question") or "removes" in how)
        room._box.exec("sleep 0.6")
        run = ask(room, "def test_it():\n    assert '@rogue' not in open('/proc/net/unix').read()\n")
        assert run.passed((TEST,)) or not (run.complete or run.results)
        assert "@rogue" not in room._box.exec("cat /proc/net/unix").stdout


REACH = """
import ctypes, os

def read(path):
    with open(path, "rb") as file:
        return file.read(1)

def test_it():
    libc = ctypes.CDLL(None, use_errno=True)
    server = int(open("/tmp/.codegym-warm/pid").read())
    reached = []
    for process in {server, os.getppid()}:
        for name in ("mem", "environ", "maps", "fd", "cwd", "root", "syscall", "stack", "auxv"):
            path = "/proc/%d/%s" % (process, name)
            try:
                {"fd": os.listdir, "cwd": os.readlink, "root": os.readlink}.get(name, read)(path)
                reached.append(path)
            except OSError:
                pass
        for name in ("mem", "oom_score_adj", "comm", "clear_refs"):
            try:
                open("/proc/%d/%s" % (process, name), "wb").close()
                reached.append("write " + name)
            except OSError:
                pass
        for fd in range(12):
            try:
                os.open("/proc/%d/fd/%d" % (process, fd), os.O_RDWR)
                reached.append("fd %d" % fd)
            except OSError:
                pass
        for request in (16, 0x4206):  # PTRACE_ATTACH, PTRACE_SEIZE
            if libc.ptrace(request, process, None, None) == 0:
                reached.append("ptrace")
        page = ctypes.create_string_buffer(8)
        vector = (ctypes.c_void_p * 2)(ctypes.addressof(page), 8)
        remote = (ctypes.c_void_p * 2)(id(page), 8)
        if libc.process_vm_readv(process, vector, 1, remote, 1, 0) >= 0:
            reached.append("process_vm_readv")
        if hasattr(os, "pidfd_open"):
            try:
                pidfd = os.pidfd_open(process)
            except OSError:
                continue
            for fd in range(12):
                if libc.syscall(438, pidfd, fd, 0) >= 0:  # pidfd_getfd
                    reached.append("pidfd_getfd %d" % fd)
    assert reached == [], reached
"""


@pytest.mark.parametrize("kind", [pytest.param("bwrap"), pytest.param("docker", marks=pytest.mark.docker)])
def test_server_and_supervisor_can_not_be_reached(tmp_path: Path, kind: str) -> None:
    with room_of(tmp_path, kind) as room:
        run = ask(room, REACH)
        assert run.passed((TEST,)), run.failures


def test_code_that_a_sheet_imports_is_its_own(tmp_path: Path) -> None:
    """What one run left in modules, in memory or as byte code, no other imports."""
    first = "import mod, sys, py_compile\ndef test_it():\n    mod.f.kept = sys.kept = 1\n"
    first += "    py_compile.compile('mod.py')\n"
    second = (
        "import mod, sys, os\ndef test_it():\n    assert not hasattr(mod.f, 'kept') and not hasattr(sys, 'kept')\n"
    )
    second += "    assert not os.path.exists('__pycache__')\n"
    with room_of(tmp_path, "bwrap") as room:
        assert ask(room, first).passed((TEST,))
        run = ask(room, second)
        assert run.passed((TEST,)), run.failures


def test_what_can_not_be_laid(tmp_path: Path) -> None:
    name = "x" * 300
    plan = {"framework": "pytest", "fail_to_pass": (TEST,)}
    suite, task = suite_of(tmp_path, {"mod.py": MOD}, {"tests/test_mod.py": ""}, tests=plan, image="python")
    with (
        pytest.raises(CannotLay, match="name too long"),
        Room(Subject(suite, task, backend("bwrap")), change({name: ""})),
    ):
        pass
