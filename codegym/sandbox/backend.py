"""Sandbox backends by name: ours, and those registered under the entry point ``codegym.sandboxes``.

:func:`backend` returns a backend that opens a new box each time, :func:`pooled` one that takes boxes from a pool,
which the whole process shares.
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points

from codegym.errors import ConfigError, unknown
from codegym.sandbox.pool.pool import Pool
from codegym.sandbox.protocol import Backend

ENTRY_POINTS = "codegym.sandboxes"

_OURS = {
    "bwrap": "codegym.sandbox.bwrap.backend:BwrapBackend",
    "docker": "codegym.sandbox.docker.backend:DockerBackend",
    "docker-volume": "codegym.sandbox.docker.volume_backend:DockerVolumeBackend",
    "fake": "codegym.sandbox.fake:FakeBackend",
}


def backend_names() -> list[str]:
    """Return the names of all backends, ours and registered ones."""
    return sorted({*_OURS, *(point.name for point in entry_points(group=ENTRY_POINTS))})


@lru_cache(maxsize=16)
def backend(name: str) -> Backend:
    """Return the backend called ``name``. Raises :class:`~codegym.errors.ConfigError` if there is none."""
    if name in _OURS:
        module, _, attribute = _OURS[name].partition(":")
        own: Backend = getattr(import_module(module), attribute)()
        return own
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == name:
            registered: Backend = point.load()()
            return registered
    raise ConfigError(unknown("sandbox backend", name, backend_names()))


def pooled(name: str) -> Backend:
    """Return the backend called ``name`` behind this process's pool of ready boxes.

    ``fake`` is returned without a pool: nothing can be verified about a box without isolation.
    """
    return backend(name) if name == "fake" else _pool(name, os.getpid())


@lru_cache(maxsize=16)
def _pool(name: str, _: int) -> Pool:
    return Pool(backend(name))
