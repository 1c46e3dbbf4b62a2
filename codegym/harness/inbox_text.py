"""The text of the programs that run in boxes, and their environment."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

ENV = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
}
"""The environment of every Python that runs tests, added to the box's own."""

_INBOX = Path(__file__).parent / "inbox"
_FUTURE = "from __future__ import annotations\n"


@lru_cache(maxsize=8)
def program(*names: str) -> str:
    """Return the text of the named programs, joined into one program."""
    return _FUTURE + "\n".join(without_future((_INBOX / f"{name}.py").read_text()) for name in names)


def without_future(text: str) -> str:
    """Return a program's text without its ``__future__`` import, which is allowed only at the beginning."""
    return text.replace(_FUTURE, "")
