"""Collects the files that a Dockerfile copies, without those that an agent must not see.

Files that ``.dockerignore`` excludes are not copied. Neither are a task's solution, its tests and its grading,
which are in the context if that is the task's own folder.
"""

from __future__ import annotations

import io
import posixpath
import re
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from codegym.importer.folder.docker_pattern import Exclusions, is_pattern, matches, read_exclusions
from codegym.importer.folder.docker_stage import Copy, Dockerfile, read_dockerfile
from codegym.sandbox.protocol import File
from codegym.tree import Files, read_tree

__all__ = ["Dockerfile", "copied_files", "read_dockerfile"]

_SECRET = re.compile(r"solution(\.(sh|ya?ml))?(/.*)?|oracle/.*|run-tests\.sh|task\.(toml|ya?ml)")
_TASK_FILES = ("task.yaml", "task.toml")
_LARGEST = 512 * 1024 * 1024
"""Bytes that an archive may contain."""
_MOST = 200_000
"""Files that a Dockerfile may make."""
_LINKS = 40
"""Links that are followed from one path."""


def copied_files(
    dockerfile: Dockerfile, context: Path, secret: Collection[bytes] = ()
) -> tuple[dict[str, File], list[str]]:
    """Return the files that are copied into the working folder, and a list of what is missing there.

    The list has the paths of files that are copied elsewhere, and the instructions whose sources do not exist.
    Files whose content is in ``secret`` are left out, whatever their line ends are. Raises :class:`ValueError` if
    a file can't be where it is copied to.
    """
    image = _Image(read_context(context))
    image.build(dockerfile)
    files: dict[str, File] = {}
    for path, file in image.files.items():
        inside = posixpath.relpath(path, dockerfile.root)
        if file.content.replace(b"\r\n", b"\n") in secret:
            continue
        if inside in (".", "..") or inside.startswith("../"):
            image.missing.append(path)
        else:
            files[inside] = file
    return dict(sorted(files.items())), sorted(image.missing)


def read_context(context: Path) -> dict[str, File]:
    """Return the files of a build's context that may be copied."""
    excluded = _exclusions(context)
    grades = "tests/" if any((context / name).exists() for name in _TASK_FILES) else None
    return {
        path: file
        for path, file in read_tree(context).items()
        if path not in excluded
        and path != "Dockerfile"
        and _SECRET.fullmatch(path) is None
        and not (grades and path.startswith(grades))
    }


def _exclusions(context: Path) -> Exclusions:
    for name in ("Dockerfile.dockerignore", ".dockerignore"):
        if (context / name).is_file() and not (context / name).is_symlink():
            return read_exclusions((context / name).read_text().removeprefix("\ufeff").splitlines())
    return Exclusions()


@dataclass
class _Image:
    """The files of an image that copies make, by absolute path; ``folders`` exist even if they are empty."""

    context: Files
    files: dict[str, File] = field(default_factory=dict)
    folders: set[str] = field(default_factory=lambda: {"/"})
    missing: list[str] = field(default_factory=list)
    stages: dict[int, Files] = field(default_factory=dict)

    def build(self, dockerfile: Dockerfile) -> None:
        """Do a stage's steps. Its working folders exist from the start, since the base image may have them."""
        for folder in (dockerfile.root, *(step for step in dockerfile.steps if isinstance(step, str))):
            self._make_folder(folder)
        for step in dockerfile.steps:
            if isinstance(step, Copy):
                self._copy(step)

    def _copy(self, step: Copy) -> None:
        origin = self._stage(step.stage) if step.stage is not None else self.context
        matches_of = {source: _matching(origin, source) for source in step.sources}
        names = [(name, _pivot(source)) for source in step.sources for name in matches_of[source]]
        folder = step.target.endswith("/") or len(names) + len(step.documents) > 1 or step.target in self.folders
        if not all(matches_of.values()):
            self.missing.append(step.text)
        for document in step.documents:
            self._put(_below(step.target, document.name, folder=folder), File(document.text.encode()), step)
        for name, pivot in names:
            prefix = "/".join(name.split("/")[pivot:]) if step.parents else ""
            for path, file in _files_at(origin, name, step, prefix, folder=folder):
                self._put(path, file, step)

    def _stage(self, stage: Dockerfile) -> Files:
        if id(stage) not in self.stages:
            other = _Image(self.context, stages=self.stages)
            other.build(stage)
            self.stages[id(stage)] = {path.lstrip("/"): file for path, file in other.files.items()}
        return self.stages[id(stage)]

    def _put(self, path: str, file: File, step: Copy) -> None:
        if re.fullmatch("[0-7]+", step.mode):
            file = replace(file, executable=bool(int(step.mode, 8) & 0o100))
        if path in self.folders:
            raise ValueError(f"{step.text}: {path} is a folder")
        if len(self.files) >= _MOST:
            raise ValueError(f"{step.text}: it makes more than {_MOST} files")
        self._make_folder(posixpath.dirname(path))
        self.files[path] = file

    def _make_folder(self, path: str) -> None:
        above = path
        while above not in self.folders:
            if above in self.files:
                raise ValueError(f"{path} can't be made: {above} is no folder")
            self.folders.add(above)
            above = posixpath.dirname(above)


