"""The image that a past commit needs: its own requirements decide, not those of the newest commit."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from codegym.digest import digest_json
from codegym.errors import SandboxError, TaskError
from codegym.foundry.repository.declared import needs
from codegym.foundry.repository.equip import Equipment, equipped
from codegym.foundry.repository.project import Project
from codegym.sandbox.protocol import Backend
from codegym.tree import Files

_MOST_IMAGES = 4
"""Images that are made for past commits; each takes pip's time and a folder of the suite."""


@dataclass
class CommitImages:
    """The images of a repository's commits. Threads may share it.

    ``newest`` is the newest commit's equipment, ``base`` the project with its image before anything was added to
    it, ``more`` the packages that the user adds. Nothing is made unless ``declared``.
    """

    base: Project
    newest: Equipment
    backend: Backend
    more: Sequence[str] = ()
    declared: bool = True
    _by_needs: dict[str, Equipment | str] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def equipment(self, files: Files) -> Equipment | str:
        """Return the equipment for the commit with ``files``, or the reason why there is none.

        Commits that need the same as the newest one share its image, as do all others once too many were made.
        """
        if not self.declared or self.base.plan.framework != "pytest":
            return self.newest
        needed = needs(files)
        if needed == needs(self.base.files):
            return self.newest
        key = digest_json([list(needed.runtime), list(needed.tests)])
        with self._lock:
            if key not in self._by_needs:
                if len(self._by_needs) >= _MOST_IMAGES:
                    return self.newest
                self._by_needs[key] = self._make(files)
            return self._by_needs[key]

    def _make(self, files: Files) -> Equipment | str:
        try:
            return equipped(replace(self.base, files=files), self.backend, self.more)
        except (TaskError, SandboxError) as error:
            return f"its requirements can't be installed: {str(error).splitlines()[0]}"
