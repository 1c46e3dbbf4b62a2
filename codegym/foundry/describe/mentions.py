"""Whether a text names tests, test files or the files to change: what a user would not know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_TRACEBACK = re.compile(r'^\s*File ".*$', re.MULTILINE)


def mentions(text: str, tests: Iterable[str], paths: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what ``text`` names of ``tests`` (ids, names, files) and, outside of tracebacks, of ``paths``."""
    plain = _TRACEBACK.sub("", text)
    test_names = [name for name in dict.fromkeys(_names(tests)) if _contains(text, name)]
    return (*test_names, *(path for path in dict.fromkeys(paths) if _contains(plain, path)))


def _names(tests: Iterable[str]) -> Iterator[str]:
    for test in tests:
        path, *names = test.partition("[")[0].split("::")
        yield test
        yield path
        if path.endswith(".py"):
            yield path.rpartition("/")[2]
        yield from (name for name in names[-1:] if name.lower().startswith("test"))


def _contains(text: str, name: str) -> bool:
    """Return whether ``name`` is in ``text`` and not as a part of a longer name."""
    return name in text and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) is not None
