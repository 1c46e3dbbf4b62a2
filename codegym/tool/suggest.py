"""Tools for policies that can choose a repair but can't yet write one: small edits, the likeliest first.

``suggest`` mutates the most suspicious lines of the functions that failing tests run, as mutation-based repair
does (Debroy and Wong, 2010), and lists what comes out; ``pick`` makes one of these edits. Whether any of them is
right only tests can tell.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from textwrap import dedent
from typing import Annotated

import libcst
from pydantic import Field

from codegym.digest import digest_json
from codegym.mutate import apply, mutations
from codegym.mutate.smallest import smallest_fix
from codegym.tool.call import ToolError, ToolResult
from codegym.tool.excerpt import Suspect
from codegym.tool.locate import suspects_of
from codegym.tool.spec import compact_tool
from codegym.tool.workbench import Workbench

LISTED = 12
_NOTE = "suggest.edits"
_LONGEST = 4000
_DEEPEST = 40

LIKELIHOOD = {
    "dropped_break": 52, "truth": 50, "swapped_operands": 50, "wrong_result": 42, "swapped_arguments": 41,
    "range_boundary": 40, "wrong_index": 40, "builtin": 38, "swapped_ternary": 37, "wrong_iterable": 35,
    "wrong_value": 33, "index_boundary": 30, "comparison": 29, "method": 27, "wrong_error": 25, "boundary": 25,
    "arithmetic": 22, "wrong_comparand": 20, "slice_boundary": 20, "wrong_operand": 20, "boolean": 18,
    "wrong_exception": 16, "wrong_argument": 14, "augmented": 13, "dropped_continue": 11, "integer": 10,
    "wrong_attribute": 7,
}  # fmt: skip
"""How often, in a thousand, an edit of this kind in the right function is the repair: counted on the 670 tasks
of pyrepair's train split. Kinds that are not named here are hardly ever it."""


@dataclass(frozen=True)
class Suggestion:
    """An edit: line ``line`` of ``path``, which reads ``before``, becomes ``after``."""

    path: str
    line: int
    before: str
    after: str
    weight: float

    @property
    def brief(self) -> str:
        """The change in as few tokens as it can be said."""
        old, new = smallest_fix(self.before, self.after) or (self.before.strip(), self.after.strip())
        return f"{old[:24]} => {new[:24]}"


@compact_tool
def suggest(bench: Workbench) -> ToolResult:
    """List small edits of suspicious lines that might repair the fault, the likeliest first."""
    suspects, key, cached = suspects_of(bench)
    edits = _kept_edits(bench, suspects, digest_json(["suggest", LISTED, LIKELIHOOD, key]))
    if not edits:
        raise ToolError("There is nothing to suggest for the functions that failing tests run.", "no suggestions")
    bench.notes[_NOTE] = edits
    text = [f"{i} {e.path}:{e.line} {e.before.strip()}\n    -> {e.after.strip()}" for i, e in enumerate(edits, 1)]
    brief = [f"{i} {edit.brief}" for i, edit in enumerate(edits, 1)]
    return ToolResult("\n".join(text), "\n".join(brief), cached=cached)


@compact_tool
def pick(bench: Workbench, number: Annotated[int, Field(ge=1, description="place in the list")]) -> ToolResult:
    """Make one of the edits that suggest listed."""
    edits: list[Suggestion] = bench.notes.get(_NOTE, [])
    if number > len(edits):
        raise ToolError(f"suggest's list has {len(edits)} entries: call suggest first.", "no such suggestion")
    edit = edits[number - 1]
    lines = bench.read(edit.path).split("\n")
    if edit.line > len(lines) or lines[edit.line - 1] != edit.before:
        raise ToolError(f"{edit.path}:{edit.line} is not what it was: undo first.", "undo first")
    lines[edit.line - 1] = edit.after
    bench.write(edit.path, "\n".join(lines))
    return ToolResult(f"{edit.path}:{edit.line} is now: {edit.after.strip()}", edit.after.strip()[:60])


def _kept_edits(bench: Workbench, suspects: list[Suspect], key: str) -> list[Suggestion]:
    if bench.cache is None:
        return _edits(bench, suspects)
    with bench.cache.turn(key):
        kept = bench.cache.get(key)
        if kept:
            return [Suggestion(**row) for row in kept["edits"]]
        edits = _edits(bench, suspects)
        bench.cache.put(key, {"edits": [asdict(edit) for edit in edits]})
        return edits


def _edits(bench: Workbench, suspects: list[Suspect]) -> list[Suggestion]:
    found: dict[tuple[str, int, str], Suggestion] = {}
    for rank, suspect in enumerate(suspects):
        lines = bench.read(suspect.path).split("\n")
        for edit in _of_function(suspect, lines, 1.0 / (rank + 1)):
            found.setdefault((edit.path, edit.line, edit.after), edit)
    ranked = sorted(found.values(), key=lambda edit: (-edit.weight, edit.path, edit.line, edit.after))
    return ranked[:LISTED]


def _of_function(suspect: Suspect, lines: list[str], share: float) -> list[Suggestion]:
    body = lines[suspect.first - 1 : suspect.last]
    source = dedent("\n".join(body)) + "\n"
    if len(source) > _LONGEST or _depth(source) > _DEEPEST:
        return []
    try:
        changes = [m for m in mutations(source) if m.single_line and m.operator in LIKELIHOOD]
    except (libcst.ParserSyntaxError, RecursionError):
        return []
    edits = []
    for m in changes:
        before, number = body[m.line - 1], suspect.first + m.line - 1
        indent = before[: len(before) - len(before.lstrip())]
        after = indent + apply(source, m).split("\n")[m.line - 1].lstrip()
        mark = 1.0 if number in suspect.hot else 0.1
        edits.append(Suggestion(suspect.path, number, before, after, share * mark * LIKELIHOOD[m.operator]))
    return edits


def _depth(source: str) -> int:
    depth = deepest = 0
    for character in source:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return max(deepest, source.count("not not"))
