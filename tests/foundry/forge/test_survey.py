"""A survey uses the tests that end in order and in time; an image gets the packages that a project declares."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from codegym.errors import TaskError
from codegym.foundry.forge.survey import survey
from codegym.foundry.repository.declared import Needs
from codegym.foundry.repository.equip import image_with, pinned
from codegym.foundry.repository.origin import origin
from codegym.foundry.repository.project import project
from codegym.grade.protected import is_protected
from codegym.sandbox.backend import backend
from codegym.sandbox.image.image import image_folder, image_names, load_image
from codegym.sandbox.protocol import Tree
from codegym.tree import store_tree
from tests.foundry.repositories import write

PADDED = {
    "pad.py": "def pad(text, width):\n    short = width - len(text)\n    return text + ' ' * short\n",
    "tests/test_a.py": "from pad import pad\n\n\ndef test_pad():\n    assert pad('a', 2) == 'a '\n",
    "tests/test_exit.py": "import os\nos._exit(0)\n",
    "tests/test_slow.py": (
        "import time\nfrom pad import pad\n\n\ndef test_one():\n    assert pad('', 1) == ' '\n\n\n"
        "def test_two():\n    assert pad('a', 1) == 'a'\n\n\ndef test_three():\n    time.sleep(60)\n"
    ),
}
UNITTEST = {
    "pad.py": PADDED["pad.py"],
    "tests.py": "import unittest\nfrom pad import pad\n\n\nclass Pads(unittest.TestCase):\n"
    "    def test_pad(self):\n        self.assertEqual(pad('a', 2), 'a ')\n",
    "testing.py": "LATER = True\n",
}


def test_a_survey_leaves_out_test_files_that_are_slow_or_crash(tmp_path: Path) -> None:
    run = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    write(tmp_path, PADDED)
    code = project(origin(str(tmp_path), tmp_path), "")
    base = store_tree(code.files)
    surveyed = survey(code, Tree((base,), base.name), backend("bwrap"), 20.0)
    assert surveyed.tests == ("tests/test_a.py::test_pad", "tests/test_slow.py::test_one")
    assert surveyed.left_out == ("tests/test_exit.py", "tests/test_slow.py")
    assert surveyed.reach is not None
    assert surveyed.reach.of("pad.py", 2, 2) == {*surveyed.tests}


def test_the_tests_of_unittest_are_found_and_protected(tmp_path: Path) -> None:
    write(tmp_path, UNITTEST)
    for command in ("", "python -m unittest"):
        code = project(origin(str(tmp_path), tmp_path), command)
        assert code.tests == ("tests.py",)
        assert is_protected("tests.py", code.plan)
        assert code.sources == ("pad.py", "testing.py")


def write_wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def test_requirements_are_pinned_in_an_image_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wheel(tmp_path, "tally", "1.2")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    pins, missing = pinned("python", Needs(("tally>=1", "pytest"), ("nowhere", "mypy", "tally")))
    assert (pins, missing) == (("tally==1.2",), ("nowhere",))
    name = image_with("python", pins)
    assert name in image_names()
    assert image_with("python", pins) == name
    assert "with tally==1.2" in load_image(name).description
    assert "tally==1.2\n" in (image_folder(name) / "requirements.txt").read_text()


def test_the_error_for_a_project_without_passing_tests_names_an_option(tmp_path: Path) -> None:
    run = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    write(tmp_path, {"pad.py": PADDED["pad.py"], "test_pad.py": "import nowhere_to_be_found\n"})
    code = project(origin(str(tmp_path), tmp_path), "")
    base = store_tree(code.files)
    with pytest.raises(TaskError, match=r"(?s)--with.*No module named 'nowhere_to_be_found'"):
        survey(code, Tree((base,), base.name), backend("bwrap"), 30.0)
