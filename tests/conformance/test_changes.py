"""What differs from the base tree, seen from outside."""

from pathlib import Path

import pytest

from codegym.sandbox.lay import lay_files
from codegym.sandbox.protocol import Backend, Changes, File, Sandbox, Tree
from codegym.task import Limits
from codegym.tree import store_tree, tree_digest

CALC = b"def add(a, b):\n    return a - b\n"


def test_a_fresh_box_has_no_changes(shared: Sandbox) -> None:
    assert shared.changes() == {}


CASES: list[tuple[str, Changes]] = [
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
    (
        "rm linkdir && mkdir linkdir && echo other > linkdir/other.txt",
        {"linkdir": None, "linkdir/other.txt": File(b"other\n")},
    ),
    ("touch calc.py pkg; cp calc.py t; rm calc.py; mv t calc.py", {}),
    ("mkfifo pipe; mkdir empty; chmod 700 pkg; chmod 600 calc.py", {}),
    ("rm calc.py; mkfifo calc.py", {"calc.py": None}),
]


@pytest.fixture(scope="module")
def changes_by_case(
    backend: Backend, base_files: dict[str, File], tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Changes]:
    """The changes of each case's command in its own copy of the files, all in one box."""
    files = {f"{i}/{path}": file for i in range(len(CASES)) for path, file in base_files.items()}
    store = tmp_path_factory.mktemp("trees")
    below = store_tree(files | {f"{i}/calc.py": File(b"hidden below\n") for i in range(len(CASES))}, store)
    above = store_tree({f"{i}/calc.py": base_files["calc.py"] for i in range(len(CASES))}, store)
    split: dict[int, Changes] = {i: {} for i in range(len(CASES))}
    with backend.open(Tree((above, below), tree_digest(files)), "python", Limits()) as box:
        for i, (command, _) in enumerate(CASES):
            result = box.exec(command, cwd=str(i))
            assert (result.exit_code, result.stderr) == (0, "")
        for path, file in box.changes().items():
            number, _, rest = path.partition("/")
            split[int(number)][rest] = file
    return split


@pytest.mark.parametrize("case", range(len(CASES)), ids=[command for command, _ in CASES])
def test_changes(changes_by_case: dict[int, Changes], case: int) -> None:
    assert changes_by_case[case] == CASES[case][1]


def test_what_the_box_hides_from_git_is_still_seen(box: Sandbox) -> None:
    box.exec("mkdir -p .git/info && echo '*' | tee .gitignore > .git/info/exclude && echo x >> calc.py")
    changes = box.changes()
    assert changes["calc.py"] == File(CALC + b"x\n")
    assert changes[".gitignore"] == File(b"*\n")


def test_changes_can_be_read_when_the_box_forbids_it(box: Sandbox) -> None:
    box.exec("mkdir closed && echo x > closed/file && chmod 000 closed/file closed calc.py")
    assert box.changes()["closed/file"] == File(b"x\n")


def test_changes_of_writes_and_removals_from_outside(box: Sandbox) -> None:
    box.write("a/b.sh", b"b", executable=True)
    box.remove("pkg/other.txt")
    assert box.changes() == {"a/b.sh": File(b"b", executable=True), "pkg/other.txt": None}


def test_what_changed_can_be_laid_over_the_base(
    backend: Backend, base_files: dict[str, File], tmp_path: Path
) -> None:
    files = {f"{i}/{path}": file for i in range(len(CASES)) for path, file in base_files.items()}
    wanted = {f"{i}/{path}": file for i, (_, changes) in enumerate(CASES) for path, file in changes.items()}
    tree = Tree((store_tree(files, tmp_path),), tree_digest(files))
    with backend.open(tree, "python", Limits()) as box:
        box.exec("echo x > x; rm -r 0")
        with box.open_base() as other:
            assert other.changes() == {}
            lay_files(other, wanted)
            assert other.changes() == dict(sorted(wanted.items()))
