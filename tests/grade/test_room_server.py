"""No run can reach the pytest server of a room, or make it serve another request."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.sandbox.protocol import File
from tests.grade.rooms import SEALED, TEST, ask, room_of

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
    """A run that gets its own request served, or kills its watcher, leaves no process in the box."""
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


@pytest.mark.parametrize("kind", SEALED)
def test_server_and_supervisor_can_not_be_reached(tmp_path: Path, kind: str) -> None:
    with room_of(tmp_path, kind) as room:
        run = ask(room, REACH)
        assert run.passed((TEST,)), run.failures
