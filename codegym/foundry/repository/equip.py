"""The image of a forged suite: its language's image and, pinned on top of it, the packages that the project needs.

Boxes have no network, so the user's pip or npm resolves the requirements once, when the suite is forged. The
pinned packages become an image of its own, which belongs to the suite.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codegym.errors import TaskError
from codegym.foundry.repository.declared import Needs, build_requirements, needs, plain_name
from codegym.foundry.repository.derived_image import derived_image
from codegym.foundry.repository.extension import has_extensions, other_builder, with_extensions
from codegym.foundry.repository.javascript.modules import image_with_modules, npm_packages
from codegym.foundry.repository.project import Project
from codegym.sandbox.host.lease import draft_folder
from codegym.sandbox.image.image import image_folder, load_image
from codegym.sandbox.image.python import pip_python
from codegym.sandbox.protocol import Backend, Tree
from codegym.task import Limits
from codegym.tree import store_tree

_SECONDS = 300.0
"""Seconds that pip may take to resolve the requirements."""
_NOT_FOR_TESTS = re.compile(
    r"tox|nox|mypy|pyright|flake8.*|ruff|black|isort|pylint|pre-commit|codecov|coveralls|sphinx.*|furo|mkdocs.*"
    r"|build|twine|wheel|hatch|invoke|bumpversion|commitizen|types-.*"
    r"|pytest-(cov|xdist|randomly|random-order|mypy.*|mpl|flake8|black|ruff|pylint|benchmark|codspeed|sugar)"
)
"""Linters, builders of documentation, and plugins that change how tests are run: none of it is installed."""
_UNKNOWN = re.compile(r"(?:satisfies the requirement|matching distribution found for) ([A-Za-z0-9._-]+)")
_CONFLICT = re.compile(r"Cannot install (.+) because these package versions have conflicting dependencies")
_LINE = re.compile(r"\(line (\d{1,6})\)")
"""pip names a requirement that conflicts by its line in the listing."""
_PLUGINS = """
from importlib.metadata import distributions
for package in distributions():
    for point in package.entry_points:
        if point.group == "pytest11":
            print(package.metadata["Name"], point.value)
