"""Boxes of every backend, for the one suite that tests them against :mod:`codegym.sandbox.protocol`."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codegym.sandbox.backend import backend as backend_named
from codegym.sandbox.bwrap.backend import BwrapBackend
from codegym.sandbox.protocol import Backend, File, Sandbox, Tree
from codegym.task import Limits
from codegym.tree import store_tree, tree_digest

SEALED = [pytest.param("bwrap"), pytest.param("docker", marks=pytest.mark.docker)]
ON_DISK = "bwrap-on-disk"
"""Embedded boxes as on old kernels. Only modules whose behaviour the stage changes ask for them."""

FILES = {
    "calc.py": File(b"def add(a, b):\n    return a - b\n"),
    "run.sh": File(b"#!/bin/sh\necho ran\n", executable=True),
    "pkg/__init__.py": File(b""),
    "pkg/deep/data.txt": File(b"deep\n"),
    "pkg/other.txt": File(b"other\n"),
    "link": File(b"", link="calc.py"),
    "linkdir": File(b"", link="pkg"),
}

Opener = Callable[..., Sandbox]
Alive = Callable[[Sandbox, str], bool]


def _usable(kind: str) -> Backend:
    backend = BwrapBackend(stage="disk") if kind == ON_DISK else backend_named(kind)
    run = next(c for c in backend.capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"{kind}: {run.why}")
    return backend


@pytest.fixture(scope="session", params=["fake", *SEALED])
def backend(request: pytest.FixtureRequest) -> Backend:
    return _usable(request.param)


@pytest.fixture(scope="session", params=SEALED)
def sealed(request: pytest.FixtureRequest) -> Backend:
    return _usable(request.param)


@pytest.fixture(scope="session")
def base_files() -> dict[str, File]:
    """The files of the base tree."""
    return FILES


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A base tree of two layers: the lower one holds a wrong ``calc.py`` that the upper one hides."""
    store = tmp_path_factory.mktemp("trees")
    below = store_tree(FILES | {"calc.py": File(b"hidden below\n")}, store)
    above = store_tree({"calc.py": FILES["calc.py"]}, store)
    return Tree((above, below), tree_digest(dict(sorted(FILES.items()))))


def opener(backend: Backend, tree: Tree) -> Iterator[Opener]:
    opened: list[Sandbox] = []
    lock = threading.Lock()

    def open_box(**limits: float) -> Sandbox:
        box = backend.open(tree, "python", Limits.model_validate(limits))
        with lock:
            opened.append(box)
        return box

    yield open_box
    for box in opened:
        box.close()


@pytest.fixture
def open_box(backend: Backend, tree: Tree) -> Iterator[Opener]:
    yield from opener(backend, tree)


@pytest.fixture
def box(open_box: Opener) -> Sandbox:
    """A fresh box."""
    return open_box()


@pytest.fixture(scope="module")
def shared(backend: Backend, tree: Tree) -> Iterator[Sandbox]:
    """One box for tests that leave nothing behind."""
    with backend.open(tree, "python", Limits(output_kb=4)) as box:
        yield box


@pytest.fixture
def open_sealed(sealed: Backend, tree: Tree) -> Iterator[Opener]:
    yield from opener(sealed, tree)


@pytest.fixture(scope="module")
def sealed_box(sealed: Backend, tree: Tree) -> Iterator[Sandbox]:
    """One box, of a backend that isolates, for tests that leave nothing behind."""
    with sealed.open(tree, "python", Limits()) as box:
        yield box


@pytest.fixture(scope="module")
def tight(sealed: Backend, tree: Tree) -> Iterator[Sandbox]:
    """One box with narrow limits: whatever exceeds one of them must leave it usable for the next test."""
    limits = Limits(memory_mb=128, processes=24, disk_mb=16, command_seconds=0.3)
    with sealed.open(tree, "python", limits) as box:
        yield box


@pytest.fixture
def alive() -> Alive:
    """Return whether a process whose command line contains a marker runs in the box."""

    def check(box: Sandbox, marker: str) -> bool:
        listing = "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null; echo; done"
        return box.exec(f"{listing} | grep -q '[s]leep {marker}'").exit_code == 0

    return check


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the host that no box may see."""
    path = tmp_path / "secret.txt"
    path.write_text("host secret")
    tmp_path.chmod(0o755)
    path.chmod(0o666)
    return path
