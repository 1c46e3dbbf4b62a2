"""What differs from the base tree, seen from outside."""

import pytest

from codegym.sandbox.protocol import File

CALC = b"def add(a, b):\n    return a - b\n"


def test_a_fresh_box_has_no_changes(shared):
    assert shared.changes() == {}


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        ("echo x > new.txt", {"new.txt": File(b"x\n")}),
        ("mkdir -p a/b && echo x > a/b/c", {"a/b/c": File(b"x\n")}),
        ("echo x >> calc.py", {"calc.py": File(CALC + b"x\n")}),
        ("rm calc.py", {"calc.py": None}),
        ("rm -r pkg", {"pkg/__init__.py": None, "pkg/deep/data.txt": None, "pkg/other.txt": None}),
        ("mv calc.py moved.py", {"calc.py": None, "moved.py": File(CALC)}),
        (
            "mv pkg moved",
            {
                "pkg/__init__.py": None,
                "pkg/deep/data.txt": None,
                "pkg/other.txt": None,
                "moved/__init__.py": File(b""),
                "moved/deep/data.txt": File(b"deep\n"),
                "moved/other.txt": File(b"other\n"),
            },
        ),
        ("chmod +x calc.py", {"calc.py": File(CALC, executable=True)}),
        ("chmod -x run.sh", {"run.sh": File(b"#!/bin/sh\necho ran\n")}),
        ("ln -s ../etc/passwd out", {"out": File(b"", link="../etc/passwd")}),
        ("ln -sfn run.sh link", {"link": File(b"", link="run.sh")}),
        ("rm link; cp calc.py link", {"link": File(CALC)}),
        (
            "rm -r pkg && mkdir pkg && echo n > pkg/new && echo other > pkg/other.txt",
            {"pkg/__init__.py": None, "pkg/deep/data.txt": None, "pkg/new": File(b"n\n")},
        ),
        (
            "rm calc.py && mkdir calc.py && echo i > calc.py/inner",
            {"calc.py": None, "calc.py/inner": File(b"i\n")},
        ),
        (
            "rm -r pkg && echo f > pkg",
            {
                "pkg": File(b"f\n"),
                "pkg/__init__.py": None,
                "pkg/deep/data.txt": None,
                "pkg/other.txt": None,
            },
        ),
        ("rm -r pkg/deep && ln -s .. pkg/deep", {"pkg/deep": File(b"", link=".."), "pkg/deep/data.txt": None}),
        ("touch calc.py pkg; cp calc.py t; rm calc.py; mv t calc.py", {}),
        ("mkfifo pipe; mkdir empty; chmod 700 pkg; chmod 600 calc.py", {}),
        ("rm calc.py; mkfifo calc.py", {"calc.py": None}),
    ],
)
def test_changes(box, command, changes):
    result = box.exec(command)
    assert (result.exit_code, result.stderr) == (0, "")
    assert box.changes() == changes


def test_what_the_box_hides_from_git_is_still_seen(box):
    box.exec("mkdir -p .git/info && echo '*' | tee .gitignore > .git/info/exclude && echo x >> calc.py")
    changes = box.changes()
    assert changes["calc.py"] == File(CALC + b"x\n")
    assert changes[".gitignore"] == File(b"*\n")


def test_changes_can_be_read_when_the_box_forbids_it(box):
    box.exec("mkdir closed && echo x > closed/file && chmod 000 closed/file closed calc.py")
    assert box.changes()["closed/file"] == File(b"x\n")


def test_changes_of_writes_and_removals_from_outside(box):
    box.write("a/b.sh", b"b", executable=True)
    box.remove("pkg/other.txt")
    assert box.changes() == {"a/b.sh": File(b"b", executable=True), "pkg/other.txt": None}
