"""A small package as a source distribution that pip finds without a network, and a recipe suite made from it."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.catalog import cache_dir
from codegym.task import SdistSource

CODE = '''\
"""Counting."""


def clamp(value, low, high):
    """Return the number nearest to value between low and high."""
    if value < low:
        return low
    return min(value, high)


def evens(numbers):
    """Return the even ones."""
    return [n for n in numbers if n % 2 == 0]
'''
TESTS = """\
from abacus import clamp, evens


def test_clamp_low():
    assert clamp(-3, 0, 9) == 0


def test_clamp_high():
    assert clamp(12, 0, 9) == 9


def test_clamp_inside():
    assert clamp(4, 0, 9) == 4


def test_evens():
    assert evens([1, 2, 3, 4]) == [2, 4]
"""
SDIST = {
    "PKG-INFO": "Metadata-Version: 2.1\nName: abacus\nVersion: 1.0\n",
    "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    "setup.py": 'raise SystemExit("nothing of an sdist may be run")\n',
    "src/abacus/__init__.py": CODE,
    "tests/test_abacus.py": TESTS,
}
RECIPE = """\
[[package]]
name = "abacus"
version = "1.0"
sha256 = "{sha256}"
license = "Apache-2.0"
split = "test"
tasks = 4
sources = ["src/abacus/*.py"]
tests = ["tests/test_*.py"]
path = "src"
"""


def write_tar(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture(scope="module")
def abacus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SdistSource]:
    """The package ``abacus``, which pip finds in a folder, and an empty cache but for the images."""
    folder = tmp_path_factory.mktemp("index")
    members = [(tarfile.TarInfo(f"abacus-1.0/{path}"), text.encode()) for path, text in SDIST.items()]
    archive = write_tar(folder / "abacus-1.0.tar.gz", members)
    images = cache_dir() / "images"
    images.mkdir(parents=True, exist_ok=True)
    (folder / "cache" / "codegym").mkdir(parents=True)
    (folder / "cache" / "codegym" / "images").symlink_to(images)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(folder))
        sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
        yield SdistSource(name="abacus", version="1.0", sha256=sha256)


@pytest.fixture(scope="module")
def recipe_root(abacus: SdistSource, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a suite ``tiny``, registered by an entry point, with a recipe and no lock."""
    site = tmp_path_factory.mktemp("site")
    root = site / "tiny_suite"
    root.mkdir()
    (root / "__init__.py").touch()
    (root / "suite.toml").write_text('name = "tiny"\nversion = 1\ntitle = "Tiny"\n')
    (root / "recipe.toml").write_text(RECIPE.format(sha256=abacus.sha256))
    info = site / "tiny_suite-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-suite\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[codegym.suites]\ntiny = tiny_suite\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        yield root
