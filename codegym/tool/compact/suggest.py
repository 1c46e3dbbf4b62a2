"""Tools for policies that can choose a repair but can't yet write one: small edits, the likeliest first.

``suggest`` mutates the suspicious lines of the functions that failing tests run, as mutation-based repair does
(Debroy and Wong, 2010), and lists the results. ``try`` makes one of these edits, runs the visible tests, and takes
the edit back if they fail. Only the tests decide whether an edit is right; the policy decides which to try next,
and when to stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from textwrap import dedent
from typing import Annotated

from pydantic import Field

from codegym.digest import digest_json
from codegym.mutate import apply, mutations
from codegym.mutate.smallest import smallest_fix
from codegym.tool.call import ToolError, ToolResult
from codegym.tool.compact.excerpt import Suspect
from codegym.tool.compact.likelihood import KINDS, WEIGHTS, likelihoods
from codegym.tool.compact.locate import suspects_of
from codegym.tool.spec import compact_tool
from codegym.tool.standard.run import visible_run
from codegym.tool.workbench import Workbench

LISTED = 8
_EDITS = "suggest.edits"
_LONGEST = 8000
_DEEPEST = 40
_BRIEF = 16


@dataclass(frozen=True)
class Suggestion:
    """An edit that changes line ``line`` of ``path`` from ``before`` to ``after``."""

    path: str
    line: int
    before: str
    after: str

    @property
    def brief(self) -> str:
        """The change in as few tokens as possible."""
        old, new = smallest_fix(self.before, self.after) or (self.before.strip(), self.after.strip())
        return f"{old[:_BRIEF]} => {new[:_BRIEF]}"


@compact_tool
def suggest(bench: Workbench) -> ToolResult:
    """List small edits of suspicious lines that might repair the fault, the likeliest first."""
    suspects, key, cached = suspects_of(bench)
    edits = _cached_edits(bench, suspects, digest_json(["suggest", LISTED, KINDS, WEIGHTS, key]))
    if not edits:
        raise ToolError("There is nothing to suggest for the functions that failing tests run.", "no suggestions")
    bench.notes[_EDITS] = edits
    text = [f"{i} {e.path}:{e.line} {e.before.strip()}\n    -> {e.after.strip()}" for i, e in enumerate(edits, 1)]
    brief = [f"{i} {edit.brief}" for i, edit in enumerate(edits, 1)]
    return ToolResult("\n".join(text), "\n".join(brief), cached=cached)


@compact_tool
def try_(bench: Workbench, number: Annotated[int, Field(ge=1, description="place in the list")]) -> ToolResult:
    """Make one of the edits that suggest listed and run the visible tests; if they fail, take it back."""
    edits: list[Suggestion] = bench.notes.get(_EDITS, [])
    if number > len(edits):
        raise ToolError(f"suggest's list has {len(edits)} entries: call suggest first.", "no such suggestion")
    result = _result(bench, edits, number - 1)
    if result.ok:
        _make(bench, edits[number - 1])
        return ToolResult(f"{result.text}\nThe edit stays.", "pass", cached=result.cached)
    brief = "fail: " + result.brief.partition("\n")[0]
    return ToolResult(f"{result.text}\nThe edit was taken back.", brief, ok=False, cached=result.cached)


def _result(bench: Workbench, edits: list[Suggestion], number: int) -> ToolResult:
    """Return the test result of one edit. If it is not cached, run the tests of all other edits as well.

    Most of the cost of a run is the start of an interpreter with pytest, which the box's next runs share. Other
    episodes of the same task will need the other edits' results: so one episode runs them all while others wait.
    """
    if bench.cache is None:
        return _run(bench, edits[number])
    with bench.cache.turn(digest_json([asdict(edit) for edit in edits])):
        result = _run(bench, edits[number])
        if not result.cached:
            for edit in edits[:number] + edits[number + 1 :]:
                with suppress(ToolError):  # the edit does not fit any more; nobody asked for it
                    _run(bench, edit)
        return result


def _run(bench: Workbench, edit: Suggestion) -> ToolResult:
    _make(bench, edit)
    try:
        return visible_run(bench)
    finally:
        bench.undo()


def _make(bench: Workbench, edit: Suggestion) -> None:
    lines = bench.read(edit.path).split("\n")
    if edit.line > len(lines) or lines[edit.line - 1] != edit.before:
        raise ToolError(f"{edit.path}:{edit.line} is not what it was: undo first.", "undo first")
    lines[edit.line - 1] = edit.after
    bench.write(edit.path, "\n".join(lines))


def _cached_edits(bench: Workbench, suspects: list[Suspect], key: str) -> list[Suggestion]:
    if bench.cache is None:
        return _edits(bench, suspects)
    with bench.cache.turn(key):
        entry = bench.cache.get(key)
        if entry:
            return [Suggestion(**row) for row in entry["edits"]]
        edits = _edits(bench, suspects)
        bench.cache.put(key, {"edits": [asdict(edit) for edit in edits]}, lasting=bool(suspects))
        return edits


def _edits(bench: Workbench, suspects: list[Suspect]) -> list[Suggestion]:
    best: dict[Suggestion, float] = {}
    for suspect, log_likelihood in zip(suspects, likelihoods(suspects), strict=True):
        for edit, kind in edits_of_function(suspect, bench.covered_text(suspect.path).split("\n")):
            best[edit] = max(best.get(edit, -float("inf")), log_likelihood(edit.line, edit.before, kind))
    ranked = sorted(best, key=lambda edit: (-best[edit], edit.path, edit.line, edit.after))
    return ranked[:LISTED]


def edits_of_function(suspect: Suspect, lines: list[str]) -> Iterator[tuple[Suggestion, str]]:
    """Yield the edits of one function, each with the name of its mutation operator."""
    body = lines[suspect.first - 1 : suspect.last]
    source = dedent("\n".join(body)) + "\n"
    for line, text, operator in _mutations(source):
        before = body[line - 1]
        indent = before[: len(before) - len(before.lstrip())]
        yield Suggestion(suspect.path, suspect.first + line - 1, before, indent + text), operator


@lru_cache(maxsize=4096)
def _mutations(source: str) -> tuple[tuple[int, str, str], ...]:
    """Return (line, new text, operator) of every mutation; cached, since functions are suspects repeatedly."""
    if len(source) > _LONGEST or _depth(source) > _DEEPEST:
        return ()
    try:
        single_line = [m for m in mutations(source) if m.single_line and m.operator in KINDS]
    except (SyntaxError, RecursionError, UnicodeEncodeError):
        return ()
    return tuple((m.line, apply(source, m).split("\n")[m.line - 1].lstrip(), m.operator) for m in single_line)


def _depth(source: str) -> int:
    depth = deepest = 0
    for character in source:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return max(deepest, source.count("not not"))
