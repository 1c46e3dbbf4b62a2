"""Makes ``gymnasium.make("codegym/kata-v1")`` work in programs that never import codegym.

Gymnasium dropped its plugin loader in 1.0, so a package has to register its ids itself. The file
``codegym_gymnasium.pth``, installed beside the package, calls :func:`watch` when Python starts. That costs one
small import; suites are registered at the end of ``import gymnasium``, if a program imports it. Versions of
Gymnasium that load the entry point group ``gymnasium.envs`` register the suites through it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
"""True for type checkers. Not from :mod:`typing`, whose import would slow down every start of Python."""

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_WATCHED = "gymnasium.envs"


class _Finder:
    """An import finder that waits for Gymnasium's module of ids; it removes itself when that is imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != _WATCHED:
            return None
        from importlib.machinery import PathFinder  # noqa: PLC0415 - not needed when Python starts

        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)  # type: ignore[assignment]  # a Loader in all but its base class
        return spec


class _Loader:
    """Loads a module with the module's own loader, then registers the suites."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        from codegym.registry import register_envs  # noqa: PLC0415 - Gymnasium is importable only now

        register_envs()


def watch() -> None:
    """Register all suites when Gymnasium is imported, or at once if it is imported already."""
    if _WATCHED in sys.modules:
        from codegym.registry import register_envs  # noqa: PLC0415 - costs nothing in programs without Gymnasium

        register_envs()
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
