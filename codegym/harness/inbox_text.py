"""The programs that are sent into boxes, as text, and the environment that they get there."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

ENV = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
}
"""The environment of every Python that runs tests, on top of the box's own."""

_INBOX = Path(__file__).parent / "inbox"
_FUTURE = "from __future__ import annotations\n"


@lru_cache(maxsize=8)
def program(*names: str) -> str:
    """Return the text of Python programs for the box, one after the other."""
    return _FUTURE + "\n".join(without_future((_INBOX / f"{name}.py").read_text()) for name in names)


def without_future(text: str) -> str:
    """Return a program's text without the import that may only stand at the beginning."""
    return text.replace(_FUTURE, "")