def _files_at(origin: Files, name: str, step: Copy, prefix: str, *, folder: bool) -> Iterator[tuple[str, File]]:
    """Yield the files that copying ``name`` makes, each with its path: a folder gives the files in it.

    ``prefix`` is the part of ``name`` that is repeated below the target (``--parents``); it may be empty.
    """
    place, excluded = _followed(origin, name), read_exclusions(step.exclude)
    if place in origin:
        last = posixpath.basename(name)
        if name in excluded or last in excluded:
            return
        inner = _unpacked(origin[place].content) if step.unpacks else None
        if inner is None:
            yield _below(step.target, prefix or last, folder=folder or bool(prefix)), origin[place]
        else:
            yield from ((_below(step.target, path), file) for path, file in inner.items())
    for path, file in origin.items():
        inside = path.removeprefix(f"{place}/") if place else path
        if (not place or inside != path) and inside not in excluded:
            yield _below(step.target, posixpath.join(prefix, inside)), file


def _below(target: str, name: str, *, folder: bool = True) -> str:
    return posixpath.normpath(posixpath.join("/", target, name) if folder else target)


def _pivot(source: str) -> int:
    """Return the number of folders before the dot of ``a/./b``, which ``--parents`` drops."""
    before, dot, _ = source.partition("/./")
    return len(posixpath.normpath(f"/{before}").strip("/").split("/")) if dot else 0


def _matching(origin: Files, source: str) -> list[str]:
    """Return the files and folders of ``origin`` that ``source`` names or, if it is a pattern, matches."""
    name = posixpath.normpath(f"/{source}").lstrip("/")
    if not is_pattern(source):
        place = _followed(origin, name)
        exists = not name or place in origin or any(path.startswith(f"{place}/") for path in origin)
        return [name] if exists else []
    parts = [path.split("/") for path in origin]
    places = {"/".join(names[:count]) for names in parts for count in range(1, len(names) + 1)}
    return sorted(place for place in places if matches(name, place))


def _followed(origin: Files, name: str) -> str:
    """Return the path that ``name`` leads to, following links; none of them leads out of ``origin``."""
    for _ in range(_LINKS):
        parts = name.split("/")
        links = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        link = next((path for path in links if path in origin and origin[path].link is not None), None)
        if link is None:
            return name
        target = posixpath.join("/", posixpath.dirname(link), str(origin[link].link), name[len(link) + 1 :])
        name = posixpath.normpath(target).lstrip("/")
    return name


def _unpacked(content: bytes) -> dict[str, File] | None:
    """Return the files of an archive that ``ADD`` unpacks; ``None`` if ``content`` is no archive."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            return dict(_members(archive))
    except (tarfile.TarError, EOFError, OSError):
        return None


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, File]]:
    left = _LARGEST
    for member in archive:
        left -= member.size
        if left < 0:
            raise ValueError(f"an archive would be unpacked to more than {_LARGEST} bytes")
        path = posixpath.normpath(f"/{member.name}").lstrip("/")
        if member.issym():
            yield path, File(b"", link=member.linkname)
        elif (stream := archive.extractfile(member)) is not None:
            yield path, File(stream.read(), executable=bool(member.mode & 0o100))
