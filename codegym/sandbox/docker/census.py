"""Which of our containers an engine runs, who owns them, and the removal of those whose owner is gone.

For callers that inspect from outside and open no boxes: every call takes a limit on how long it waits for the
engine.
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
from codegym.sandbox.docker.abandoned import remove_abandoned
from codegym.sandbox.docker.container import CACHE_LABEL, LEASE_LABEL
from codegym.sandbox.docker.image import connect, engine_url

T = TypeVar("T")


@dataclass(frozen=True)
class RunningContainer:
    """A running container.

    ``pid`` is its first process on the host, ``mount`` the folder of its root file system.
    """

    id: str
    pid: int
    mount: str


def open_containers(seconds: float) -> dict[str, str]:
    """Map each container that was opened with this process's cache to the lease of its owner.

    Raises :class:`SandboxError` if no engine answers within ``seconds``.
    """
    filters = {"label": [LEASE_LABEL, f"{CACHE_LABEL}={cache_dir()}"]}

    def ask() -> dict[str, str]:
        with closing(connect()) as client:
            containers = client.api.containers(all=True, filters=filters)
        return {container["Id"]: container["Labels"][LEASE_LABEL] for container in containers}

    return _within(seconds, ask)


def container(name: str, seconds: float) -> RunningContainer | None:
    """Return the container with id ``name``, or ``None`` if it does not run.

    Raises like :func:`open_containers`.
    """

    def ask() -> RunningContainer | None:
        try:
            with closing(connect()) as client:
                details = client.api.inspect_container(name)
        except NotFound:
            return None
        mount = str((details["GraphDriver"]["Data"] or {}).get("MergedDir", ""))
        pid = int(details["State"]["Pid"])
        return RunningContainer(name, pid, mount) if pid else None

    return _within(seconds, ask)


def reap(seconds: float) -> list[str]:
    """Remove what dead owners left, see :func:`remove_abandoned`. Raises like :func:`open_containers`."""

    def clean_up() -> list[str]:
        with closing(connect()) as client:
            return remove_abandoned(client)

    return _within(seconds, clean_up)


def _within(seconds: float, ask: Callable[[], T]) -> T:
    """Return what ``ask`` returns. Raises :class:`SandboxError` if it fails or takes longer than ``seconds``."""
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
        raise SandboxError(f"the engine at {engine_url()} did not answer within {seconds:g} s") from None
    if isinstance(answer, Exception):
        raise SandboxError(str(answer)) from answer
    return answer
