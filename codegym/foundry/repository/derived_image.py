"""Makes an image from another one by replacing some of its files: one that pins more packages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from codegym.atomic import publish_folder
from codegym.catalog import images_dir
from codegym.digest import digest_json
from codegym.sandbox.host.lease import draft_folder
from codegym.sandbox.image.image import image_digest, image_folder, load_image


def derived_image(base: str, files: Mapping[str, str], pins: Sequence[str], *, key: Any) -> str:
    """Return the name of an image like ``base`` with ``files`` added or replaced. ``pins`` describe it.

    It is made in the user's folder of images, unless one with the same ``key`` is there already.
    """
    name = f"{base}-{digest_json([image_digest(base), key])[:8]}"
    folder, spec = images_dir() / name, load_image(base)
    if not folder.is_dir():
        images_dir().mkdir(parents=True, exist_ok=True)
        with draft_folder(images_dir()) as scratch:
            partial = scratch / name
            shutil.copytree(image_folder(base), partial)
            for path, text in files.items():
                (partial / path).write_text(text)
            spec_file = partial / "image.toml"
            described = f"{spec.description}; with {', '.join(pins)}"
            spec_file.write_text(
                spec_file.read_text().replace(json.dumps(spec.description), json.dumps(described))
            )
            publish_folder(partial, folder)
    return name
