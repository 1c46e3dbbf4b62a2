"""A run in a room finds no trace of the run before."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.grade.room import CannotLay, Room
from codegym.grade.subject import Subject
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import File
from tests.grade.rooms import MOD, SEALED, TEST, ask, room_of
from tests.grade.suites import change, suite_of

KINDS = [*SEALED, "bwrap on disk"]

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
    """The fake sandbox has no walls, so only its own folders are searched."""
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


@pytest.mark.parametrize("kind", SEALED)
def test_what_stays_holds_no_notes(tmp_path: Path, kind: str) -> None:
    """Modes, times and attributes of folders are reset, and the file that names the server."""
    says = f"{NOTES}\ndef test_it():\n    assert 0, repr(state()) + open(FOLDER + '/pid').read()\n"
    with room_of(tmp_path, kind) as room:
        before = ask(room, says)
        assert ask(room, f"{NOTES}\ndef test_it():\n    note()\n").passed((TEST,))
        assert ask(room, says).failures == before.failures
        assert "0o41777" in before.failures[TEST]


def test_code_that_a_sheet_imports_is_its_own(tmp_path: Path) -> None:
    """No run imports what another one left in modules, in memory or as byte code."""
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
