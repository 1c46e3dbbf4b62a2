"""Files and folders that appear whole or not at all, whenever their writer is killed.

Both are written under the name of a draft in the same folder and then renamed, which the file system does in one
step. A killed writer leaves its draft. Give a prefix that something sweeps if drafts may add up
(:func:`codegym.sandbox.host.lease.draft_prefix`).

Nothing here calls ``fsync``: after a power cut a file may be missing or empty.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, content: bytes | str, *, prefix: str = "", mode: int = 0o666) -> None:
    """Write a file in place of an earlier one: a reader gets the old content or the new one.

    Text is written as UTF-8. ``prefix`` and ``mode`` are as in :func:`whole_file`.
    """
    with whole_file(path, prefix=prefix, mode=mode) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def whole_file(path: Path, *, prefix: str = "", mode: int = 0o666) -> Iterator[BinaryIO]:
    """Open a file for writing. When the block ends, it replaces ``path``, unless the block raised an error.

    ``prefix`` is what the draft's name begins with (default: a dot and the name), ``mode`` the file's permissions,
    from which the process's umask is taken. The folder of ``path`` has to exist.
    """
    draft = path.with_name(f"{prefix or f'.{path.name}.'}{os.urandom(6).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def publish_folder(draft: Path, target: Path, *, replace: bool = False) -> None:
    """Move a finished folder to ``target``.

    If another process has published ``target`` before, that one stays and ``draft`` is left to the caller; with
    ``replace`` it is deleted first.
    """
    if replace and target.exists():
        shutil.rmtree(target)
    try:
        draft.rename(target)
    except OSError:
        if replace or not target.is_dir():
            raise
