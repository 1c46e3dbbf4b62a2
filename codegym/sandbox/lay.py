"""Files laid over a box's base tree, so that the workspace is exactly the tree with these changes."""

from __future__ import annotations

import errno
from contextlib import suppress

from codegym.sandbox.protocol import Changes, Sandbox

_LINK = 'mkdir -p "./$1" && ln -sT -- "$2" "./$3"'


def lay_files(box: Sandbox, changes: Changes) -> None:
    """Make the workspace of ``box``, just opened, its base tree with ``changes``.

    A file never goes through a link that it replaces, and takes the place of a folder that is left empty. Raises
    ``OSError`` where the file system can't hold the files.
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
    made = box.exec(["sh", "-c", _LINK, "sh", path.rpartition("/")[0], target, path])
    if made.exit_code:
        raise OSError(errno.EINVAL, f"the link could not be made: {made.stderr.strip()}", path)
