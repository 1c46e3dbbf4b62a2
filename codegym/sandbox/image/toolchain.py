"""Reads the files that every box of an image needs into memory, as the host and not as a box.

Pages of files that only one box has read leave memory with that box
(:meth:`codegym.sandbox.host.cgroup.Cgroup.drop_pages`), so that they tell the next box nothing. Without this
module each box would read its interpreter or compiler from disk again. It only advises the kernel: locking pages
would need a privilege, and only speed depends on it. It does nothing for Docker's images, whose files belong to
the engine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.sandbox.host.kernel import read_kernel_file

_AGAIN_SECONDS = 3600.0
"""After this time the files are read again: the kernel may have needed the memory."""

_COMPILERS = ("cc", "gcc", "g++")
_PARTS_OF_COMPILERS = ("cc1", "cc1plus", "collect2", "as", "ld")
_LEFT_OUT = {"test", "tests", "idlelib", "tkinter", "ensurepip", "dist-packages", "site-packages"}
"""Folders of Python's library that no box reads; an image's own packages are in another place."""


def warm(image: str, commands: Iterable[str], packages: Sequence[Path]) -> None:
    """Ask the kernel to read the files of ``commands``, and if there are ``packages`` those of Python with them.

    Do so at most once an hour per image and start of the machine.
    """
    mark = cache_dir() / "warm" / image.replace("/", "-")
    boot = read_kernel_file("/proc/sys/kernel/random/boot_id")
    if mark.is_file() and mark.read_text() == boot and time.time() - mark.stat().st_mtime < _AGAIN_SECONDS:
        return
    python = (sys.executable,) if packages else ()
    folders = (Path(sysconfig.get_path("stdlib")), *packages) if packages else ()
    for path in (*_programs((*commands, *python)), *(file for folder in folders for file in _files(folder))):
        with suppress(OSError):  # it is no file, or was just deleted
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
            os.close(descriptor)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(boot)


def _files(folder: Path) -> Iterator[str]:
    for top, folders, names in os.walk(folder):
        inside = top != str(folder)
        folders[:] = [name for name in folders if inside or name not in _LEFT_OUT]
        yield from (os.path.join(top, name) for name in names if ".opt-" not in name)  # noqa: PTH118  thousands


def _programs(commands: Iterable[str]) -> Iterator[str]:
    """Yield the files of programs and of the libraries that they are linked with."""
    for command in commands:
        program = shutil.which(command)
        parts = _PARTS_OF_COMPILERS if command in _COMPILERS else ()
        names = [_output_of([command, f"-print-prog-name={part}"]) for part in parts] if program else []
        for path in filter(None, (program, *(shutil.which(name) for name in names))):
            yield path
            yield from (word for word in _output_of(["ldd", path]).split() if word.startswith("/"))


def _output_of(argv: list[str]) -> str:
    """Return what a program prints, or nothing if it fails to run."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=10).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
