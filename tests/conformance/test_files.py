"""Reading and writing single files, as a process in the box would."""

from pathlib import Path

import pytest

from codegym.errors import SandboxError
from codegym.sandbox.protocol import WORKDIR, Sandbox

REFUSED = (OSError, ValueError, SandboxError)


def test_read_by_relative_and_absolute_path(shared: Sandbox) -> None:
    assert shared.read("pkg/deep/data.txt") == b"deep\n"
    assert shared.read(f"{WORKDIR}/pkg/deep/data.txt") == b"deep\n"
    assert shared.read("link") == b"def add(a, b):\n    return a - b\n"


@pytest.mark.parametrize(
    ("path", "error"),
    [("missing", FileNotFoundError), ("missing/too", FileNotFoundError), ("pkg", IsADirectoryError)],
)
def test_read_errors_are_those_of_open(shared: Sandbox, path: str, error: type[OSError]) -> None:
    with pytest.raises(error):
        shared.read(path)


def test_unreadable_is_a_permission_error(sealed_box: Sandbox) -> None:
    sealed_box.exec("chmod 000 pkg/other.txt")
    with pytest.raises(PermissionError):
        sealed_box.read("pkg/other.txt")


def test_write_makes_folders_and_is_seen_by_commands(shared: Sandbox) -> None:
    box = shared
    box.write("new/deep/file.txt", b"text\n")
    assert box.exec("cat new/deep/file.txt").stdout == "text\n"
    assert box.read("new/deep/file.txt") == b"text\n"
    assert box.exec("echo more >> new/deep/file.txt && rm -r new").exit_code == 0


def test_write_replaces_and_sets_the_executable_bit(shared: Sandbox) -> None:
    box = shared
    box.write("tool", b"longer before")
    box.write("tool", b"#!/bin/sh\necho tool\n", executable=True)
    assert box.exec("./tool").stdout == "tool\n"
    box.write("tool", b"#!/bin/sh\n")
    assert box.exec("test -x tool").exit_code == 1


def test_an_empty_file(shared: Sandbox) -> None:
    shared.write("empty", b"")
    assert shared.exec("test -f empty && test ! -s empty").exit_code == 0
    assert shared.read("empty") == b""


def test_large_and_binary_content_comes_back_whole(shared: Sandbox) -> None:
    box = shared
    content = bytes(range(256)) * 12_000
    box.write("blob", content)
    assert box.exec("wc -c < blob").stdout.strip() == str(len(content))
    assert box.read("blob") == content


def test_odd_names(shared: Sandbox) -> None:
    box = shared
    name = "ä dir/-n 'q\" $x\tz.txt"
    box.write(name, b"odd")
    assert box.read(name) == b"odd"
    box.remove(name)
    assert name not in box.changes()


def test_remove(box: Sandbox) -> None:
    box.remove("calc.py")
    assert box.exec("test -e calc.py").exit_code == 1
    with pytest.raises(FileNotFoundError):
        box.remove("calc.py")
    box.remove("link")
    assert box.exec("test -L link").exit_code == 1


def test_remove_takes_the_folders_that_are_left_empty(box: Sandbox) -> None:
    box.write("a/b/c", b"x")
    box.write("a/d", b"x")
    box.remove("a/b/c")
    assert box.exec("ls a").stdout == "d\n"
    box.remove("a/d")
    assert box.exec("test -e a").exit_code == 1
    box.remove("pkg/deep/data.txt")
    assert box.exec("ls pkg").stdout == "__init__.py\nother.txt\n"


@pytest.mark.parametrize("path", ["../escape", "/etc/escape", "pkg/../../escape"])
def test_writing_stays_in_the_workspace(shared: Sandbox, path: str) -> None:
    with pytest.raises(REFUSED):
        shared.write(path, b"x")
    with pytest.raises(REFUSED):
        shared.remove(path)


def test_writing_through_a_file_is_refused(shared: Sandbox) -> None:
    with pytest.raises(REFUSED):
        shared.write("calc.py/below", b"x")


def test_links_lead_nowhere_outside_the_box(sealed_box: Sandbox, secret: Path) -> None:
    box = sealed_box
    box.exec(["ln", "-s", str(secret), "leak"])
    box.exec(["ln", "-s", str(secret.parent), "leakdir"])
    for path in ("leak", f"leakdir/{secret.name}", str(secret)):
        with pytest.raises(REFUSED):
            box.read(path)
    for path in ("leak", f"leakdir/{secret.name}"):
        with pytest.raises(REFUSED):
            box.write(path, b"overwritten")
    assert secret.read_text() == "host secret"
