"""Which containers of ours Docker's engine holds, whose they are, and the end of those whose owner is gone.

For who looks from outside, not for who opens boxes: an engine that hangs is not waited for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from docker.errors import DockerException, NotFound

from codegym.catalog import cache_dir
from codegym.errors import SandboxError
from codegym.sandbox.docker.backend import DockerBackend
from codegym.sandbox.docker.container import CACHE_LABEL, LEASE_LABEL
from codegym.sandbox.docker.image import connect, engine_url

T = TypeVar("T")


@dataclass(frozen=True)
class Container:
    """A container that runs: the host's pid of its first process, and where the engine mounted its system."""

    id: str
    pid: int
    mount: str


def open_containers(seconds: float) -> dict[str, str]:
    """Return the containers opened with this cache, and the lease of each one's owner.

    Raises :class:`SandboxError` where no engine answers within ``seconds``.
    """
    filters = {"label": [LEASE_LABEL, f"{CACHE_LABEL}={cache_dir()}"]}

    def ask() -> dict[str, str]:
        with closing(connect()) as client:
            found = client.api.containers(all=True, filters=filters)
        return {container["Id"]: container["Labels"][LEASE_LABEL] for container in found}

    return _answer(ask, seconds)


def container(name: str, seconds: float) -> Container | None:
    """Return one that runs by its id, or ``None``. Raises as :func:`open_containers` does."""

    def ask() -> Container | None:
        try:
            with closing(connect()) as client:
                said = client.api.inspect_container(name)
        except NotFound:
            return None
        mount = str((said["GraphDriver"]["Data"] or {}).get("MergedDir", ""))
        return Container(name, int(said["State"]["Pid"]), mount) if said["State"]["Pid"] else None

    return _answer(ask, seconds)


def reap(seconds: float) -> list[str]:
    """Do as :meth:`.DockerBackend.reap` does, as far as one gets within ``seconds``."""
    return _answer(DockerBackend().reap, seconds)


def _answer(ask: Callable[[], T], seconds: float) -> T:
    answers: SimpleQueue[T | Exception] = SimpleQueue()

    def wait() -> None:
        try:
            answers.put(ask())
        except (SandboxError, DockerException, OSError) as error:
            answers.put(error)

    threading.Thread(target=wait, name="codegym-docker-census", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise SandboxError(f"the engine at {engine_url()} was not done within {seconds:g} s") from None
    if isinstance(answer, Exception):
        raise SandboxError(str(answer)) from answer
    return answer
