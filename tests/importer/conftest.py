"""A small repository under git, an empty folder of suites, and what is done to every imported task."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from codegym.catalog import cache_dir, suites_dir
from codegym.episode import Outcome
from codegym.foundry.recipe.build import build
from codegym.grade.grade import grade_empty, grade_gold
from codegym.importer.imported_task import ImportedTask
from codegym.importer.suite_folder import write_suite
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import Backend
from codegym.suite import Manifest, Suite, load_suite

DATA = Path("/work/shared/data")

BUG = """\
diff --git a/clock.py b/clock.py
--- a/clock.py
+++ b/clock.py
@@ -1,2 +1,2 @@
 def minutes(hours):
-    return hours * 60
+    return hours * 6
"""
FIX = """\
diff --git a/clock.py b/clock.py
--- a/clock.py
+++ b/clock.py
@@ -1,2 +1,2 @@
 def minutes(hours):
-    return hours * 6
+    return hours * 60
"""
TESTS = """\
diff --git a/tests/test_clock.py b/tests/test_clock.py
--- a/tests/test_clock.py
+++ b/tests/test_clock.py
@@ -3,3 +3,7 @@

 def test_none():
     assert minutes(0) == 0
+
+
+def test_day():
+    assert minutes(24) == 1440
"""
OLD_TESTS = "from clock import minutes\n\n\ndef test_none():\n    assert minutes(0) == 0\n"
NEW_TESTS = OLD_TESTS + "\n\ndef test_day():\n    assert minutes(24) == 1440\n"
CONFTEST = "import sys\nsys.path.insert(0, '.')\n"


@dataclass(frozen=True)
class Repository:
    """``url`` fills in for ``--repositories``; the commits hold the bug, and the repair with its tests."""

    url: str
    broken: str
    repaired: str


def git(folder: Path, *arguments: str) -> str:
    names = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    argv = ["git", *names, *arguments]
    return subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    root = tmp_path_factory.mktemp("forge")
    folder = root / "acme" / "clock.git"
    (folder / "tests").mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    commits = []
    for code, tests in (("6", OLD_TESTS), ("60", NEW_TESTS)):
        (folder / "clock.py").write_text(f"def minutes(hours):\n    return hours * {code}\n")
        (folder / "conftest.py").write_text(CONFTEST)
        (folder / "tests" / "test_clock.py").write_text(tests)
        git(folder, "add", "-A")
        git(folder, "commit", "--quiet", "-m", "a commit")
        commits.append(git(folder, "rev-parse", "HEAD"))
    return Repository(f"file://{root}/{{repo}}.git", *commits)


@pytest.fixture(autouse=True)
def _own_suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of suites of the test's own, and a cache that shares nothing but what takes long to build."""
    cache = tmp_path / "cache" / "codegym"
    cache.mkdir(parents=True)
    for name in ("images", "runner", "codes"):
        (cache_dir() / name).mkdir(parents=True, exist_ok=True)
        (cache / name).symlink_to(cache_dir() / name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    load_suite.cache_clear()
    yield
    load_suite.cache_clear()


Certified = Callable[..., Suite]


def suite_of(*tasks: ImportedTask, name: str = "made") -> Suite:
    """Write tasks as a suite, fetch what they need, and load it."""
    write_suite(suites_dir() / name, Manifest(name=name, version=1, title="Made"), tasks)
    load_suite.cache_clear()
    build(name)
    return load_suite(name)


def usable(where: str) -> Backend:
    """A backend, or a reason to skip."""
    box = backend(where)
    for found in box.capabilities():
        if not found.available and found.name in ("run", "image python"):
            pytest.skip(found.why)
    return box


@pytest.fixture
def certified() -> Certified:
    """Hold imported tasks to what every task promises: gold resolves each, an empty patch none."""

    def certify(*tasks: ImportedTask, name: str = "made", where: str = "bwrap") -> Suite:
        box = usable(where)
        suite = suite_of(*tasks, name=name)
        for task in suite.tasks.values():
            gold = grade_gold(suite, task, backend=box, cache=None)
            assert gold.outcome is Outcome.RESOLVED, (task.id, gold.detail)
            empty = grade_empty(suite, task, backend=box, cache=None)
            assert empty.outcome is Outcome.UNRESOLVED, (task.id, empty.detail)
        return suite

    return certify


def data(name: str) -> Path:
    """A file of published rows, or a reason to skip."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path
