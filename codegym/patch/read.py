"""Reads a patch into its parts, one per file. Reads everything that ``git diff`` writes, renames included.

A line that is not understood is an error with the line's number; it is never skipped, since a grader must not
guess. Bytes that are not UTF-8 are lone surrogates (``surrogateescape``). Submodules are ignored, as ``git apply``
does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from codegym.patch.binary import MOST_BYTES, unpack
from codegym.patch.paths import PatchError, check_path, unquote

_NUMBER = "([0-9]{1,9})"
_HUNK = re.compile(rf"@@ -{_NUMBER}(?:,{_NUMBER})? \+{_NUMBER}(?:,{_NUMBER})? @@")
_BINARY = re.compile(r"(literal|delta) ([0-9]{1,12})")
_INDEX = re.compile(r"index ([0-9a-f]{7,64})\.\.([0-9a-f]{7,64})(?: ([0-9]{6}))?")
_QUOTED_NAME = re.compile(r'"(?:[^"\\]|\\.)*"')
_SUBMODULE = "160000"
_MODES = {"100644", "100755", "120000", "100664", _SUBMODULE}
_MODE_HEADERS = {"new file mode": "created", "deleted file mode": "deleted", "old mode": "old", "new mode": "new"}
_NAME_HEADERS = {"rename from": "renamed", "copy from": "copied", "rename to": "", "copy to": ""}


@dataclass(frozen=True)
class Hunk:
    """A replacement of lines, line ends included: of ``old``, at index ``start`` of the old file, by ``new``."""

    start: int
    old: list[str]
    new: list[str]
    line: int


@dataclass
class FilePatch:
    """One file's part of a patch. ``mode`` is the new file's mode; ``binary`` a binary file's new content.

    If ``delta``, ``binary`` is not the content but a delta from the old content. If ``submodule``, this is not a
    file but a commit of another repository. ``line`` is where the part begins in the patch.
    """

    old_path: str
    new_path: str
    line: int
    created: bool = False
    deleted: bool = False
    moved: bool = False
    renamed: bool = False
    mode: str | None = None
    old_blob: str | None = None
    binary: bytes | None = None
    delta: bool = False
    submodule: bool = False
    hunks: list[Hunk] = field(default_factory=list)


def parse_patch(patch: str) -> list[FilePatch]:
    """Return the parts of ``patch``, except submodules. Raises :class:`PatchError` naming the line."""
    return [section for section in read_all(patch) if not section.submodule]


def read_all(patch: str) -> list[FilePatch]:
    """Return the parts of ``patch`` in order, with submodules. Raises :class:`PatchError` naming the line."""
    return _Reader(patch).sections()


def patch_paths(patch: str) -> tuple[str, ...]:
    """Return all paths in a patch, old and new names, sorted. Raises :class:`PatchError`."""
    return tuple(sorted({path for s in parse_patch(patch) for path in (s.old_path, s.new_path)}))


def changed_lines(patch: str) -> list[str]:
    """Return the lines that ``patch`` adds and removes, each after its sign, without headers."""
    changed: list[str] = []
    inside = False
    for line in patch.split("\n"):
        inside = (inside or line.startswith("@@ ")) and not line.startswith("diff --git ")
        if inside and line.startswith(("+", "-")):
            changed.append(line)
    return changed


class _Reader:
    """Reads a patch, line by line."""

    def __init__(self, patch: str) -> None:
        self.lines = patch.split("\n")
        if self.lines[-1] == "":
            self.lines.pop()
        self.at = 0
        self.room = MOST_BYTES

    def sections(self) -> list[FilePatch]:
        sections: list[FilePatch] = []
        while self.at < len(self.lines):
            if not self._peek():
                self.at += 1
                continue
            try:
                sections.append(self._section())
            except PatchError as error:
                raise PatchError(f"patch line {min(self.at + 1, len(self.lines))}: {error}") from None
        return sections

    def _peek(self) -> str:
        return self.lines[self.at] if self.at < len(self.lines) else ""

    def _next(self) -> str:
        line = self._peek()
        self.at += 1
        return line

    def _section(self) -> FilePatch:
        if not self._peek().startswith("diff --git "):
            raise PatchError(f"expected 'diff --git', found {self._peek()[:80]!r}")
        section = FilePatch("", "", self.at + 1)
        section.old_path, section.new_path = _git_names(self._next()[len("diff --git ") :])
        while self._header(section):
            self.at += 1
        check_path(section.old_path)
        check_path(section.new_path)
        if self._peek() == "GIT binary patch":
            self._binary(section)
        elif self._peek().startswith("--- "):
            self._text(section)
        if section.old_path != section.new_path and not section.moved:
            raise PatchError(f"two names, {section.old_path!r} and {section.new_path!r}, and no rename or copy")
        return section

    def _header(self, section: FilePatch) -> bool:
        line = self._peek()
        for header, kind in _MODE_HEADERS.items():
            if line.startswith(header + " "):
                _set_mode(section, kind, line[len(header) + 1 :])
                return True
        for header, kind in _NAME_HEADERS.items():
            if line.startswith(header + " "):
                _set_name(section, kind, unquote(line[len(header) + 1 :]))
                return True
        index = _INDEX.fullmatch(line)
        if index:
            section.old_blob = index[1]
            section.submodule = section.submodule or index[3] == _SUBMODULE
        return bool(index) or line.startswith(("similarity index ", "dissimilarity index "))

    def _text(self, section: FilePatch) -> None:
        old, new = self._next(), self._next()
        if not new.startswith("+++ "):
            raise PatchError("'---' without '+++'")
        wanted_old = "/dev/null" if section.created else f"a/{section.old_path}"
        wanted_new = "/dev/null" if section.deleted else f"b/{section.new_path}"
        if (_end_name(old), _end_name(new)) != (wanted_old, wanted_new):
            raise PatchError(f"{old!r} and {new!r} do not agree with the 'diff --git' line")
        while self._peek().startswith("@@ "):
            section.hunks.append(self._hunk())
        if not section.hunks:
            raise PatchError(f"no hunk follows the names of {section.new_path!r}")

    def _hunk(self) -> Hunk:
        line = self.at + 1
        match = _HUNK.match(self._next())
        if match is None:
            raise PatchError("malformed hunk header")
        start, old_count, new_count = int(match[1]), int(match[2] or 1), int(match[4] or 1)
        old: list[str] = []
        new: list[str] = []
        while len(old) < old_count or len(new) < new_count:
            self._hunk_line(old, new)
        if len(old) != old_count or len(new) != new_count:
            raise PatchError(f"the hunk at line {line} has more lines than its header says")
        return Hunk(start if old_count == 0 else start - 1, old, new, line)

    def _hunk_line(self, old: list[str], new: list[str]) -> None:
        if self.at >= len(self.lines):
            raise PatchError("the patch ends within a hunk")
        line = self._next() or " "
        mark, text = line[0], line[1:] + "\n"
        if mark not in " -+":
            raise PatchError(f"expected a line of a hunk, found {line[:80]!r}")
        if self._peek().startswith("\\ "):
            self.at += 1
            text = text[:-1]
        if mark != "+":
            old.append(text)
        if mark != "-":
            new.append(text)

    def _binary(self, section: FilePatch) -> None:
        self.at += 1
        kind, size, lines = self._block()
        self.room -= size
        if self.room < 0:
            raise PatchError(f"the patch's binary files have more than {MOST_BYTES} bytes")
        section.delta = kind == "delta"
        try:
            section.binary = unpack(size, lines)
        except PatchError as error:
            raise PatchError(f"only literals and whole deltas are understood: {error}") from None
        if _BINARY.fullmatch(self._peek()):
            self._block()

    def _block(self) -> tuple[str, int, list[str]]:
        """Return the kind of a binary block (literal or delta), its number of bytes, and its lines."""
        match = _BINARY.fullmatch(self._next())
        if match is None:
            raise PatchError("only literals and whole deltas are understood in a binary patch")
        lines: list[str] = []
        while self._peek():
            lines.append(self._next())
        self.at += 1
        return match[1], int(match[2]), lines


def _git_names(text: str) -> tuple[str, str]:
    half = (len(text) - 1) // 2
    names = text[:half], text[half + 1 :]
    if text[half : half + 1] != " " or unquote(names[0])[2:] != unquote(names[1])[2:]:
        names = _different_names(text)
    old, new = unquote(names[0]), unquote(names[1])
    if not (old.startswith("a/") and new.startswith("b/")):
        raise PatchError(f"file names must begin with a/ and b/: {text!r}")
    return old[2:], new[2:]


def _different_names(text: str) -> tuple[str, str]:
    """Split the two names of a ``diff --git`` line; a quoted name ends at its closing quote."""
    if quoted := _QUOTED_NAME.match(text):
        return quoted[0], text[quoted.end() + 1 :]
    mark = ' "b/' if text.endswith('"') else " b/"
    old, separator, new = text.partition(mark)
    if not separator:
        raise PatchError(f"can't tell the two file names apart in {text!r}")
    return old, separator[1:] + new


def _set_mode(section: FilePatch, kind: str, mode: str) -> None:
    if mode not in _MODES:
        raise PatchError(f"file mode {mode!r} is not allowed in a tree")
    section.submodule = section.submodule or mode == _SUBMODULE
    section.created = section.created or kind == "created"
    section.deleted = section.deleted or kind == "deleted"
    if kind in ("created", "new"):
        section.mode = mode


def _set_name(section: FilePatch, kind: str, path: str) -> None:
    section.moved = True
    if kind:
        section.old_path = path
        section.renamed = section.renamed or kind == "renamed"
    else:
        section.new_path = path


def _end_name(line: str) -> str:
    return unquote(line[4:].partition("\t")[0])
