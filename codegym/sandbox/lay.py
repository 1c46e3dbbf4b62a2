"""Puts changed files into a new box, so that its workspace is exactly the base tree with these changes."""

from __future__ import annotations

import errno
from contextlib import suppress

from codegym.sandbox.protocol import Changes, Sandbox

_LINK = 'mkdir -p "./$1" && ln -sT -- "$2" "./$3"'


def lay_files(box: Sandbox, changes: Changes) -> None:
    """Apply ``changes`` to the base tree in the workspace of ``box``, which was just opened.

    A file replaces a link instead of being written through it, and replaces a folder whose files are all deleted.
    Raises ``OSError`` if the file system can't store the files.
    """
    for path in changes:
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            box.remove(path)
    for path, file in changes.items():
        if file is not None and file.link is None:
            box.write(path, file.content, executable=file.executable)
        elif file is not None and file.link is not None:
            _link(box, path, file.link)


def _link(box: Sandbox, path: str, target: str) -> None:
    result = box.exec(["sh", "-c", _LINK, "sh", path.rpartition("/")[0], target, path])
    if result.exit_code:
        raise OSError(errno.EINVAL, f"the link could not be made: {result.stderr.strip()}", path)
