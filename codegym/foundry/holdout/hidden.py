"""What is hidden from the agent, and what that changes in the tree and at grading."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from codegym.foundry.holdout.cut import without_units
from codegym.foundry.holdout.unit import file_of, is_hidden
from codegym.patch import make_patch
from codegym.sandbox.protocol import Changes, File
from codegym.task import Frozen, PatchSource
from codegym.tree import Files


class Hidden(Frozen):
    """Tests that are not in the agent's tree: ``units`` of the repository's own tests, and files that were made.

    ``new_files`` maps paths to texts.
    """

    units: tuple[str, ...] = ()
    new_files: dict[str, str] = Field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.units or self.new_files)

    def contains(self, test: str) -> bool:
        """Return whether a test is hidden."""
        return file_of(test) in self.new_files or is_hidden(test, self.units)

    @property
    def added_files(self) -> Changes:
        """The files that were made, by path."""
        return {path: File(text.encode()) for path, text in self.new_files.items()}

    def visible_files(self, files: Files) -> Changes:
        """Return the test files that the agent finds changed; a file that is not there is ``None``.

        Raises :class:`~codegym.errors.TaskError` if ``files`` do not have one of the units.
        """
        return without_units(files, self.units)

    def overlay(self, files: Files) -> PatchSource | None:
        """Return what is laid over the agent's tree for grading; ``None`` if nothing is hidden."""
        if not self:
            return None
        visible = self.visible_files(files)
        before = {path: file for path, file in visible.items() if file is not None}
        restored: Changes = {path: files[path] for path in visible}
        return PatchSource(patch=make_patch(before, {**restored, **self.added_files}))


def united(parts: Iterable[Hidden]) -> Hidden:
    """Return what several tasks hide, as what one task hides that consists of them."""
    units: set[str] = set()
    texts: dict[str, str] = {}
    for hidden in parts:
        units.update(hidden.units)
        texts |= hidden.new_files
    return Hidden(units=tuple(sorted(units)), new_files=texts)
