# ruff: noqa: S102
"""Does what has to be done before a recorded call can be made again. Written for Python 3.8."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def prepared_names(modules: list[str], setup: list[str]) -> dict[str, Any] | None:
    """Import ``modules``, execute the statements ``setup``, and return all names; ``None`` if that fails."""
    names: dict[str, Any] = {}
    try:
        for module in modules:
            importlib.import_module(module)
            top = module.partition(".")[0]
            names[top] = sys.modules[top]
        for statement in setup:
            exec(statement, names)
    except Exception:  # noqa: BLE001  the package's own code runs here
        return None
    return names
