"""A box with an interpreter that waits, made ready while tests run elsewhere, for the control that may follow.

To open a box and to start Python and pytest takes some tenths of a second, in which the control of a long run
could be half done. Nothing of an agent's has been in that box when its interpreter starts. A short run is not
worth it: most of what is graded fails, and has no control.

In any case the control's box is opened before the run's is closed: a pool would hand out that one again, and
though nothing is left in it, process ids go on, so that who ran there could tell who comes next what a test was.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import Timer
from types import TracebackType
from typing import NamedTuple

from codegym.errors import SandboxError
from codegym.harness.warm import prepare
from codegym.sandbox.protocol import Sandbox

AFTER = 1.0
"""Seconds after which a run counts as long."""


class Ready(NamedTuple):
    """A box, and whether an interpreter ``waits`` in it."""

    box: Sandbox
    waits: bool = False


class Ahead:
    """A context in which a box is made ready after :data:`AFTER` seconds, and closed at the end unless taken.

    Where it is not ``wanted``, that is left to :meth:`reserve`.
    """

    def __init__(self, open_box: Callable[[], Sandbox], wanted: bool) -> None:
        self._open = open_box
        self._ready: Ready | None = None
        self._timer = Timer(AFTER, self._prepare)
        self._timer.daemon = True
        if not wanted:
            self._timer.cancel()

    def __enter__(self) -> Ahead:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ready = self.take()
        if ready is not None:
            ready.box.close()

    def take(self) -> Ready | None:
        """Return the box, which is the caller's from now on; ``None`` if there is none. Waits for one to come."""
        self._timer.cancel()
        self._timer.join()
        ready, self._ready = self._ready, None
        return ready

    def reserve(self) -> None:
        """Have a box: that which was made ready, or one that is opened now. Raises where none can be opened."""
        self._ready = self.take() or Ready(self._open())

    def _prepare(self) -> None:
        with suppress(SandboxError), ExitStack() as stack:  # whoever needs a box will open one and be told
            box = stack.enter_context(self._open())
            if prepare(box):
                stack.pop_all()
                self._ready = Ready(box, waits=True)
