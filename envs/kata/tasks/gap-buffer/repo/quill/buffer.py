"""A gap buffer with undo."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """At ``position``, ``removed`` was replaced by ``inserted``; the cursor was at ``cursor`` before."""

    position: int
    removed: str
    inserted: str
    cursor: int


class GapBuffer:
    """Editable text with a cursor between two characters."""

    def __init__(self, text: str = "", capacity: int = 16) -> None:
        """Start with ``text`` and the cursor at its start, and room for ``capacity`` more characters."""
        self._cells: list[str] = [""] * capacity + list(text)
        self._start = 0
        self._end = capacity
        self._done: list[Edit] = []
        self._undone: list[Edit] = []

    def __len__(self) -> int:
        return len(self._cells) - (self._end - self._start)

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self._cells[: self._start] + self._cells[self._end :])

    @property
    def cursor(self) -> int:
        """How many characters stand before the cursor."""
        return self._start

    def move(self, position: int) -> None:
        """Put the cursor at ``position``; positions outside the text mean its nearest end. Not an edit."""
        position = max(0, min(position, len(self)))
        if position < self._start:
            count = self._start - position
            for step in range(count):
                self._cells[self._end - count + step] = self._cells[position + step]
        else:
            count = position - self._start
            self._cells[self._start : position] = self._cells[self._end : self._end + count]
            count = -count
        self._start -= count
        self._end -= count

    def insert(self, text: str) -> None:
        """Insert ``text`` at the cursor and leave the cursor behind it."""
        self._edit(0, 0, text)

    def delete_before(self, count: int = 1) -> None:
        """Delete up to ``count`` characters before the cursor."""
        self._edit(min(count, self._start), 0, "")

    def delete_after(self, count: int = 1) -> None:
        """Delete up to ``count`` characters after the cursor."""
        self._edit(0, min(count, len(self._cells) - self._start), "")

    def undo(self) -> bool:
        """Take the latest edit back, cursor included; return whether there was one."""
        if not self._done:
            return False
        edit = self._done.pop()
        self._replace(edit.position, len(edit.inserted), edit.removed)
        self._undone.append(edit)
        return True

    def redo(self) -> bool:
        """Make the edit again that was undone last; return whether there was one.

        The cursor ends where it was right after the edit. A new edit forgets all that was undone.
        """
        if not self._undone:
            return False
        edit = self._undone.pop()
        self._replace(edit.position, len(edit.removed), edit.inserted)
        self._done.append(edit)
        return True

    def _edit(self, before: int, after: int, inserted: str) -> None:
        """Replace what stands around the cursor; an edit that changes nothing is not remembered."""
        if not (before or after or inserted):
            return
        cursor = self._start
        position = cursor - before
        removed = "".join(self._cells[position:cursor] + self._cells[self._end : self._end + after])
        self._replace(position, before + after, inserted)
        self._done.append(Edit(position, removed, inserted, cursor))

    def _replace(self, position: int, count: int, inserted: str) -> None:
        self.move(position)
        self._end += count
        self._grow(len(inserted))
        self._cells[self._start : self._start + len(inserted)] = inserted
        self._start += len(inserted)

    def _grow(self, needed: int) -> None:
        """Make sure that the gap holds at least ``needed`` characters."""
        missing = needed - (self._end - self._start)
        if missing > 0:
            extra = max(16, len(self._cells))
            self._cells[self._end : self._end] = [""] * extra
            self._end += extra
