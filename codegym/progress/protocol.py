"""What long work calls to report how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Shows how far work is."""

    def __call__(self, what: str, done: int, total: int, note: str = "") -> None:
        """Show that ``done`` of ``total`` steps of ``what`` are done; ``total`` 0 means unknown.

        ``what`` names the work, the same in every call; ``note`` says in a few words how it goes.
        """


def silent(what: str, done: int, total: int, note: str = "") -> None:
    """Show nothing."""
