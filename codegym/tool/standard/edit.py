"""Tools that change files: exact replacements, insertions, new files, and undo."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from codegym.harness.cache import in_cache_folder
from codegym.patch import PatchError, changed_lines, make_patch
from codegym.sandbox.protocol import File
from codegym.tool.argument import FilePath, FileText, InsertAt, Line, NewText, OldText
from codegym.tool.call import ToolError, ToolResult
from codegym.tool.compact.listing import move_back
from codegym.tool.cut import clip, cut, cut_line, printable
from codegym.tool.line_end import line_end, spans_of, with_line_ends
from codegym.tool.spec import tool
from codegym.tool.standard.look import number_lines
from codegym.tool.workbench import Workbench

CONTEXT = 3
LINE_SPAN = 200
MOST_PLACES = 1000
SHOWN_BYTES = 1 << 20
"""Of a larger changed file, ``diff`` shows only the name."""


@tool
def replace(bench: Workbench, path: FilePath, old: OldText, new: NewText) -> ToolResult:
    """Replace a text that stands exactly once in a file."""
    text = bench.read(path)
    spans = spans_of(old, text)
    if len(spans) != 1:
        brief = f"found {len(spans)} times" if spans else "not found"
        raise ToolError(_not_once(path, text, old, [start for start, _ in spans]), brief)
    ((start, stop),) = spans
    if "\r\n" not in new or text[start:stop] != old:
        new = with_line_ends(new, line_end(text, start))
    return change(bench, path, text, text[:start] + new + text[stop:])


@tool
def replace_in_line(bench: Workbench, path: FilePath, line: Line, old: OldText, new: NewText) -> ToolResult:
    """Replace a text that stands exactly once in one line of a file."""
    text = bench.read(path)
    lines = text.split("\n")
    if line > len(lines):
        raise ToolError(f"{path} has {len(lines)} lines; there is no line {line}.", f"no line {line}")
    count = lines[line - 1].count(old)
    if count != 1:
        row = cut_line(printable(lines[line - 1]))
        raise ToolError(f"{old!r} stands {count} times in line {line}: {row}", f"{count} matches in line {line}")
    end = line_end(text, len("\n".join(lines[: line - 1])))
    lines[line - 1] = lines[line - 1].replace(old, new if "\r\n" in new else with_line_ends(new, end))
    return change(bench, path, text, "\n".join(lines))


@tool
def insert(bench: Workbench, path: FilePath, line: InsertAt, text: NewText) -> ToolResult:
    """Insert whole lines after a line of a file; 0 inserts at the top."""
    before = bench.read(path)
    bom = "\ufeff" if before.startswith("\ufeff") else ""
    rows = re.findall(r"[^\n]*\n|[^\n]+", before.removeprefix(bom))
    if line > len(rows):
        raise ToolError(f"{path} has {len(rows)} lines; nothing can be inserted after line {line}.")
    end = line_end(before or text, len("".join(rows[: max(0, line - 1)])) + len(bom))
    if rows and not rows[-1].endswith("\n"):
        rows[-1] += end
    rows.insert(line, with_line_ends(text, "\n").removesuffix("\n").replace("\n", end) + end)
    return change(bench, path, before, bom + "".join(rows))


@tool
def create(bench: Workbench, path: FilePath, text: FileText) -> ToolResult:
    """Write a new file, or overwrite one; missing folders are made, and a missing last line break is added."""
    whole = text if not text or text.endswith("\n") else text + line_end(text, len(text))
    bench.write(path, whole)
    count = whole.count("\n")
    lines = f"{count} {'line' if count == 1 else 'lines'}"
    return ToolResult(f"Wrote {bench.path(path)}: {lines}.", f"wrote {bench.path(path)}")


@tool
def undo(bench: Workbench) -> ToolResult:
    """Take back the last edit that a tool made; again for the one before."""
    edit = bench.undo()
    if edit is None:
        raise ToolError("There is no edit left to take back.", "nothing to undo")
    move_back(bench)
    return ToolResult(f"Took back the last edit of {edit.path}. Edits left: {len(bench.edits)}.", "undone")


@tool
def diff(bench: Workbench) -> ToolResult:
    """Show what differs from the repository as it was at first."""
    changes = {path: file for path, file in bench.changes().items() if not in_cache_folder(path)}
    large = {path for path, file in changes.items() if file is not None and len(file.content) > SHOWN_BYTES}
    changes = {path: file for path, file in changes.items() if path not in large}
    base: dict[str, File] = {}
    for path in changes:
        file = bench.suite.base_file(bench.task, path)
        if file is not None:
            base[path] = file
    try:
        patch = make_patch(base, changes).rstrip("\n")
    except PatchError as error:
        raise ToolError(f"The changes can't be shown: {error}") from error
    omitted = [f"{path!r} differs and is too large to show." for path in sorted(large)]
    patch = "\n".join([*omitted, patch]).strip("\n")
    if not patch:
        return ToolResult("Nothing differs from the repository as it was at first.", "no changes")
    return ToolResult(cut(printable(patch)), clip(printable("\n".join(changed_lines(patch))), 400))


def change(bench: Workbench, path: str, before: str, after: str) -> ToolResult:
    """Write ``after``; return the lines that differ from ``before`` and three lines around them."""
    if before == after:
        raise ToolError("That edit changes nothing.", "no change")
    bench.write(path, after)
    old, new = before.removesuffix("\n").split("\n"), after.removesuffix("\n").split("\n")
    first = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    last = max(first + 1, len(new) - _same_tail(old[first:], new[first:]))
    start, end = max(1, first + 1 - CONTEXT), min(len(new), last + CONTEXT)
    excerpt = number_lines(new, start, end)
    brief = number_lines(new, first + 1, min(last, first + 3, len(new)))
    return ToolResult(f"Edited {bench.path(path)}:\n{cut(excerpt, 4_000)}", clip(brief, 300) or "ok")


def _same_tail(old: list[str], new: list[str]) -> int:
    pairs = zip(reversed(old), reversed(new), strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))


def _not_once(path: str, text: str, old: str, positions: list[int]) -> str:
    if positions:
        lines = sorted({text.count("\n", 0, at) + 1 for at in positions[:MOST_PLACES]})
        numbers = ", ".join(map(str, lines[:10]))
        count = len(positions)
        return f"The text stands {count} times in {path}, at lines {numbers}. Give more around the right one."
    near = _nearest(text.split("\n"), old.strip("\n").split("\n"))
    hint = f" Nearest lines:\n{near}" if near else ""
    return f"The text is not in {path}; it must be exact, whitespace included.{hint}"


def _nearest(lines: list[str], old: list[str]) -> str:
    longest = max(old, key=lambda line: len(line.strip())).strip()
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(longest)
    scored: list[tuple[float, int]] = []
    for number, line in enumerate(lines[:5_000], 1):
        matcher.set_seq1(line.strip()[:LINE_SPAN])
        if matcher.real_quick_ratio() > 0.5 and matcher.quick_ratio() > 0.5:
            scored.append((-matcher.ratio(), number))
    best = sorted(number for score, number in sorted(scored)[:3] if score < -0.5)
    return "\n".join(number_lines(lines, number, number) for number in best)
