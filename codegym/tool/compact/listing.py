"""locate's list on the workbench: which function is in focus, and where each one is after the edits since.

An edit moves the functions below it, and undo moves them back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from codegym.tool.call import ToolError
from codegym.tool.compact.suspect import Shift, Suspect
from codegym.tool.workbench import Workbench

_LIST, _FOCUS, _MOVES = "locate.list", "locate.focus", "locate.moves"


class _Move(NamedTuple):
    """An edit, and the list before and after it."""

    shift: Shift
    before: list[Suspect]
    after: list[Suspect]


def start_list(bench: Workbench, suspects: Sequence[Suspect]) -> None:
    """Replace the list; its first function is in focus."""
    bench.notes[_LIST], bench.notes[_FOCUS] = [*suspects], 1


def set_focus(bench: Workbench, rank: int) -> Suspect:
    """Put a function of the list in focus, counted from 1, and return it. Raises :class:`ToolError`."""
    suspects = _list(bench)
    if rank > len(suspects):
        raise ToolError(f"locate's list has {len(suspects)} entries: call locate first.", "no such suspect")
    bench.notes[_FOCUS] = rank
    return suspects[rank - 1]


def focused(bench: Workbench) -> Suspect | None:
    """Return the function in focus, if any."""
    suspects = _list(bench)
    return suspects[bench.notes[_FOCUS] - 1] if suspects else None


def move(bench: Workbench, shift: Shift) -> None:
    """Move the list's functions as the last edit of the workbench did."""
    before = _list(bench)
    after = [each.moved(shift) for each in before]
    bench.notes[_LIST] = after
    bench.notes.setdefault(_MOVES, {})[len(bench.edits)] = _Move(shift, before, after)


def move_back(bench: Workbench) -> None:
    """Take back what the edit moved that the workbench just undid.

    If locate has made a new list since that edit, the functions of the new list are moved.
    """
    last = bench.notes.get(_MOVES, {}).pop(len(bench.edits) + 1, None)
    if last is not None:
        listed = _list(bench)
        is_same = listed == last.after
        bench.notes[_LIST] = last.before if is_same else [each.moved(last.shift.back()) for each in listed]


def _list(bench: Workbench) -> list[Suspect]:
    suspects: list[Suspect] = bench.notes.get(_LIST, [])
    return suspects
