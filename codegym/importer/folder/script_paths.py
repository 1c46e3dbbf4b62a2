"""Replaces absolute paths in a task's scripts by paths that a box has.

In a box, files can be written only in the repository's folder and below ``/tmp``. So ``/app``, ``/tests``,
``/logs`` and ``/solution`` in scripts are replaced by folders there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from codegym.sandbox.protocol import WORKDIR, File

LOGS = "/tmp/logs"  # noqa: S108 - a path in the box
"""The folder in a box that replaces ``/logs``."""

_BEFORE, _AFTER = r"(?<![\w./$}-])", r"(?=[/\s\"'`;:,)\]&|>]|$)"


@dataclass(frozen=True)
class ScriptPaths:
    """Replaces paths in scripts whose working folder is ``root``."""

    root: str

    def text(self, text: str, hidden: str) -> str:
        """Replace the paths in a script's text. The verifier's files are below ``hidden``."""
        below = f"{WORKDIR}/{hidden}"
        replacements = {self.root: WORKDIR, "/tests": f"{below}/tests", "/logs": LOGS}
        replacements |= {"/solution": f"{below}/solution", "/oracle": f"{below}/solution"}
        for path, replacement in replacements.items():
            if path != "/":
                text = re.sub(_BEFORE + re.escape(path) + _AFTER, replacement, text)
        return text

    def files(self, files: Mapping[str, File], hidden: str) -> dict[str, File]:
        """Move files below ``hidden``, and replace the paths in those that are text."""
        return {f"{hidden}/{path}": self._file(file, hidden) for path, file in sorted(files.items())}

    def _file(self, file: File, hidden: str) -> File:
        try:
            text = file.content.decode()
        except UnicodeDecodeError:
            return file
        return File(self.text(text, hidden).encode(), executable=file.executable, link=file.link)
