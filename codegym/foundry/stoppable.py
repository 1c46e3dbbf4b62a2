"""A backend whose open boxes can all be closed at once, so that Ctrl-C ends within seconds.

Threads that wait for a command in a box can't be interrupted. If the box is closed under them, the command ends.
"""

from __future__ import annotations

import contextlib
import threading
from weakref import WeakSet

from codegym.errors import SandboxError
from codegym.sandbox.protocol import Backend, Capability, Sandbox, Tree
from codegym.task import Limits


class StoppableBackend:
    """Opens boxes of the backend ``inner`` until :meth:`stop` is called."""

    def __init__(self, inner: Backend) -> None:
        self.inner, self.name = inner, inner.name
        self._lock = threading.Lock()
        self._boxes: WeakSet[Sandbox] = WeakSet()
        self._stopped = threading.Event()

    def capabilities(self) -> tuple[Capability, ...]:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        return self.inner.capabilities()

    def require(self, image: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Backend`."""
        self.inner.require(image)

    def open(self, tree: Tree, image: str, limits: Limits) -> Sandbox:
        """See :class:`~codegym.sandbox.protocol.Backend`. Raises SandboxError after :meth:`stop`."""
        if self._stopped.is_set():
            raise SandboxError("no box is opened: the work was interrupted")
        box = self.inner.open(tree, image, limits)
        with self._lock:
            self._boxes.add(box)
        if self._stopped.is_set():
            box.close()
        return box

    def stop(self) -> None:
        """Close every open box, and open no further one."""
        self._stopped.set()
        with self._lock:
            boxes = list(self._boxes)
        for box in boxes:
            with contextlib.suppress(OSError, SandboxError):
                box.close()
