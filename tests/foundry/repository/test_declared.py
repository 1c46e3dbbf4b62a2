"""What projects of different build tools say about themselves."""

from __future__ import annotations

import pytest

from codegym.foundry.repository.declared import described, metadata, needs
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


def test_an_sdist_says_what_an_index_says() -> None:
    found = needs({"PKG-INFO": File(PKG_INFO.encode())})
    assert found.runtime == ('money>=2; python_version >= "3"',)
    tomli = "tomli; python_version < \"3\" and python_version > '0'"
    assert found.tests == ("pytest; python_version > '0'", tomli)


def test_groups_include_each_other_once() -> None:
    found = needs({"pyproject.toml": File(GROUPS.encode())})
    assert found.runtime == ("money>=2",)
    assert found.tests == ("pytest", "attrs")


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
def test_other_places(texts: dict[str, str], runtime: tuple[str, ...], tests: tuple[str, ...]) -> None:
    found = needs({path: File(text.encode()) for path, text in texts.items()})
    assert (found.runtime, found.tests) == (runtime, tests)


def test_a_checkout_gets_what_a_build_would_write() -> None:
    found = described({"pyproject.toml": File(GROUPS.encode())}, "src")
    assert b"Name: ledger\nVersion: 0.0" in found["src/ledger-0.0.dist-info/METADATA"].content
    assert b'__version__ = version = "0.0"' in found["src/ledger/_version.py"].content


def test_an_sdist_keeps_what_it_has() -> None:
    theirs = {"pyproject.toml": File(GROUPS.encode()), "src/ledger/_version.py": File(b"version = '9'\n")}
    found = described({**theirs, "PKG-INFO": File(PKG_INFO.encode())}, "src")
    assert found["src/ledger/_version.py"].content == b"version = '9'\n"
    assert found["src/My.Ledger-3.1.dist-info/METADATA"].content == PKG_INFO.encode()
    assert metadata({"setup.cfg": File(CFG.encode())})["Version"] == "0.0"
    assert metadata({"setup.py": File(SETUP.encode())})["Name"] == "ledger"
