"""The npm packages of embedded boxes: those that an image's lock file pins, and no others.

Boxes see them at ``/node_modules``, where Node looks for what is in no folder nearer to the file that asks. They
are installed once per lock file, by npm, which runs none of their scripts.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from codegym.atomic import publish_folder
from codegym.deadline import note
from codegym.digest import digest_json
from codegym.errors import ImageError, SandboxError
from codegym.sandbox.host.lease import draft_prefix
from codegym.sandbox.image.locked import locked

MODULES = "/node_modules"
"""Where boxes see the packages."""
PACKAGE, LOCK = "package.json", "package-lock.json"
"""The files in an image's folder that name and pin its packages."""
_SECONDS = 900.0
"""How long npm may take to install the packages of an image."""
QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--no-update-notifier")
"""Options with which npm runs nothing of a package, and asks for nothing but packages."""


def node_binds(folder: Path, store: Path) -> tuple[tuple[Path, str], ...]:
    """Return the read-only bind (from, to) of the packages that ``folder`` pins. Install them below ``store``
    first, unless they are there already.

    Raises :class:`~codegym.errors.SandboxError` if they can't be installed.
    """
    key = digest_json([(folder / name).read_text() for name in (PACKAGE, LOCK)])[:16]
    target = store / key
    if not target.is_dir():
        store.mkdir(parents=True, exist_ok=True)
        with locked(store / f"{key}.lock"):
            if not target.is_dir():
                _install(folder, target)
    return ((target / "node_modules", MODULES),)


def _install(folder: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=draft_prefix(), dir=target.parent) as scratch:
        draft = Path(scratch) / "out"
        (draft / "node_modules").mkdir(parents=True)
        for name in (PACKAGE, LOCK):
            shutil.copy(folder / name, draft / name)
        start, fired = time.monotonic(), False
        try:
            run_npm(draft, "ci", seconds=_SECONDS)
        except subprocess.TimeoutExpired as error:
            fired = True
            raise SandboxError(f"npm took more than {_SECONDS:g} s to install what {folder} pins") from error
        finally:
            note("image build", _SECONDS, time.monotonic() - start, fired=fired)
        publish_folder(draft, target)


def run_npm(folder: Path, *words: str, seconds: float) -> None:
    """Run npm in ``folder`` with ``words``. Raises :class:`~codegym.errors.ImageError` with its message."""
    npm = shutil.which("npm")
    if npm is None:
        raise ImageError("JavaScript packages need npm, which this host does not have: apt-get install npm")
    argv = [npm, *words, *QUIET]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=seconds)
    if done.returncode:
        raise ImageError(
            f"npm {words[0]} failed; a package registry must be reachable once: {done.stderr[-1500:]}"
        )
