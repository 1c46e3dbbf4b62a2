"""Which packages are never read: those that a user names, and those that suites measure with.

A package is named as it is installed (``python-dateutil``) or as it is imported (``dateutil``).
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from importlib.metadata import packages_distributions
from itertools import pairwise

from codegym.errors import ConfigError, unknown
from codegym.foundry.recipe.lock import read_lock
from codegym.foundry.recipe.recipe import Package, load_recipe
from codegym.suite import suite_names, suite_root

_VENDORED = {"_vendor", "_vendored", "vendor", "vendored", "_third_party", "third_party", "thirdparty", "extern"}
"""Folders with copies of other packages."""


def excluded_packages(names: Iterable[str]) -> frozenset[str]:
    """Return the import names of the packages ``names``, and of those that must never be read.

    The latter are codegym, and the packages that a recipe suite has outside its train split. Raises
    :class:`ConfigError`, with the nearest match, for a name that is neither installed nor a suite's.
    """
    installed = _installed()
    suites = _suite_packages()
    excluded = {"codegym"}
    for split, package, modules in suites:
        if split != "train":
            excluded |= modules | installed[package]
    choices = {
        *installed,
        *sys.stdlib_module_names,
        *(module for modules in installed.values() for module in modules),
    }
    choices |= {package for _, package, _ in suites}.union(*(modules for _, _, modules in suites))
    for name in names:
        if not {name, _normal(name)} & choices:
            raise ConfigError(unknown("package in excluded", name, choices))
        excluded |= {name} | installed[_normal(name)]
        excluded |= {module for _, package, modules in suites if package == _normal(name) for module in modules}
    return frozenset(excluded)


def is_excluded(parts: Sequence[str], excluded: Collection[str]) -> bool:
    """Return whether a module, by the parts of its path, is of an excluded package, or of a copy of one."""
    names = [part.removesuffix(".py") for part in parts]
    copies = (name for folder, name in pairwise(names) if folder in _VENDORED)
    return any(name in excluded for name in (names[0], *copies))


def _installed() -> defaultdict[str, set[str]]:
    """Map the name of each installed distribution to its import names."""
    modules: defaultdict[str, set[str]] = defaultdict(set)
    for module, distributions in packages_distributions().items():
        for distribution in distributions:
            modules[_normal(distribution)].add(module)
    return modules


def _suite_packages() -> list[tuple[str, str, set[str]]]:
    """Return split, name and import names of each package of every recipe suite."""
    rows: list[tuple[str, str, set[str]]] = []
    for root in map(suite_root, suite_names()):
        if (root / "recipe.toml").is_file():
            rows += [(each.split, _normal(each.name), _modules(each)) for each in load_recipe(root).package]
        if (root / "lock.jsonl").is_file():
            packages = read_lock(root / "lock.jsonl").packages
            rows += [(each.split, _normal(each.package), {_identifier(each.package)}) for each in packages]
    return rows


def _modules(package: Package) -> set[str]:
    """Return the import names of a package by the paths of its sources."""
    start = "" if package.path == "." else f"{package.path}/"
    tops = (glob.removeprefix(start).partition("/")[0].removesuffix(".py") for glob in package.sources)
    return {top for top in tops if top.isidentifier()} | {_identifier(package.name)}


def _normal(name: str) -> str:
    """Return a distribution's name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _identifier(name: str) -> str:
    return _normal(name).replace("-", "_")
