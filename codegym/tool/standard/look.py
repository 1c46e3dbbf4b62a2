"""Tools that look: view a file, list files, search."""

from __future__ import annotations

import posixpath
import re

from codegym.tool.argument import AnyPath, FilePath, LastLine, Line, Pattern
from codegym.tool.call import ToolError, ToolResult
from codegym.tool.cut import clip, cut, cut_line, printable
from codegym.tool.spec import tool
from codegym.tool.workbench import Workbench

_INVALID = 4
_WHY = {
    3: "there is no such file or folder",
    5: "this image's grep has no Perl expressions: use only what grep -E knows, such as [0-9] for a digit",
}
_SEARCH = r"""
[ -e "$2" ] || [ -L "$2" ] || exit 3
kind=-P
grep -P x </dev/null 2>/dev/null
if [ $? -gt 1 ]; then
    kind=-E
    printf '%s' "$1" | grep -qE '\\[[:alnum:]]|\(\?|[*+?}][?+]' && exit 5
fi
[ $kind = -E ] || set -- "(*UCP)$1" "$2"  # letters are letters in every script
grep "$kind" -e "$1" </dev/null
[ $? -le 1 ] || exit 4
LC_ALL=C grep -rsIZl --exclude-dir=.git --exclude-dir=__pycache__ --exclude-dir=.pytest_cache \
    --exclude-dir=node_modules -e '' -- "$2" | xargs -0 -r grep -snHZa "$kind" -e "$1" --
exit 0
"""
"""A file without a NUL byte is searched as text, whatever its encoding."""

VIEW_LINES = 200
BRIEF_LINES = 12
LISTED = 200
_MOST_DIGITS = 9


@tool
def view(bench: Workbench, path: FilePath, start: Line = 1, end: LastLine = 0) -> ToolResult:
    """Show a file, or its lines from start to end, with line numbers."""
    lines = bench.read(path).split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if not lines:
        return ToolResult(f"{bench.path(path)} is empty.")
    if start > len(lines):
        raise ToolError(f"{path} has {len(lines)} lines; there is no line {start}.")
    last = min(end or start + VIEW_LINES - 1, len(lines))
    if last < start:
        raise ToolError(f"end = {end} is before start = {start}.")
    head = f"{bench.path(path)}, lines {start}-{last} of {len(lines)}:"
    brief = number_lines(lines, start, min(last, start + BRIEF_LINES - 1))
    return ToolResult(cut(f"{head}\n{number_lines(lines, start, last)}"), clip(brief, 600))


@tool
def list_(bench: Workbench, path: AnyPath = ".") -> ToolResult:
    """List the files below a folder, sorted."""
    names = bench.files(path)
    if not names:
        raise ToolError(f"There are no files below {path!r}.")
    listing = "\n".join(printable(name) for name in names[:LISTED])
    more = f"\n[… {len(names) - LISTED} more files; list a folder below]" if len(names) > LISTED else ""
    return ToolResult(cut(listing) + more, clip(" ".join(names), 400))


@tool
def search(bench: Workbench, pattern: Pattern, path: AnyPath = ".") -> ToolResult:
    """Find the lines that match a regular expression, in a file or in all files below a folder."""
    argv = ["sh", "-c", _SEARCH, "sh", _one_line(pattern), "./" + bench.path(path)]
    result = bench.box.exec(argv, timeout=bench.seconds)
    if result.timed_out or result.exit_code in _WHY:
        raise ToolError(f"The search failed: {_WHY.get(result.exit_code, 'it took too long')}.", "search failed")
    if result.exit_code == _INVALID or (result.stderr.strip() and not result.stdout):
        why = cut(printable(result.stderr.strip()), 400)
        raise ToolError(f"The search failed: {pattern!r} is not a pattern that can be searched for: {why}")
    hits = sorted(filter(None, map(hit_of, result.stdout.split("\n"))))
    if not hits:
        return ToolResult(f"No line matches {pattern!r} in {path}.", "no match", ok=False)
    lines = [f"{name}:{number}: {cut_line(text)}" for name, number, text in hits]
    files = len({name for name, _, _ in hits})
    head = f"{len(hits)} {_plural('line', len(hits))} in {files} {_plural('file', files)}:"
    return ToolResult(cut("\n".join([head, *lines])), clip("\n".join(lines[:8]), 500))


def number_lines(lines: list[str], start: int, last: int) -> str:
    """Return lines ``start`` to ``last`` (counted from 1) with line numbers, as an agent sees them."""
    width = len(str(last))
    numbered = enumerate(lines[start - 1 : last], start)
    return "\n".join(f"{number:>{width}}  {cut_line(printable(line))}".rstrip() for number, line in numbered)


def _one_line(pattern: str) -> str:
    """Return ``pattern`` in Perl's syntax: grep's ``\\<`` and ``\\>`` replaced, its lines joined with ``|``."""
    parts = [re.sub(r"\\(.)", _own_escape, part) for part in pattern.split("\n") if part] or [""]
    return parts[0] if len(parts) == 1 else "|".join(f"(?:{part})" for part in parts)


def _own_escape(escape: re.Match[str]) -> str:
    return r"\b" if escape[1] in "<>" else escape[0]


def hit_of(line: str) -> tuple[str, int, str] | None:
    """Return the path, line number and text from a line of grep's output, or ``None`` if it is malformed."""
    path, _, rest = line.partition("\0")
    number, colon, text = rest.partition(":")
    if not (colon and number.isdecimal() and len(number) <= _MOST_DIGITS):
        return None
    return printable(posixpath.normpath(path)), int(number), printable(text)


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else noun + "s"
