"""From a patch to changed files, strictly: what does not fit exactly is an error, not a guess."""

from __future__ import annotations

from collections.abc import Callable

from codegym.patch.binary import blob_name
from codegym.patch.paths import PatchError
from codegym.patch.read import Section, parse_patch
from codegym.patch.write import stored, text_of
from codegym.sandbox.protocol import Changes, File

Read = Callable[[str], File | None]
"""Gives a file of the tree that a patch is applied to, or ``None`` where there is none."""


def apply_patch(patch: str, read: Read) -> Changes:
    """Return what ``patch`` makes of the tree that ``read`` gives; nothing is written.

    Raises :class:`PatchError` naming the file and the patch's line if the patch can't be read, does not apply
    exactly, names a place outside the tree, or would write below a file or a symbolic link.
    """
    changes: Changes = {}

    def now(path: str) -> File | None:
        return changes[path] if path in changes else read(path)

    for section in parse_patch(patch):
        try:
            _apply(section, now, changes)
        except PatchError as error:
            raise PatchError(f"{section.new_path}: patch line {section.line}: {error}") from None
    for path, file in changes.items():
        if file is not None:
            _check_parents(path, now)
    return {path: file for path, file in changes.items() if file != read(path)}


def _apply(section: Section, now: Read, changes: Changes) -> None:
    old = None if section.created else now(section.old_path)
    if old is None and not section.created:
        raise PatchError(f"there is no file {section.old_path!r} to change")
    moved = section.new_path != section.old_path
    if (section.created or moved) and now(section.new_path) is not None:
        raise PatchError("the file to be created exists")
    content = _content(section, stored(old))
    if section.deleted and content:
        raise PatchError("the file to be deleted holds more than the patch says")
    if section.renamed and moved:
        changes[section.old_path] = None
    changes[section.new_path] = None if section.deleted else _file(section, old, content)


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
        return section.binary
    if not section.hunks:
        return before
    text = text_of(before)
    if text is None:
        raise PatchError("a text patch does not apply to a binary file")
    return _patched(section, text).encode()


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


def _check_parents(path: str, now: Read) -> None:
    parts = path.split("/")
    for depth in range(1, len(parts)):
        parent = "/".join(parts[:depth])
        if now(parent) is not None:
            raise PatchError(f"{path}: {parent!r} is a file or a symbolic link, not a folder")
