"""The npm packages that a JavaScript project and its tests need, pinned by a lock file.

npm resolves them once, when the suite is forged: from the project's own lock file if it has one, otherwise from
the versions that its ``package.json`` allows. No script of a package is run.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from codegym.atomic import write_whole
from codegym.catalog import cache_dir
from codegym.digest import digest_bytes, digest_json
from codegym.errors import ImageError, TaskError
from codegym.foundry.repository.derived_image import derived_image
from codegym.foundry.repository.javascript.package_json import npm_needs, package_json
from codegym.sandbox.host.lease import draft_folder, draft_prefix
from codegym.sandbox.image.image import image_folder
from codegym.sandbox.image.node import LOCK, MODULES, PACKAGE, run_npm
from codegym.sandbox.protocol import File
from codegym.tree import Files

_SECONDS = 900.0
"""Seconds that npm may take to resolve the packages."""
_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
_UNKNOWN = ("E404", "ETARGET", "No matching version")
_INSTALL = f"""\
COPY {PACKAGE} {LOCK} /
RUN cd / && npm ci --ignore-scripts --no-audit --no-fund && rm -rf /root/.npm
ENV PATH={MODULES}/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
"""


@dataclass(frozen=True)
class NpmPackages:
    """Packages as a ``package.json`` and its lock file, the ``pins`` (name@version) of those that were asked for,
    and the ``missing``.
    """

    package: str = ""
    lock: str = ""
    pins: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def npm_packages(files: Files, more: Sequence[str] = ()) -> NpmPackages:
    """Return the pinned packages that a project needs for its tests, and ``more`` (``name`` or ``name@version``).

    Packages that npm does not find are missing. Raises :class:`~codegym.errors.TaskError` if npm fails otherwise.
    """
    sections, missing = npm_needs(files)
    for need in more:
        name, _, version = need[1:].partition("@")
        sections.setdefault("devDependencies", {})[need[:1] + name] = version or "*"
    while any(sections.values()):
        declared = {"name": "needs", "version": "0.0.0", "private": True, **sections}
        declared |= {key: value for key, value in package_json(files).items() if key == "overrides"}
        package = json.dumps(declared, indent=1, sort_keys=True) + "\n"
        try:
            lock = _resolved(package, files)
        except ImageError as error:
            unknown = _unknown(str(error), sections)
            if not unknown:
                raise TaskError(f"npm can't resolve the packages that the tests need: {error}") from error
            missing += unknown
            names = {need.rpartition("@")[0] for need in unknown}
            sections = {key: _without(needed, names) for key, needed in sections.items()}
            continue
        return NpmPackages(package, lock, _pins(lock), missing)
    return NpmPackages(missing=missing)


def image_with_modules(base: str, packages: NpmPackages) -> str:
    """Return the name of an image like ``base`` with ``packages``. It is made in the user's folder of images."""
    folder = image_folder(base)
    spec, recipe = (folder / "image.toml").read_text(), (folder / "Dockerfile").read_text()
    head, workdir, tail = recipe.rpartition("WORKDIR")
    files = {
        PACKAGE: packages.package,
        LOCK: packages.lock,
        "image.toml": f"{spec.rstrip()}\nmodules = true\n",
        "Dockerfile": f"{head}{_INSTALL}{workdir}{tail}",
    }
    return derived_image(base, files, packages.pins, key=[packages.package, packages.lock])


def _without(needed: dict[str, str], names: set[str]) -> dict[str, str]:
    return {name: version for name, version in needed.items() if name not in names}


def _resolved(package: str, files: Files) -> str:
    """Return the lock file for ``package``, which starts from the project's own.

    It is kept in the cache, so that a forge that is started again has the same packages.
    """
    own = next((files[name] for name in _LOCKS if name in files), None)
    key = digest_json([package, digest_bytes(own.content) if own else ""])
    path = cache_dir() / "npm" / f"{key}.json"
    if path.is_file():
        return path.read_text()
    lock = _resolved_by_npm(package, own)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lock, prefix=draft_prefix())
    return lock


def _resolved_by_npm(package: str, own: File | None) -> str:
    with draft_folder() as folder:
        (folder / PACKAGE).write_text(package)
        if own is not None:
            (folder / LOCK).write_bytes(own.content)
        try:
            run_npm(folder, "install", "--package-lock-only", seconds=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise TaskError(f"npm took over {_SECONDS:g} s to resolve the packages: try again") from error
        return (folder / LOCK).read_text()


def _unknown(complaint: str, sections: dict[str, dict[str, str]]) -> tuple[str, ...]:
    """Return those needed packages (name@version) that npm says no registry has."""
    needed = {name: version for section in sections.values() for name, version in section.items()}
    if not any(code in complaint for code in _UNKNOWN):
        return ()
    return tuple(f"{name}@{version}" for name, version in needed.items() if f"{name}@{version}" in complaint)


def _pins(lock: str) -> tuple[str, ...]:
    """Return the packages (name@version) that a lock file has at the top and that are asked for by name."""
    packages = json.loads(lock).get("packages", {})
    root = packages.get("", {})
    sections = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
    requested = {name for section in sections for name in root.get(section, ())}
    versions = {name: packages.get(f"node_modules/{name}", {}).get("version") for name in sorted(requested)}
    return tuple(f"{name}@{version}" for name, version in versions.items() if version)
