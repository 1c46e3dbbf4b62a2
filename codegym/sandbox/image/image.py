"""Images: the toolchain in a box, described once in ``sandboxes/<name>/`` for Docker and for the embedded box.

Images that ``codegym forge`` makes are in the user's folder of images, or in ``images/`` of the suite that needs
them.

``image.toml`` says what an image provides, ``Dockerfile`` builds it. Without Docker the same tools come from the
host's read-only ``/usr``, and packages of Python or JavaScript from a pinned installation in the cache, bound
read-only into the box. A command that the host does not have is refused by name.

No byte code is written in boxes (``PYTHONDONTWRITEBYTECODE=1``): Python considers a cached ``.pyc`` current if the
source's size and modification second agree, so after an edit of ``<`` to ``>`` within a second of a test run, the
next run would test the old code.
"""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from codegym.catalog import cache_dir, content, images_dir, private_places, suites_dir
from codegym.digest import digest_bytes, digest_json
from codegym.errors import ImageError, unknown
from codegym.sandbox.image.node import MODULES, node_binds
from codegym.sandbox.image.toolchain import warm
from codegym.task import Frozen

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"

BOX_ENV = {
    "PATH": _SYSTEM_PATH,
    "HOME": "/tmp/home",  # noqa: S108  a path in the box
    "USER": "agent",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
}
"""The whole environment of a command, before an image extends ``PATH`` and the caller adds variables."""


class ImageSpec(Frozen):
    """``image.toml``: what an image provides, and the commands that an embedded box takes from the host.

    ``requirements`` is the file with pinned Python packages. ``modules`` is true if the folder has npm's
    ``package.json`` and ``package-lock.json`` with pinned JavaScript packages.
    """

    description: str
    provides: tuple[str, ...]
    commands: tuple[str, ...] = ()
    requirements: str | None = None
    modules: bool = False


@dataclass(frozen=True)
class HostImage:
    """An image as this host provides it to an embedded box: read-only binds (from, to) and the ``PATH``."""

    name: str
    digest: str
    binds: tuple[tuple[Path, str], ...]
    path: str


def image_names() -> list[str]:
    """Return the names of all images."""
    return sorted(_folders())


def image_folder(name: str) -> Path:
    """Return the folder of image ``name``. Raises :class:`~codegym.errors.SandboxError` if there is none."""
    folder = content("sandboxes") / name
    if "/" not in name and (folder / "image.toml").is_file():
        return folder
    folders = _folders()
    if name not in folders:
        published = "/" in name or ":" in name
        hint = "; for an imported suite, `codegym import --image` chooses one of these" if published else ""
        raise ImageError(unknown("image", name, folders) + hint)
    return folders[name]


def _folders() -> dict[str, Path]:
    """Map the name of each image to its folder. Ours come before those of suites, and these before the user's."""
    own = suites_dir().glob("*/images/*/image.toml")
    places = (*images_dir().glob("*/image.toml"), *own, *content("sandboxes").glob("*/image.toml"))
    return {path.parent.name: path.parent for path in places}


def image_digest(name: str) -> str:
    """Return the digest of image ``name``, over the names and contents of the files in its folder."""
    root = image_folder(name)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return digest_json({path.relative_to(root).as_posix(): digest_bytes(path.read_bytes()) for path in files})


def load_image(name: str) -> ImageSpec:
    """Read ``image.toml`` of image ``name``. Raises :class:`~codegym.errors.SandboxError` if it is not valid."""
    path = image_folder(name) / "image.toml"
    try:
        return ImageSpec.model_validate(tomllib.loads(path.read_text()))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise ImageError(f"{path} is not a valid image description: {error}") from error


def host_image(name: str) -> HostImage:
    """Return what an embedded box binds for image ``name``. The first call installs its Python packages.

    Raises :class:`~codegym.errors.SandboxError`, naming what is missing, if this host can't provide the image.
    """
    return _host_image(name, image_folder(name), cache_dir())


@lru_cache(maxsize=16)
def _host_image(name: str, folder: Path, cache: Path) -> HostImage:
    from codegym.sandbox.image.python import python_binds  # noqa: PLC0415  it needs bubblewrap, this does not

    spec = load_image(name)
    binds: tuple[tuple[Path, str], ...] = ()
    path = _SYSTEM_PATH
    if spec.requirements is not None:
        binds += python_binds(folder / spec.requirements, cache / "images" / name)
        path = "/opt/python/bin:" + path
    if spec.modules:
        binds += node_binds(folder, cache / "images" / name)
    for command in spec.commands:
        if tool := _folder(name, command):
            binds += ((tool, f"/opt/{command}"),)
            path = f"/opt/{command}/bin:{path}"
    path = f"{MODULES}/.bin:{path}" if spec.modules else path
    warm(name, spec.commands, [source for source, to in binds if to == "/opt/python"])
    return HostImage(name, image_digest(name), binds, path)


def _folder(image: str, command: str) -> Path | None:
    """Return the folder to bind for a command; ``None`` if it is in a system folder, which all boxes have."""
    program = shutil.which(command, path=_SYSTEM_PATH) or shutil.which(command)
    if program is None:
        raise ImageError(f"image {image!r} needs the command {command!r}, which this host does not have")
    path = Path(program).resolve()
    if path.is_relative_to("/usr") or path.parent in (Path("/bin"), Path("/sbin")):
        return None
    folder = path.parent.parent
    private = (Path.home(), *private_places())
    if path.parent.name != "bin" or any(place.is_relative_to(folder) for place in private):
        raise ImageError(
            f"image {image!r} needs {command!r}, which boxes would get with all of {folder}, and that contains "
            f"more than a tool: install {command!r} below /usr, or in a folder of its own"
        )
    return folder
