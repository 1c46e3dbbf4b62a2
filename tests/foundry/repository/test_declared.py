"""The name, version and requirements that projects of different build tools declare."""

from __future__ import annotations

import pytest

from codegym.foundry.repository.declared import metadata, needs, with_metadata
from codegym.sandbox.protocol import File

PKG_INFO = """\
Metadata-Version: 2.1
Name: My.Ledger
Version: 3.1
Provides-Extra: test
Requires-Dist: money>=2; python_version >= "3"
Requires-Dist: pytest; extra == "test"
Requires-Dist: tomli; python_version < "3" and extra == 'test'
Requires-Dist: sphinx; extra == "docs"
Requires-Dist: My-Ledger[more]; extra == "test"
"""
GROUPS = """\
[project]
name = "ledger"
dynamic = ["version"]
dependencies = ["money>=2"]

[project.optional-dependencies]
docs = ["sphinx"]

[dependency-groups]
tests = ["pytest", {include-group = "more"}]
more = ["attrs", {include-group = "tests"}]
dev = ["mypy"]

[tool.hatch.build.hooks.vcs]
version-file = "src/ledger/_version.py"
"""
CFG = """\
[metadata]
name = ledger
version = attr: ledger.__version__

[options]
install_requires =
    money>=2
    # a remark

[options.extras_require]
dev = attrs
"""
SETUP = """\
import setuptools

NEEDS = ["money>=2"]
setuptools.setup(name="ledger", install_requires=NEEDS, extras_require={"test": ["attrs"]}, packages=find())
"""


def test_requirements_of_an_sdist_are_those_of_its_metadata() -> None:
    requirements = needs({"PKG-INFO": File(PKG_INFO.encode())})
    assert requirements.runtime == ('money>=2; python_version >= "3"',)
    tomli = "tomli; python_version < \"3\" and python_version > '0'"
    assert requirements.tests == ("pytest; python_version > '0'", tomli)


def test_groups_that_include_each_other_are_read_once() -> None:
    requirements = needs({"pyproject.toml": File(GROUPS.encode())})
    assert requirements.runtime == ("money>=2",)
    assert requirements.tests == ("pytest", "attrs")


@pytest.mark.parametrize(
    ("texts", "runtime", "tests"),
    [
        ({"setup.cfg": CFG}, ("money>=2",), ("attrs",)),
        ({"requirements.txt": "# us\nmoney==2  # why\n-e .\n"}, ("money==2",), ()),
        ({"setup.cfg": CFG, "requirements/tests.txt": "-r base.txt\nattrs\n"}, ("money>=2",), ("attrs",)),
        ({"requirements-dev.txt": "attrs\n"}, (), ("attrs",)),
        ({"pyproject.toml": "[tool.poetry.group.dev.dependencies]\nattrs = '^1'\n"}, (), ("attrs",)),
        ({"pyproject.toml": "[tool.poetry.dependencies]\npython = '>=3.9'\nmoney = '*'\n"}, ("money",), ()),
        ({"pyproject.toml": "not toml ["}, (), ()),
        ({"setup.py": SETUP}, ("money>=2",), ("attrs",)),
        ({"setup.py": SETUP, "PKG-INFO": "Metadata-Version: 1.2\nName: ledger\n"}, ("money>=2",), ("attrs",)),
        ({"setup.py": SETUP, "PKG-INFO": "Metadata-Version: 2.1\nName: ledger\n"}, (), ()),
        (
            {"setup.py": "setup(", "tox.ini": "[testenv]\ndeps =\n  attrs\n  py27: mock\n  -r x.txt\n"},
            (),
            ("attrs",),
        ),
    ],
)
def test_requirements_are_read_from_the_files_of_every_build_tool(
    texts: dict[str, str], runtime: tuple[str, ...], tests: tuple[str, ...]
) -> None:
    requirements = needs({path: File(text.encode()) for path, text in texts.items()})
    assert (requirements.runtime, requirements.tests) == (runtime, tests)


def test_a_checkout_gets_the_metadata_and_version_file_of_a_build() -> None:
    files = with_metadata({"pyproject.toml": File(GROUPS.encode())}, "src")
    assert b"Name: ledger\nVersion: 0.0" in files["src/ledger-0.0.dist-info/METADATA"].content
    assert b'__version__ = version = "0.0"' in files["src/ledger/_version.py"].content


def test_an_sdist_keeps_its_own_metadata_and_version_file() -> None:
    theirs = {"pyproject.toml": File(GROUPS.encode()), "src/ledger/_version.py": File(b"version = '9'\n")}
    files = with_metadata({**theirs, "PKG-INFO": File(PKG_INFO.encode())}, "src")
    assert files["src/ledger/_version.py"].content == b"version = '9'\n"
    assert files["src/My.Ledger-3.1.dist-info/METADATA"].content == PKG_INFO.encode()
    assert metadata({"setup.cfg": File(CFG.encode())})["Version"] == "0.0"
    assert metadata({"setup.py": File(SETUP.encode())})["Name"] == "ledger"
