"""A survey uses the tests that end in order and in time; an image gets the packages that a project declares."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from codegym.catalog import cache_dir
from codegym.errors import TaskError
from codegym.foundry.forge.survey import Survey, survey
from codegym.foundry.forge.survey_journal import SurveyResult
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


def need_bwrap() -> None:
    run = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")


def own_cache(folder: Path) -> Path:
    """Make a cache without surveys, which shares what takes long to build."""
    (folder / "codegym").mkdir(parents=True)
    for name in ("images", "runner", "codes"):
        (cache_dir() / name).mkdir(parents=True, exist_ok=True)
        (folder / "codegym" / name).symlink_to(cache_dir() / name)
    return folder


def survey_of(folder: Path, seconds: float) -> Survey:
    code = project(origin(str(folder), folder), "")
    base = store_tree(code.files)
    return survey(code, Tree((base,), base.name), backend("bwrap"), seconds)


def test_a_survey_leaves_out_test_files_that_are_slow_or_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_bwrap()
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_cache(tmp_path / "cache")))
    write(tmp_path / "pad", PADDED)
    surveyed = survey_of(tmp_path / "pad", 20.0)
    assert surveyed.tests == ("tests/test_a.py::test_pad", "tests/test_slow.py::test_one")
    assert surveyed.left_out == ("tests/test_exit.py", "tests/test_slow.py")
    assert surveyed.reach is not None
    assert surveyed.reach.of("pad.py", 2, 2) == {*surveyed.tests}


SLOW = {
    "pad.py": PADDED["pad.py"],
    "tests/test_a.py": "import time\nfrom pad import pad\n\n\ndef test_a():\n    time.sleep(60)\n",
    "tests/test_b.py": "import time\nfrom pad import pad\n\n\ndef test_b():\n    time.sleep(60)\n",
}


def test_the_error_for_tests_that_did_not_end_in_time_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_bwrap()
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_cache(tmp_path / "cache")))
    write(tmp_path / "pad", SLOW)
    with pytest.raises(TaskError, match=r"2 test files did not end in 2 s .*the next forge continues there"):
        survey_of(tmp_path / "pad", 4.0)


def test_a_survey_that_was_stopped_is_taken_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first survey leaves the file out that it has no time for, the second runs only that one."""
    need_bwrap()
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_cache(tmp_path / "cache")))
    write(tmp_path / "pad", PADDED | {"tests/test_exit.py": "", "tests/test_slow.py": SLOW["tests/test_b.py"]})
    first = survey_of(tmp_path / "pad", 10.0)
    assert (first.tests, first.left_out) == (("tests/test_a.py::test_pad",), ("tests/test_slow.py",))
    (path,) = (tmp_path / "cache" / "codegym" / "forge").iterdir()
    lines = path.read_text().splitlines()
    assert [bool(SurveyResult.from_json_line(line).measured) for line in lines] == [True, False]
    path.write_text("\n".join([*lines, '{"measured": {"files": ["tests']) + "\n")
    again = survey_of(tmp_path / "pad", 10.0)
    assert (again.tests, again.seconds) == (first.tests, first.seconds)
    assert again.reach is not None
    assert again.reach.of("pad.py", 2, 2) == {"tests/test_a.py::test_pad"}


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
    need_bwrap()
    write(tmp_path, {"pad.py": PADDED["pad.py"], "test_pad.py": "import nowhere_to_be_found\n"})
    code = project(origin(str(tmp_path), tmp_path), "")
    base = store_tree(code.files)
    with pytest.raises(TaskError, match=r"(?s)--with.*No module named 'nowhere_to_be_found'"):
        survey(code, Tree((base,), base.name), backend("bwrap"), 30.0)
