"""Compiles the C programs that boxes are started with, once, into the cache.

They are linked statically, so that they need nothing of any image, and named by the digest of their source,
so that the program that runs is always the one in this folder. musl is used if it is installed: before ``main``,
the GNU C library asks the processor about forty times what it can do. A virtual machine answers slowly, and every
new box would wait for it.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from codegym.atomic import publish_folder
from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.errors import SandboxError
from codegym.sandbox.host.lease import draft_prefix

SOURCE = Path(__file__).resolve().parent
_PROGRAMS = ("serve", "keep")
_KERNEL_HEADERS = ("/usr/include", f"/usr/include/{platform.machine()}-linux-gnu")
_UNITS = {
    "serve": ("command", "become", "files", "processes", "seccomp", "stage", "workspace", "layers", "wire"),
    "keep": ("root", "workspace", "layers"),
}
"""The C files that each program has besides its own, without ``.c``."""


def compiler() -> str | None:
    """Return the C compiler's path, or ``None``."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def builders() -> list[str]:
    """Return the paths of what may compile the programs: musl's compiler first, if there is one."""
    return [path for path in (shutil.which("musl-gcc"), compiler()) if path]


def program(name: str) -> Path:
    """Return the path of ``serve`` (the runner in a box) or ``keep``, compiled now if it is not there.

    Safe under concurrent callers. Raises :class:`~codegym.errors.SandboxError` if there is no compiler.
    """
    return _built(cache_dir()) / name


@lru_cache(maxsize=8)
def _built(cache: Path) -> Path:
    sources = {path.name: path.read_text() for path in sorted(SOURCE.glob("*.[ch]"))}
    target = cache / "runner" / digest_json({**sources, "cc": builders()})[:16]
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=draft_prefix(), dir=target.parent) as draft:
            publish_folder(_compiled(Path(draft)), target)
    return target


def _compiled(draft: Path) -> Path:
    """Return a new folder with the programs, made by the first compiler that can."""
    trouble = "no C compiler to build the runner with: apt-get install gcc libc6-dev"
    for number, cc in enumerate(builders()):
        out = draft / str(number)
        out.mkdir(mode=0o755)
        failed = next(filter(None, (_compile(cc, name, out) for name in _PROGRAMS)), None)
        if failed is None:
            return out
        trouble = f"{cc} could not build the runner (apt-get install gcc libc6-dev): {failed[-2000:]}"
    raise SandboxError(trouble)


def _compile(cc: str, name: str, out: Path) -> str | None:
    """Compile a program into ``out`` and return what went wrong, or ``None``."""
    headers = [word for folder in _KERNEL_HEADERS for word in ("-idirafter", folder)]
    sources = [str(SOURCE / f"{unit}.c") for unit in (name, *_UNITS[name])]
    argv = [cc, "-static", "-O2", *headers, "-o", str(out / name), *sources]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (done.stderr or f"exit code {done.returncode}") if done.returncode else None
