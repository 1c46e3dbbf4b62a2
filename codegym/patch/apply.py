"""From a patch to changed files, strictly: what does not fit exactly is an error, not a guess."""

from __future__ import annotations

from collections.abc import Callable

from codegym.patch.binary import apply_delta, blob_name
from codegym.patch.paths import PatchError
from codegym.patch.read import Section, all_sections
from codegym.patch.write import stored, text_of
from codegym.sandbox.protocol import Changes, File

Read = Callable[[str], File | None]
"""Gives a file of the tree that a patch is applied to, or ``None`` where there is none."""


def apply_patch(patch: str, read: Read) -> Changes:
    """Return what ``patch`` makes of the tree that ``read`` gives; nothing is written.

    Raises :class:`PatchError` naming the file and the patch's line if the patch can't be read, does not apply
    exactly, names a place outside the tree, or would write below a file or a symbolic link.
    """
    sections = all_sections(patch)
    result = _Result(read, sections)
    for section in sections:
        try:
            result.add(section)
        except PatchError as error:
            raise PatchError(f"{section.new_path}: patch line {section.line}: {error}") from None
    result.check_parents()
    return {path: file for path, file in result.changes().items() if file != read(path)}


class _Result:
    """What sections make of a tree, as git sees it: all that goes away is gone before anything is written.

    A rename or a copy takes its file as it was before the patch.
    """

    def __init__(self, read: Read, sections: list[Section]) -> None:
        self._read = read
        self._leaving = {section.old_path for section in sections if section.deleted or section.renamed}
        self._gone: set[str] = set()
        self._written: dict[str, File] = {}

    def add(self, section: Section) -> None:
        """Take the next section, leaving out a submodule. Raises :class:`PatchError` if it does not apply."""
        if section.submodule:
            if section.created and self._stands(section.new_path):
                raise PatchError("file mode 160000: a file stands where the submodule should be")
            return
        old = None if section.created else (self._read if section.moved else self._now)(section.old_path)
        if old is None and not section.created:
            raise PatchError(f"there is no file {section.old_path!r} to change")
        moved = section.new_path != section.old_path
        if (section.created or moved) and self._stands(section.new_path):
            raise PatchError("the file to be created exists")
        content = _content(section, stored(old))
        if section.deleted and content:
            raise PatchError("the file to be deleted holds more than the patch says")
        if section.deleted:
            self._written.pop(section.old_path, None)
        if section.deleted or (section.renamed and moved):
            self._gone.add(section.old_path)
        if not section.deleted:
            self._written[section.new_path] = _file(section, old, content)

    def changes(self) -> Changes:
        """Return every path that the sections touched, with what it holds now."""
        return dict.fromkeys(sorted(self._gone)) | self._written

    def check_parents(self) -> None:
        """Raise :class:`PatchError` if a file was written below a file or a link."""
        folders: set[str] = set()
        for path in self._written:
            parent = path.rpartition("/")[0]
            while parent and parent not in folders:
                if self._now(parent) is not None:
                    raise PatchError(f"{path}: {parent!r} is a file or a symbolic link, not a folder")
                folders.add(parent)
                parent = parent.rpartition("/")[0]

    def _now(self, path: str) -> File | None:
        return self._written.get(path) or (None if path in self._gone else self._read(path))

    def _stands(self, path: str) -> bool:
        return path in self._written or (path not in self._leaving and self._read(path) is not None)


def _file(section: Section, old: File | None, content: bytes) -> File:
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


def _content(section: Section, before: bytes) -> bytes:
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
        return _patched(section, text).encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise PatchError("a line holds half a character, which no file can hold") from None


def _patched(section: Section, text: str) -> str:
    lines = text.split("\n")
    lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    result: list[str] = []
    done = 0
    for hunk in section.hunks:
        if hunk.start < done or lines[hunk.start : hunk.start + len(hunk.old)] != hunk.old:
            raise PatchError(
                f"the hunk at patch line {hunk.line} does not match line {hunk.start + 1} of the file"
            )
        result += lines[done : hunk.start] + hunk.new
        done = hunk.start + len(hunk.old)
    result += lines[done:]
    if done > len(lines) or any(not line.endswith("\n") for line in result[:-1]):
        raise PatchError("a line in the middle of the file would have no end")
    return "".join(result)
