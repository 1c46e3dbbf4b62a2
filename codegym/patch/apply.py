"""Applies a patch to files, strictly: a part that does not fit exactly is an error."""

from __future__ import annotations

from collections.abc import Callable

from codegym.patch.binary import apply_delta, blob_name
from codegym.patch.paths import PatchError
from codegym.patch.read import FilePatch, read_all
from codegym.patch.write import stored_bytes, text_of
from codegym.sandbox.protocol import Changes, File

Read = Callable[[str], File | None]
"""Returns a file of the tree to which a patch is applied, or ``None`` if there is none."""


def apply_patch(patch: str, read: Read) -> Changes:
    """Return the changes that ``patch`` makes to the tree behind ``read``; nothing is written.

    Raises :class:`PatchError` naming the file and the patch's line if the patch can't be read, does not apply
    exactly, names a path outside the tree, or would write below a file or a symbolic link.
    """
    sections = read_all(patch)
    result = _Result(read, sections)
    for section in sections:
        try:
            result.add(section)
        except PatchError as error:
            raise PatchError(f"{section.new_path}: patch line {section.line}: {error}") from None
    result.check_parents()
    return {path: file for path, file in result.changes().items() if file != read(path)}


class _Result:
    """The changes to a tree, collected file by file in git's order: files are deleted before any is written.

    The source of a rename or a copy is the file as it was before the patch.
    """

    def __init__(self, read: Read, sections: list[FilePatch]) -> None:
        self._read = read
        self._leaving = {section.old_path for section in sections if section.deleted or section.renamed}
        self._deleted: set[str] = set()
        self._written: dict[str, File] = {}

    def add(self, section: FilePatch) -> None:
        """Add the next file's changes; ignore a submodule. Raises :class:`PatchError` if they do not apply."""
        if section.submodule:
            if section.created and self._exists(section.new_path):
                raise PatchError("file mode 160000: there is a file in the place of the submodule")
            return
        old = None if section.created else (self._read if section.moved else self._current)(section.old_path)
        if old is None and not section.created:
            raise PatchError(f"there is no file {section.old_path!r} to change")
        moved = section.new_path != section.old_path
        if (section.created or moved) and self._exists(section.new_path):
            raise PatchError("the file to be created exists")
        content = _content(section, stored_bytes(old))
        if section.deleted and content:
            raise PatchError("the file to be deleted has content that the patch does not remove")
        if section.deleted:
            self._written.pop(section.old_path, None)
        if section.deleted or (section.renamed and moved):
            self._deleted.add(section.old_path)
        if not section.deleted:
            self._written[section.new_path] = _file(section, old, content)

    def changes(self) -> Changes:
        """Return every path that the patch touches, with its new file, or ``None`` if it is deleted."""
        return dict.fromkeys(sorted(self._deleted)) | self._written

    def check_parents(self) -> None:
        """Raise :class:`PatchError` if a file was written below a file or a link."""
        folders: set[str] = set()
        for path in self._written:
            parent = path.rpartition("/")[0]
            while parent and parent not in folders:
                if self._current(parent) is not None:
                    raise PatchError(f"{path}: {parent!r} is a file or a symbolic link, not a folder")
                folders.add(parent)
                parent = parent.rpartition("/")[0]

    def _current(self, path: str) -> File | None:
        return self._written.get(path) or (None if path in self._deleted else self._read(path))

    def _exists(self, path: str) -> bool:
        return path in self._written or (path not in self._leaving and self._read(path) is not None)


def _file(section: FilePatch, old: File | None, content: bytes) -> File:
    link = old is not None and old.link is not None
    if section.mode is not None:
        if old is not None and link != (section.mode == "120000"):
            raise PatchError("a file can't become a link, or a link a file, by a change of mode")
        link = section.mode == "120000"
    if link:
        return File(b"", link=_target(content))
    executable = section.mode == "100755" if section.mode else old is not None and old.executable
    return File(content, executable=executable)


def _target(content: bytes) -> str:
    if not content or b"\0" in content:
        raise PatchError("a symbolic link needs a target")
    return content.decode(errors="surrogateescape")


def _content(section: FilePatch, before: bytes) -> bytes:
    if section.binary is not None:
        same = section.old_blob is not None and blob_name(before).startswith(section.old_blob)
        if not (same or section.created):
            raise PatchError("the binary file is not the one that the patch was made from")
        return apply_delta(section.binary, before) if section.delta else section.binary
    if not section.hunks:
        return before
    text = text_of(before)
    if text is None:
        raise PatchError("a text patch does not apply to a binary file")
    try:
        return _patch_text(section, text).encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise PatchError("a line contains half a character, which no file can contain") from None


def _patch_text(section: FilePatch, text: str) -> str:
    lines = text.split("\n")
    lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    result: list[str] = []
    position = 0
    for hunk in section.hunks:
        if hunk.start < position or lines[hunk.start : hunk.start + len(hunk.old)] != hunk.old:
            raise PatchError(
                f"the hunk at patch line {hunk.line} does not match line {hunk.start + 1} of the file"
            )
        result += lines[position : hunk.start] + hunk.new
        position = hunk.start + len(hunk.old)
    result += lines[position:]
    if position > len(lines) or any(not line.endswith("\n") for line in result[:-1]):
        raise PatchError("a line in the middle of the file would have no end")
    return "".join(result)
