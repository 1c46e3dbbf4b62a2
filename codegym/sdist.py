"""Source distributions: downloaded by pip with the user's configuration, and read without running their code.

Before pip saves an sdist it asks the sdist's build backend for metadata: it installs the backend and runs code of
the package. To avoid this, pip gets stand-ins for the common backends, which return the metadata that the archive
already contains. For a package with another backend, pip builds the metadata as usual; by then it has checked the
archive's hash against the pinned one.
"""

from __future__ import annotations

import os
import posixpath
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from codegym.digest import digest_bytes
from codegym.errors import TaskError
from codegym.sandbox.host.lease import draft_folder
from codegym.sandbox.protocol import File
from codegym.task import SdistSource

_BACKENDS = (
    "flit_core.buildapi",
    "hatchling.build",
    "pdm.backend",
    "poetry.core.masonry.api",
    "setuptools.build_meta",
    "uv_build",
)
_STAND_IN = '''\
"""Repeats the metadata that a source distribution holds."""
import email
import pathlib
import sys

__legacy__ = sys.modules[__name__]


def prepare_metadata_for_build_wheel(directory, config_settings=None):
    raw = pathlib.Path("PKG-INFO").read_bytes()
    fields = email.message_from_bytes(raw)
    folder = pathlib.Path(directory, f"{fields['Name'].replace('-', '_')}-{fields['Version']}.dist-info")
    folder.mkdir()
    folder.joinpath("METADATA").write_bytes(raw)
    return folder.name


def build_wheel(*args, **kwargs):
    raise NotImplementedError
'''
_LARGEST_TREE = 512 * 2**20
_SECONDS = 600


def download(source: SdistSource, folder: Path) -> Path:
    """Download an sdist into ``folder`` with pip and return the archive's path.

    Raises :class:`~codegym.errors.TaskError` with pip's message if the download fails, or if the archive's SHA-256
    is not the pinned one.
    """
    message = ""
    for isolated in (False, True):
        result = _pip(source, folder, isolated=isolated)
        archives = [path for path in folder.iterdir() if path.name.endswith((".tar.gz", ".tgz", ".zip"))]
        if result.returncode == 0 and len(archives) == 1:
            return _verify(archives[0], source)
        message = (result.stderr or result.stdout).strip()
    raise TaskError(f"pip could not download {source.name}=={source.version}: {message[-1500:]}")


def read_sdist(archive: Path) -> dict[str, File]:
    """Return the files of an sdist by path, without its top folder; nothing is unpacked or run.

    Raises :class:`~codegym.errors.TaskError` if the archive is not a tar file, is too large, or contains a device
    or a path or link that leads out of it.
    """
    try:
        with tarfile.open(archive) as tar:
            return dict(sorted(_members(tar)))
    except (tarfile.TarError, EOFError) as error:
        raise TaskError(f"{archive.name} is not a readable tar archive: {error}") from error


def _pip(source: SdistSource, folder: Path, *, isolated: bool) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--use-pep517", "--require-hashes"]
    argv += ["--no-binary", source.name, "--dest", str(folder)]
    with draft_folder() as scratch:
        pinned = scratch / "pinned.txt"
        pinned.write_text(f"{source.name}=={source.version} --hash=sha256:{source.sha256}\n")
        environment = dict(os.environ)
        if not isolated:
            argv.append("--no-build-isolation")
            environment["PYTHONPATH"] = str(_stand_ins(scratch / "backends"))
        argv += ["--requirement", str(pinned)]
        try:
            return subprocess.run(
                argv, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise TaskError(
                f"pip took over {_SECONDS} s to download {source.name}=={source.version}: try again"
            ) from error


def _stand_ins(folder: Path) -> Path:
    for name in _BACKENDS:
        parent = folder
        for part in name.split("."):
            parent.mkdir(parents=True, exist_ok=True)
            (parent / "__init__.py").touch()
            parent /= part
        parent.with_suffix(".py").write_text(_STAND_IN)
    return folder


def _verify(archive: Path, source: SdistSource) -> Path:
    actual = digest_bytes(archive.read_bytes())
    if actual != source.sha256:
        raise TaskError(f"{archive.name} has SHA-256 {actual}, but {source.sha256} is pinned")
    return archive


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, File]]:
    total = 0
    for member in tar:
        path = _inner(member.name)
        if member.isdir() or path is None:
            continue
        total += member.size
        if total > _LARGEST_TREE:
            raise TaskError(f"the archive contains more than {_LARGEST_TREE >> 20} MB")
        yield path, _file(tar, member, path)


def _inner(name: str) -> str | None:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts:
        raise TaskError(f"the archive contains a path that leads out of it: {name!r}")
    return "/".join(parts[1:]) or None


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> File:
    if member.issym():
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), member.linkname))
        if member.linkname.startswith("/") or target.split("/")[0] == "..":
            raise TaskError(f"the archive contains a link that leads out of it: {path!r} -> {member.linkname!r}")
        return File(b"", link=member.linkname)
    content = tar.extractfile(member) if member.isreg() or member.islnk() else None
    if content is None:
        raise TaskError(f"the archive contains something that is not a file: {path!r}")
    return File(content.read(), executable=bool(member.mode & 0o100))
