"""Builds the extension modules of a Python project, once, when a suite is forged.

They are built in a box without a network, like everything of the project that is run, by setuptools and by the
compiler that the box has. The built modules become files of the suite's tree; a task never changes their sources.
"""

from __future__ import annotations

import re
from dataclasses import replace

from codegym.foundry.limits import FORGE_LIMITS
from codegym.foundry.repository.declared import build_requirements
from codegym.foundry.repository.project import Project
from codegym.sandbox.protocol import Backend, File, Tree
from codegym.tree import Files, store_tree

_SECONDS = 300.0
"""Seconds that a build may take."""
_DECLARED = re.compile(rb"\bext[_-]modules\b|\bExtension\s*\(|\bcythonize\s*\(")
_SETUP = "import sys; from setuptools import setup; sys.argv = ['setup.py', 'build_ext', '--inplace']; "
_RUN_FILE = (
    "exec(compile(open('setup.py').read(), 'setup.py', 'exec'), {'__name__': '__main__', '__file__': 'setup.py'})"
)
_ENV = {"SETUPTOOLS_SCM_PRETEND_VERSION": "0.0", "SETUPTOOLS_USE_DISTUTILS": "local"}
_OTHERS = ("maturin", "setuptools-rust", "scikit-build-core", "scikit-build", "meson-python", "mesonpy")
"""What builds extension modules with more than a C compiler."""


def has_extensions(files: Files) -> bool:
    """Return whether a project declares extension modules for setuptools."""
    return any(_DECLARED.search(files[name].content) for name in ("setup.py", "pyproject.toml") if name in files)


def other_builder(files: Files) -> str:
    """Return the tool that builds the project's extension modules if it is not setuptools; otherwise nothing."""
    needed = " ".join(build_requirements(files)).lower()
    return next((name for name in _OTHERS if name in needed), "")


def with_extensions(project: Project, backend: Backend, image: str) -> tuple[Project, str]:
    """Return ``project`` with its extension modules, built in ``image``, and an empty text.

    If they can't be built, return the project as it is, and why.
    """
    layer = store_tree(project.files)
    program = _SETUP + (_RUN_FILE if "setup.py" in project.files else "setup()")
    with backend.open(Tree((layer,), layer.name), image, FORGE_LIMITS) as box:
        result = box.exec(["python3", "-c", program], timeout=_SECONDS, env=_ENV)
        changes = box.changes()
    built = {path: file for path, file in changes.items() if path.endswith(".so") and isinstance(file, File)}
    built = {path: file for path, file in built.items() if not path.startswith("build/")}
    if built:
        return replace(project, files={**project.files, **built}), ""
    lines = [line for line in (result.stderr + result.stdout).splitlines() if line.strip()]
    return project, lines[-1][:300] if lines else f"the build ended with exit code {result.exit_code}"
