"""The Python of embedded boxes: the interpreter that runs codegym, with the image's pinned packages and no others.

Boxes see it at ``/opt/python``, as a virtual environment over ``/usr``, or over ``/opt/cpython`` if the
interpreter is elsewhere (for instance in a home folder) and bound there; its own packages are hidden
(:mod:`codegym.sandbox.bwrap.system`). It is built once per set of pinned packages.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from codegym.atomic import publish_folder
from codegym.deadline import note
from codegym.digest import digest_json
from codegym.errors import ImageError, SandboxError
from codegym.sandbox.host.lease import draft_prefix
from codegym.sandbox.image.locked import locked

_log = logging.getLogger(__name__)
BUILD_SECONDS = 900.0
"""How long installing the packages of an image may take."""

_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
_SCRIPTS = {
    "pytest": "from pytest import main\nraise SystemExit(main())\n",
    "coverage": "from coverage.cmdline import main\nraise SystemExit(main())\n",
}


def python_binds(requirements: Path, store: Path) -> tuple[tuple[Path, str], ...]:
    """Return the read-only binds (from, to) of Python with ``requirements``. Install them below ``store`` first,
    unless they are there already.

    Raises :class:`~codegym.errors.SandboxError` if the packages can't be installed.
    """
    installation = _installation(requirements, store)
    binds: tuple[tuple[Path, str], ...] = ((installation / "venv", "/opt/python"),)
    if not _in_usr():
        binds += ((Path(sys.base_prefix), "/opt/cpython"), (installation / "ld.so.cache", "/etc/ld.so.cache"))
    return binds


def _in_usr() -> bool:
    return Path(sys.base_prefix).is_relative_to("/usr")


def _installation(requirements: Path, store: Path) -> Path:
    key = digest_json([3, requirements.read_text(), sys.version, sys.base_prefix])[:16]
    target = store / key
    if target.is_dir():
        return target
    store.mkdir(parents=True, exist_ok=True)
    with locked(store / f"{key}.lock"):
        if not target.is_dir():
            _log.info("building the Python packages of image %r, once; this takes some seconds", store.name)
            _build(requirements, target)
    return target


def _build(requirements: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=draft_prefix(), dir=target.parent) as folder:
        draft = Path(folder) / "out"
        site = draft / "venv" / "lib" / _VERSION / "site-packages"
        site.mkdir(parents=True)
        _install(requirements, site)
        shutil.rmtree(site / "bin", ignore_errors=True)
        _make_venv(draft / "venv")
        _make_linker_cache(draft)
        _rewrite_plugins(draft)
        publish_folder(draft, target)


def _install(requirements: Path, site: Path) -> None:
    options = ["install", "--quiet", "--no-deps", "--disable-pip-version-check", "--only-binary", ":all:"]
    argv = [pip_python(), "-m", "pip", *options, "--target", str(site), "-r", str(requirements)]
    start, fired = time.monotonic(), False
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS)
    except subprocess.TimeoutExpired as error:
        fired = True
        raise SandboxError(f"installing {requirements} took more than {BUILD_SECONDS:g} s: try again") from error
    finally:
        note("image build", BUILD_SECONDS, time.monotonic() - start, fired=fired)
    if done.returncode:
        raise ImageError(
            f"the packages in {requirements} can't be installed; a package index must be reachable once: "
            + done.stderr[-1500:]
        )


def pip_python() -> str:
    """Return the path of a Python that has pip. Raises :class:`~codegym.errors.SandboxError` if there is none."""
    for python in (sys.executable, f"{sys.base_prefix}/bin/python{sys.version_info.major}"):
        if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
            return python
    raise ImageError("no pip to install the image's packages with: python -m ensurepip, or apt-get install pip")


def _make_venv(venv: Path) -> None:
    home = "/usr/bin" if _in_usr() else "/opt/cpython/bin"
    (venv / "bin").mkdir()
    (venv / "pyvenv.cfg").write_text(f"home = {home}\ninclude-system-site-packages = false\n")
    for name in ("python", "python3", _VERSION):
        (venv / "bin" / name).symlink_to(f"{home}/{_VERSION}")
    for name, code in _SCRIPTS.items():
        script = venv / "bin" / name
        script.write_text(f"#!/opt/python/bin/python\n{code}")
        script.chmod(0o755)


def _make_linker_cache(draft: Path) -> None:
    """Make a linker cache with ``libpython``'s path in the box: the run path in the interpreter is the host's."""
    if _in_usr():
        return
    (draft / "ld.so.conf").write_text("/opt/cpython/lib\ninclude /etc/ld.so.conf\n")
    done = _run(draft, ["/sbin/ldconfig", "-X", "-C", "/opt/out/ld.so.cache", "-f", "/opt/out/ld.so.conf"])
    if done.returncode:
        raise ImageError(f"ldconfig could not index {sys.base_prefix}/lib for the box: {done.stderr[-1000:]}")


def _rewrite_plugins(draft: Path) -> None:
    """Run pytest once, so that the modules of its plugins, whose assertions it rewrites, are cached.

    Otherwise each run would take a second longer: hypothesis's plugin imports all of hypothesis when a run ends.
    """
    if (draft / "venv" / "lib" / _VERSION / "site-packages" / "pytest").is_dir():
        make = "echo 'def test(): pass' > test_it.py"
        run = "/opt/python/bin/pytest -q -p no:cacheprovider test_it.py"
        _run(draft, ["/bin/sh", "-c", f"{make} && {run}"])


def _run(draft: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command with Python at its path in boxes, and ``draft`` at ``/opt/out``. All else is read-only."""
    argv = ["bwrap", "--unshare-user", "--unshare-net", "--ro-bind", "/", "/", "--dev", "/dev", "--tmpfs", "/opt"]
    argv += ["--bind", str(draft / "venv"), "/opt/python", "--bind", str(draft), "/opt/out"]
    argv += [] if _in_usr() else ["--ro-bind", sys.base_prefix, "/opt/cpython"]
    argv += ["--clearenv", "--setenv", "HOME", "/opt", "--chdir", "/opt", *command]
    return subprocess.run(argv, capture_output=True, text=True, check=False)
