"""An image with JavaScript's test runners, for tests. They are skipped where no registry answers."""

from __future__ import annotations

import json
from functools import lru_cache

import pytest

from codegym.errors import CodegymError
from codegym.foundry.repository.javascript.modules import NpmPackages, image_with_modules, npm_packages
from codegym.sandbox.image.image import host_image
from codegym.sandbox.protocol import File

VERSIONS = {
    "jest": "29.7.0",
    "vitest": "2.1.9",
    "mocha": "10.8.2",
    "chai": "4.5.0",
    "ava": "6.4.1",
    "tape": "5.9.0",
    "uvu": "0.5.6",
}


def package_text(*names: str, script: str = "") -> str:
    """Return a ``package.json`` of a package that needs ``names`` for its tests."""
    needs = {name: VERSIONS[name] for name in names}
    return json.dumps({"name": "words", "version": "1.0.0", "scripts": {"test": script}, "devDependencies": needs})


def npm_image() -> str:
    """Return an image with all runners, in the user's folder of images. It is made once per folder.

    The test is skipped if they can't be installed.
    """
    packages = _packages()
    if isinstance(packages, str):
        pytest.skip(f"npm: {packages}")
    image = image_with_modules("node", packages)
    try:
        host_image(image)
    except CodegymError as error:
        pytest.skip(f"npm: {error}")
    return image


@lru_cache(maxsize=1)
def _packages() -> NpmPackages | str:
    """Return the packages, or why they can't be resolved."""
    try:
        return npm_packages({"package.json": File(package_text(*VERSIONS).encode())})
    except CodegymError as error:
        return str(error)
