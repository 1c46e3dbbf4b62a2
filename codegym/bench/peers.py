"""Peers of our sandboxes, as their users would use them, each where it is installed.

They are measured on the same image. Their workspace is the container's own file system: the repository would be
in the image, so that a fresh workspace is a fresh container; nothing is copied in, to their advantage.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable, Coroutine
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from threading import Thread
from typing import Any, Self

from codegym.bench.room import IMAGE, Room, Subject
from codegym.errors import SandboxError
from codegym.sandbox.protocol import Tree

PEERS = ("host", "docker-py", "mini-swe-agent", "swe-rex")
_PREFIX = "codegym-bench-"
_LABEL = "codegym.bench"
_DOCKER_NOTE = "a container each; the image's own root; no limits asked for"


def peer(name: str, tree: Tree) -> Subject:
    """Return the peer called ``name``. Raises :class:`SandboxError` if it is not installed."""
    makers: dict[str, Callable[[], Subject]] = {"docker-py": _docker_py, "mini-swe-agent": _mini, "swe-rex": _rex}
    try:
        with redirect_stdout(sys.stderr):  # some greet whoever imports them
            return _host(tree) if name == "host" else makers[name]()
    except ImportError as error:
        raise SandboxError(f"{name} is not installed here: pip install {name}") from error


@dataclass(frozen=True)
class HostRoom:
    """A copy of the tree and plain processes: no isolation at all, and so the floor."""

    folder: Path

    def run(self, *argv: str) -> int:
        """See :class:`~codegym.bench.room.Room`."""
        return subprocess.run(argv, cwd=self.folder, capture_output=True, check=False).returncode

    def close(self) -> None:
        """See :class:`~codegym.bench.room.Room`."""
        shutil.rmtree(self.folder)


def _host(tree: Tree) -> Subject:
    def fresh() -> HostRoom:
        folder = Path(mkdtemp(prefix=_PREFIX))
        for layer in reversed(tree.layers):
            shutil.copytree(layer, folder, dirs_exist_ok=True)
        return HostRoom(folder)

    def sweep() -> None:
        for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
            shutil.rmtree(folder)

    return Subject("host", "no isolation; copies the tree; folders stay behind, too", fresh, sweep=sweep)


@dataclass(frozen=True)
class ContainerRoom:
    """A container by docker-py: ``run`` for a workspace, ``exec_run`` for a command."""

    container: Any

    def run(self, *argv: str) -> int:
        """See :class:`~codegym.bench.room.Room`."""
        return int(self.container.exec_run(list(argv)).exit_code)

    def close(self) -> None:
        """See :class:`~codegym.bench.room.Room`."""
        self.container.remove(force=True)


def _docker() -> Any:
    return import_module("codegym.sandbox.docker.image")  # docker-py is slow to import


def _docker_py() -> Subject:
    client, tag = _docker().connect(), _docker().image_tag(IMAGE)
    settings = {"command": ["sleep", "infinity"], "detach": True, "network_mode": "none", "labels": [_LABEL]}

    def fresh() -> ContainerRoom:
        return ContainerRoom(client.containers.run(tag, **settings))

    return Subject("docker-py", _DOCKER_NOTE, fresh, sweep=_sweep)


def _sweep() -> None:
    """Delete the containers of peers whose owner was killed."""
    for container in _docker().connect().containers.list(all=True, filters={"label": _LABEL}):
        container.remove(force=True)


@dataclass(frozen=True)
class MiniRoom:
    """mini-swe-agent's Docker environment: a ``docker exec`` by the command line for each command."""

    environment: Any

    def run(self, *argv: str) -> int:
        """See :class:`~codegym.bench.room.Room`."""
        return int(self.environment.execute({"command": " ".join(argv)})["returncode"])

    def close(self) -> None:
        """See :class:`~codegym.bench.room.Room`."""
        self.environment.cleanup()


def _mini() -> Subject:
    made = import_module("minisweagent.environments.docker").DockerEnvironment
    logging.getLogger("minisweagent").setLevel(logging.ERROR)
    settings = {"image": _docker().image_tag(IMAGE), "run_args": ["--rm", "--network", "none", "--label", _LABEL]}
    return Subject("mini-swe-agent", _DOCKER_NOTE, lambda: MiniRoom(made(**settings)), sweep=_sweep)


class RexRoom:
    """SWE-ReX's Docker deployment: a server in the container, asked over HTTP; one-shot ``execute``."""

    def __init__(self, deployment: Any) -> None:
        self._deployment = deployment
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @classmethod
    def start(cls, deployment: Any) -> Self:
        """Start the deployment."""
        room = cls(deployment)
        try:
            room._await(deployment.start())
        except BaseException:
            room.close()
            raise
        return room

    def run(self, *argv: str) -> int:
        """See :class:`~codegym.bench.room.Room`."""
        command = import_module("swerex.runtime.abstract").Command(command=list(argv))
        return int(self._await(self._deployment.runtime.execute(command)).exit_code)

    def close(self) -> None:
        """See :class:`~codegym.bench.room.Room`."""
        self._await(self._deployment.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _await(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)


def _rex() -> Subject:
    made = import_module("swerex.deployment.docker").DockerDeployment
    note = "needs its server in the image and a bridge network"

    def fresh() -> Room:
        return RexRoom.start(made(image=_docker().image_tag(IMAGE), pull="never", docker_args=["--label", _LABEL]))

    return Subject("swe-rex", note, fresh, sweep=_sweep)