"""


@dataclass(frozen=True)
class Equipment:
    """A project with the image that it needs.

    ``pins`` are the packages added to the image, ``missing`` the requirements that could not be installed.
    """

    project: Project
    pins: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def equipped(project: Project, backend: Backend, more: Sequence[str] = (), *, declared: bool = True) -> Equipment:
    """Return ``project`` with an image that has the packages ``more`` and, if ``declared``, its requirements.

    The pytest plugins among these packages are switched on. Raises :class:`~codegym.errors.TaskError` if ``more``
    can't be installed or the image is not for Python, :class:`~codegym.errors.SandboxError` if the image can't be
    made.
    """
    if project.language == "javascript":
        return _with_modules(project, more) if declared or more else Equipment(project)
    if not load_image(project.image).requirements:
        if more:
            raise TaskError(f"image {project.image!r} takes no packages: leave out --with {' --with '.join(more)}")
        return Equipment(project)
    if not declared:
        return _with_packages(project, backend, more, Needs((), ()))
    equipment = _with_packages(project, backend, more, needs(project.files))
    return _with_extensions(equipment, backend)


def _with_packages(project: Project, backend: Backend, more: Sequence[str], needed: Needs) -> Equipment:
    """Return a Python project with an image that has the packages ``more`` and ``needed``."""
    pins, missing = pinned(project.image, Needs((*more, *needed.runtime), needed.tests))
    if unavailable := [need for need in missing if need in more]:
        raise TaskError(f"pip finds no version of {', '.join(unavailable)} that fits (see pip install --dry-run)")
    if not pins:
        return Equipment(project, (), missing)
    image = image_with(project.image, pins)
    plan = project.plan
    command = " ".join([plan.command, *(f"-p {module}" for module in _plugins(backend, image, pins))]).strip()
    plan = plan.model_copy(update={"command": command})
    return Equipment(replace(project, image=image, plan=plan), pins, missing)


def _with_extensions(equipment: Equipment, backend: Backend) -> Equipment:
    """Return a Python project with its extension modules, or with the reason why they are missing."""
    project = equipment.project
    if builder := other_builder(project.files):
        return replace(equipment, missing=(*equipment.missing, f"its extension modules, which {builder} builds"))
    if not has_extensions(project.files):
        return equipment
    pins, unknown = pinned(project.image, Needs(("setuptools", *build_requirements(project.files)), ()))
    if unknown:
        why = f"{', '.join(unknown)} can't be installed"
    else:
        image = image_with(project.image, pins) if pins else project.image
        project, why = with_extensions(project, backend, image)
    missing = (f"its extension modules ({why})",) if why else ()
    return replace(equipment, project=project, missing=(*equipment.missing, *missing))


def _with_modules(project: Project, more: Sequence[str]) -> Equipment:
    """Return a JavaScript project with an image that has its npm packages."""
    packages = npm_packages(project.files, more)
    image = image_with_modules(project.image, packages) if packages.pins else project.image
    return Equipment(replace(project, image=image), packages.pins, packages.missing)


def pinned(image: str, needed: Needs) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return pins for the requirements that ``image`` does not meet, and the requirements that can't be installed.

    If pip can't install all of them together, those that it does not find or that conflict are dropped, then those
    of the tests.
    """
    base = image_folder(image) / str(load_image(image).requirements)
    included = {plain_name(line) for line in base.read_text().splitlines()}
    unmet = [need for need in (*needed.runtime, *needed.tests) if plain_name(need) not in included]
    needs = [need for need in unmet if not _NOT_FOR_TESTS.fullmatch(plain_name(need))]
    missing: list[str] = []
    while needs:
        pins, complaint = _resolved(needs, base)
        if pins is not None:
            return tuple(pin for pin in pins if plain_name(pin) not in included), tuple(missing)
        unknown = {plain_name(name) for name in _UNKNOWN.findall(complaint)}
        conflicting = {int(line) for where in _CONFLICT.findall(complaint) for line in _LINE.findall(where)}
        dropped = [need for n, need in enumerate(needs, 1) if plain_name(need) in unknown or n in conflicting]
        dropped = dropped or [need for need in needs if need in needed.tests] or needs
        missing += dropped
        needs = [need for need in needs if need not in dropped]
    return (), tuple(missing)


def image_with(base: str, pins: Sequence[str]) -> str:
    """Return the name of an image like ``base`` with ``pins`` added. It is made in the user's folder of images."""
    requirements = str(load_image(base).requirements)
    text = (image_folder(base) / requirements).read_text() + "".join(f"{pin}\n" for pin in pins)
    return derived_image(base, {requirements: text}, pins, key=list(pins))


def _resolved(needs: Sequence[str], base: Path) -> tuple[list[str] | None, str]:
    """Return the pins that pip would install for ``needs`` and an empty text, or ``None`` and pip's errors."""
    options = ["install", "--dry-run", "--quiet", "--ignore-installed", "--retries", "1", "--only-binary", ":all:"]
    with draft_folder() as folder:
        listing, report = folder / "wanted.txt", folder / "report.json"
        listing.write_text("".join(f"{need}\n" for need in needs))
        argv = [pip_python(), "-m", "pip", *options, "--report", str(report), "--requirement", str(listing)]
        argv += ["--constraint", str(base)]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise TaskError(f"pip took over {_SECONDS:g} s to resolve {', '.join(needs)}: try again") from error
        if done.returncode:
            return None, done.stderr
        packages = [entry["metadata"] for entry in json.loads(report.read_text())["install"]]
    return sorted(f"{entry['name'].lower()}=={entry['version']}" for entry in packages), ""


def _plugins(backend: Backend, image: str, pins: Sequence[str]) -> list[str]:
    """Return the modules of the pytest plugins that ``pins`` install in ``image``."""
    pinned_names = {plain_name(pin) for pin in pins}
    nothing = store_tree({})
    with backend.open(Tree((nothing,), nothing.name), image, Limits()) as box:
        plugins = [line.partition(" ") for line in box.exec(["python3", "-c", _PLUGINS]).stdout.splitlines()]
    return sorted({module for name, _, module in plugins if plain_name(name) in pinned_names})
