"""Python projects whose tests need more than pytest: plugins, a compiler, or a place inside the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegym.foundry.forge.survey import Survey, survey
from codegym.foundry.repository.declared import Needs
from codegym.foundry.repository.equip import Equipment, equipped, pinned
from codegym.foundry.repository.origin import origin
from codegym.foundry.repository.project import project
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import Tree
from codegym.tree import store_tree
from tests.foundry.repositories import PYTHON, Texts, write

PLUGINS: Texts = {
    "pyproject.toml": """\
[project]
name = "ledger"
version = "1.0"
optional-dependencies.test = ["pytest-asyncio", "pytest-mock"]
[tool.pytest.ini_options]
addopts = "--doctest-modules"
asyncio_mode = "auto"
""",
    "ledger/__init__.py": PYTHON["src/ledger/__init__.py"].replace(
        '"""Divide cents', '"""\n    >>> split(4, 2)\n    [2, 2]\n\n    Divide cents'
    ),
    "ledger/tests/test_plugins.py": """\
from ledger import total


async def test_asyncio():
    assert total(["1", "2.25"]) == 325


def test_mock(mocker):
    assert mocker.Mock(return_value=3)() == 3


def test_that_fails_at_the_untouched_tree():
    assert total(["1"]) == 1
""",
}
EXTENSION: Texts = {
    "setup.py": """\
from setuptools import Extension, setup

setup(name="fast", version="1.0", packages=["fast"], ext_modules=[Extension("fast._fast", ["fast/_fast.c"])])
""",
    "fast/__init__.py": """\
from fast._fast import double


def quadruple(n):
    return double(double(n))
""",
    "fast/_fast.c": """\
#include <Python.h>
static PyObject *twice(PyObject *self, PyObject *n) { return PyNumber_Add(n, n); }
static PyMethodDef methods[] = {{"double", twice, METH_O, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_fast", 0, -1, methods};
PyMODINIT_FUNC PyInit__fast(void) { return PyModule_Create(&module); }
""",
    "tests/test_fast.py": "from fast import quadruple\n\n\ndef test_quadruple():\n    assert quadruple(2) == 8\n",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of images of our own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


def surveyed(folder: Path, texts: Texts) -> tuple[Equipment, Survey]:
    folder.mkdir()
    write(folder, texts)
    equipment = equipped(project(origin(str(folder), folder), ""), backend("bwrap"))
    layer = store_tree(equipment.project.files)
    return equipment, survey(equipment.project, Tree((layer,), layer.name), backend("bwrap"), 60)


@pytest.mark.slow
def test_plugins_are_switched_on_and_failing_tests_are_counted(tmp_path: Path) -> None:
    equipment, result = surveyed(tmp_path / "ledger", PLUGINS)
    assert not equipment.missing
    assert result.tests == (
        "ledger/tests/test_plugins.py::test_asyncio",
        "ledger/tests/test_plugins.py::test_mock",
    )
    assert result.failed == 1


def test_tests_inside_a_package_are_no_sources_and_doctests_do_not_decide(tmp_path: Path) -> None:
    write(tmp_path, PLUGINS)
    chosen = project(origin(str(tmp_path), tmp_path), "")
    assert chosen.sources == ("ledger/__init__.py",)
    assert chosen.tests == ("ledger/tests/test_plugins.py",)


@pytest.mark.slow
def test_extension_modules_are_built_once_and_belong_to_the_tree(tmp_path: Path) -> None:
    equipment, result = surveyed(tmp_path / "fast", EXTENSION)
    assert not equipment.missing
    assert result.tests == ("tests/test_fast.py::test_quadruple",)
    assert [path for path in equipment.project.files if path.endswith(".so")]


@pytest.mark.slow
def test_extension_modules_that_can_not_be_built_are_named_with_the_reason(tmp_path: Path) -> None:
    broken = {**EXTENSION, "fast/_fast.c": "#include <no_such_header.h>\n"}
    write(tmp_path, broken)
    equipment = equipped(project(origin(str(tmp_path), tmp_path), ""), backend("bwrap"))
    assert len(equipment.missing) == 1
    assert equipment.missing[0].startswith("its extension modules (")


def test_a_requirement_that_conflicts_with_the_image_is_missing_and_the_others_are_not() -> None:
    pins, missing = pinned("python", Needs((), ("pytest-mock", "pytest-asyncio==1.2.0")))
    assert missing == ("pytest-asyncio==1.2.0",)
    assert [pin.partition("==")[0] for pin in pins] == ["pytest-mock"]


def test_extension_modules_of_another_builder_are_missing(tmp_path: Path) -> None:
    toml = '[build-system]\nrequires = ["maturin>=1"]\n[project]\nname = "fast"\nversion = "1.0"\n'
    write(tmp_path, {"pyproject.toml": toml, "fast/__init__.py": "", "tests/test_a.py": "def test(): pass\n"})
    equipment = equipped(project(origin(str(tmp_path), tmp_path), ""), backend("bwrap"))
    assert equipment.missing == ("its extension modules, which maturin builds",)
