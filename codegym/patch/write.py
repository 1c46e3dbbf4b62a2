"""Makes a patch from changed files. Equal input gives equal output."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from codegym.patch.binary import blob_name, literal
from codegym.patch.paths import check_path, quote
from codegym.sandbox.protocol import Changes, File

NO_NEWLINE = "\\ No newline at end of file"
_CONTEXT = 3
_SURROGATE = re.compile("[\ud800-\udfff]")
_MATCHED_CELLS = 4_000_000
_MATCHED_PAIRS = 300_000
"""If more pairs of lines are equal, frequent lines are not matched, since that would take minutes."""
_Opcodes = list[tuple[str, int, int, int, int]]


def make_patch(base: Mapping[str, File], changes: Changes) -> str:
    """Return the patch that turns ``base`` into ``base | changes``; empty if nothing differs.

    ``base`` needs to contain only the files that ``changes`` names. Raises
    :class:`~codegym.patch.paths.PatchError` for a path that a patch may not name.
    """
    lines: list[str] = []
    for path, new in sorted(changes.items()):
        lines += _sections(check_path(path), base.get(path), new)
    return "".join(f"{line}\n" for line in lines)


def mode(file: File) -> str:
    """Return a file's mode as git writes it."""
    if file.link is not None:
        return "120000"
    return "100755" if file.executable else "100644"


def stored_bytes(file: File | None) -> bytes:
    """Return the bytes that git stores for a file: its content, or a link's target; empty for ``None``."""
    if file is None:
        return b""
    return file.content if file.link is None else file.link.encode(errors="surrogateescape")


def text_of(content: bytes) -> str | None:
    """Return ``content`` as text, or ``None`` if it is binary, that is, contains a NUL byte.

    Bytes that are not UTF-8 become lone surrogates (``surrogateescape``).
    """
    return None if b"\0" in content else content.decode(errors="surrogateescape")


def _sections(path: str, old: File | None, new: File | None) -> list[str]:
    if old == new:
        return []
    if old is not None and new is not None and (old.link is None) != (new.link is None):
        return _section(path, old, None) + _section(path, None, new)
    return _section(path, old, new)


def _section(path: str, old: File | None, new: File | None) -> list[str]:
    names = quote(f"a/{path}"), quote(f"b/{path}")
    head = [f"diff --git {names[0]} {names[1]}", *_modes(old, new)]
    before, after = stored_bytes(old), stored_bytes(new)
    if before == after:
        return head
    text = _text(names, (old, new))
    if text is None:
        hashes = [blob_name(content) if file else "0" * 40 for file, content in ((old, before), (new, after))]
        index = f"index {hashes[0]}..{hashes[1]}"
        return [*head, index, "GIT binary patch", *literal(after), *literal(before)]
    return [*head, *text]


def _text(names: tuple[str, str], files: tuple[File | None, File | None]) -> list[str] | None:
    """Return a text file's names and hunks; ``None`` if it is binary or not UTF-8."""
    before, after = (text_of(stored_bytes(file)) for file in files)
    if before is None or after is None:
        return None
    ends = [_name(name) if file else "/dev/null" for name, file in zip(names, files, strict=True)]
    lines = [f"--- {ends[0]}", f"+++ {ends[1]}", *_hunks(_split(before), _split(after))]
    return None if any(_SURROGATE.search(line) for line in lines) else lines


def _modes(old: File | None, new: File | None) -> list[str]:
    if old is None:
        return [f"new file mode {mode(new)}"] if new else []
    if new is None:
        return [f"deleted file mode {mode(old)}"]
    return [] if mode(old) == mode(new) else [f"old mode {mode(old)}", f"new mode {mode(new)}"]


def _name(name: str) -> str:
    return name + "\t" if " " in name and not name.startswith('"') else name


def _split(text: str) -> list[str]:
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


class _Matcher(SequenceMatcher[str]):
    """A matcher that is also quick for files with long equal heads and tails, and for very different files."""

    a: Sequence[str]
    b: Sequence[str]

    def get_opcodes(self) -> _Opcodes:  # type: ignore[override]
        a, b = list(self.a), list(self.b)
        head = _common(a, b)
        tail = _common(a[head:][::-1], b[head:][::-1])
        ends = len(a) - tail, len(b) - tail
        opcodes: _Opcodes = [("equal", 0, head, 0, head)] if head else []
        opcodes += _middle(a[head : ends[0]], b[head : ends[1]], head)
        return opcodes + ([("equal", ends[0], len(a), ends[1], len(b))] if tail else [])


def _common(a: list[str], b: list[str]) -> int:
    for count, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return count
    return min(len(a), len(b))


def _middle(a: list[str], b: list[str], offset: int) -> _Opcodes:
    if len(a) * len(b) > _MATCHED_CELLS or not a or not b:
        tag = "replace" if a and b else "delete" if a else "insert"
        return [(tag, offset, offset + len(a), offset, offset + len(b))] if a or b else []
    counts = Counter(b)
    pairs = sum(counts[line] for line in a)
    opcodes = SequenceMatcher(None, a, b, autojunk=pairs > _MATCHED_PAIRS).get_opcodes()
    return [(tag, i + offset, j + offset, k + offset, m + offset) for tag, i, j, k, m in opcodes]


def _hunks(a: list[str], b: list[str]) -> Iterator[str]:
    for group in _Matcher(None, a, b).get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        yield f"@@ -{_span(first[1], last[2])} +{_span(first[3], last[4])} @@"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from _marked(" ", a[i:j])
                continue
            yield from _marked("-", a[i:j])
            yield from _marked("+", b[k:m])


def _span(start: int, stop: int) -> str:
    count = stop - start
    if count == 1:
        return f"{start + 1}"
    return f"{start + 1 if count else start},{count}"


def _marked(mark: str, lines: list[str]) -> Iterator[str]:
    for line in lines:
        if line.endswith("\n"):
            yield mark + line[:-1]
        else:
            yield mark + line
            yield NO_NEWLINE
