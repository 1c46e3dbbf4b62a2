"""The toolchain of a forged suite: the Python image and, pinned on top of it, what the project declares to need.

Boxes have no network, so what is needed is found out once, when the suite is forged, by the user's pip; the pins
become an image of their own, which goes with the suite.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codegym.catalog import images_dir
from codegym.digest import digest_json
from codegym.errors import TaskError
from codegym.foundry.repository.declared import Needs, needs, plain_name
from codegym.foundry.repository.project import Project
from codegym.sandbox.image.image import image_digest, image_folder, load_image
from codegym.sandbox.image.python import pip_python
from codegym.sandbox.protocol import Backend, Tree
from codegym.task import Limits
from codegym.tree import store_tree

_SECONDS = 300.0
_NOT_FOR_TESTS = re.compile(
    r"tox|nox|mypy|pyright|flake8.*|ruff|black|isort|pylint|pre-commit|codecov|coveralls|sphinx.*|furo|mkdocs.*"
    r"|build|twine|wheel|hatch|invoke|bumpversion|commitizen|types-.*"
    r"|pytest-(cov|xdist|randomly|random-order|mypy.*|mpl|flake8|black|ruff|pylint|benchmark|codspeed|sugar)"
)
"""Linters, builders of documentation, and plugins that run tests otherwise than as they are."""
_UNKNOWN = re.compile(r"(?:satisfies the requirement|matching distribution found for) ([A-Za-z0-9._-]+)")
_PLUGINS = """
from importlib.metadata import distributions
for found in distributions():
    for point in found.entry_points:
        if point.group == "pytest11":
            print(found.metadata["Name"], point.value)
"""


@dataclass(frozen=True)
class Equipment:
    """A project with the image it needs; ``pins`` were added to it, ``missing`` could not be had."""

    project: Project
    pins: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def equipped(project: Project, backend: Backend, more: Sequence[str] = (), *, declared: bool = True) -> Equipment:
    """Return ``project`` with an image that holds ``more`` and what it declares (if ``declared``).

    The pytest plugins among that are switched on.
    Raises :class:`~codegym.errors.TaskError` if ``more`` can't be had or is not for Python,
    :class:`~codegym.errors.SandboxError` if the image can't be made.
    """
    if not load_image(project.image).requirements:
        if more:
            raise TaskError(f"image {project.image!r} takes no Python packages: leave {', '.join(more)} away")
        return Equipment(project)
    found = needs(project.files) if declared else Needs((), ())
    pins, missing = pinned(project.image, Needs((*more, *found.runtime), found.tests))
    if lacking := [need for need in missing if need in more]:
        raise TaskError(f"pip finds nothing that fits for {', '.join(lacking)} (see pip install --dry-run)")
    if not pins:
        return Equipment(project, (), missing)
    image = image_with(project.image, pins)
    plan = project.plan
    command = " ".join([plan.command, *(f"-p {module}" for module in _plugins(backend, image, pins))]).strip()
    plan = plan.model_copy(update={"command": command})
    return Equipment(replace(project, image=image, plan=plan), pins, missing)


def pinned(image: str, needed: Needs) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return pins for what is needed beside the packages of ``image``, and what can't be had.

    If not all can be had together, what pip does not find is dropped, then what only the tests need.
    """
    base = image_folder(image) / str(load_image(image).requirements)
    there = {plain_name(line) for line in base.read_text().splitlines()}
    lacking = [need for need in (*needed.runtime, *needed.tests) if plain_name(need) not in there]
    wanted = [need for need in lacking if not _NOT_FOR_TESTS.fullmatch(plain_name(need))]
    missing: list[str] = []
    while wanted:
        pins, said = _resolved(wanted, base)
        if pins is not None:
            return tuple(pin for pin in pins if plain_name(pin) not in there), tuple(missing)
        unknown = {plain_name(name) for name in _UNKNOWN.findall(said)}
        dropped = [need for need in wanted if plain_name(need) in unknown]
        dropped = dropped or [need for need in wanted if need in needed.tests] or wanted
        missing += dropped
        wanted = [need for need in wanted if need not in dropped]
    return (), tuple(missing)


def image_with(base: str, pins: Sequence[str]) -> str:
    """Return the name of an image like ``base`` with ``pins`` on top, in the user's folder of images."""
    name = f"{base}-{digest_json([image_digest(base), list(pins)])[:8]}"
    folder, spec = images_dir() / name, load_image(base)
    if not folder.is_dir():
        images_dir().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=images_dir()) as scratch:
            draft = Path(scratch) / name
            shutil.copytree(image_folder(base), draft)
            requirements = draft / str(spec.requirements)
            requirements.write_text(requirements.read_text() + "".join(f"{pin}\n" for pin in pins))
            about = draft / "image.toml"
            text = f"{spec.description}; with {', '.join(pins)}"
            about.write_text(about.read_text().replace(json.dumps(spec.description), json.dumps(text)))
            draft.rename(folder)
    return name


def _resolved(wanted: Sequence[str], base: Path) -> tuple[list[str] | None, str]:
    """Return what pip would install for ``wanted``, or ``None`` and what it said against that."""
    options = ["install", "--dry-run", "--quiet", "--ignore-installed", "--retries", "1", "--only-binary", ":all:"]
    with tempfile.TemporaryDirectory(prefix="codegym-needs-") as folder:
        asked, report = Path(folder) / "wanted.txt", Path(folder) / "report.json"
        asked.write_text("".join(f"{need}\n" for need in wanted))
        argv = [pip_python(), "-m", "pip", *options, "--report", str(report), "--requirement", str(asked)]
        argv += ["--constraint", str(base)]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise TaskError(f"pip took over {_SECONDS:g} s to find {', '.join(wanted)}: try again") from error
        if done.returncode:
            return None, done.stderr
        found = [entry["metadata"] for entry in json.loads(report.read_text())["install"]]
    return sorted(f"{entry['name'].lower()}=={entry['version']}" for entry in found), ""


def _plugins(backend: Backend, image: str, pins: Sequence[str]) -> list[str]:
    """Return the modules of the pytest plugins among ``pins``."""
    ours = {plain_name(pin) for pin in pins}
    nothing = store_tree({})
    with backend.open(Tree((nothing,), nothing.name), image, Limits()) as box:
        said = [line.partition(" ") for line in box.exec(["python3", "-c", _PLUGINS]).stdout.splitlines()]
    return sorted({module for name, _, module in said if plain_name(name) in ours})
