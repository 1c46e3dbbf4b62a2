"""A third party's suite, installed as one would install it: a package, and metadata with an entry point."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from codegym.suite import Suite, load_suite

DATA = Path(__file__).parent / "data"

collect_ignore = ["data"]

settings.register_profile("codegym", deadline=None)
settings.load_profile("codegym")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first: nobody shall wait in the end for one that began last."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for ``PYTHONPATH`` with the installed package ``acme_suites``, which must never be imported."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(DATA / "suite_mini", site / "acme_suites" / "mini")
    for package in (site / "acme_suites", site / "acme_suites" / "mini"):
        (package / "__init__.py").write_text('raise ImportError("a suite is found, never imported")\n')
    info = site / "acme_suites-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-suites\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[codegym.suites]\nmini = acme_suites.mini\n")
    return site


@pytest.fixture(scope="session")
def mini(third_party: Path) -> Iterator[Suite]:
    """The suite ``mini`` of ``tests/data/suite_mini``, found through its entry point."""
    sys.path.insert(0, str(third_party))
    yield load_suite("mini")
    sys.path.remove(str(third_party))
