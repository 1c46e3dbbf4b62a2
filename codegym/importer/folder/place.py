"""Absolute paths of a task's scripts, where a box may have them.

A box's repository lies in one place, and nothing can be written outside of it but below ``/tmp``. So scripts that
say ``/app``, ``/tests``, ``/logs`` or ``/solution`` are rewritten to say where those are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from codegym.sandbox.protocol import WORKDIR, File

LOGS = "/tmp/logs"  # noqa: S108 - a path in the box
"""Where ``/logs`` is in a box."""

_BEFORE, _AFTER = r"(?<![\w./$}-])", r"(?=[/\s\"'`;:,)\]&|>]|$)"


@dataclass(frozen=True)
class Places:
    """``root`` is the working folder that the scripts know."""

    root: str

    def text(self, text: str, hidden: str) -> str:
        """Return a script's text with its paths as they are in a box, the verifier's files below ``hidden``."""
        below = f"{WORKDIR}/{hidden}"
        known = {self.root: WORKDIR, "/tests": f"{below}/tests", "/logs": LOGS}
        known |= {"/solution": f"{below}/solution", "/oracle": f"{below}/solution"}
        for path, here in known.items():
            if path != "/":
                text = re.sub(_BEFORE + re.escape(path) + _AFTER, here, text)
        return text

    def files(self, files: Mapping[str, File], hidden: str) -> dict[str, File]:
        """Return files below ``hidden``, with the paths in those that are text as they are in a box."""
        return {f"{hidden}/{path}": self._file(file, hidden) for path, file in sorted(files.items())}

    def _file(self, file: File, hidden: str) -> File:
        try:
            text = file.content.decode()
        except UnicodeDecodeError:
            return file
        return File(self.text(text, hidden).encode(), executable=file.executable, link=file.link)
