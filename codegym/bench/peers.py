"""Sandboxes of other projects, used as their users would use them, if they are installed.

They are measured with the same image. Their workspace is the container's own file system, and a fresh workspace is
a fresh container. No repository is copied into it, as if the image contained it: that is to their advantage.
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

from codegym.bench.workspace import IMAGE, BenchWorkspace, Contender
from codegym.errors import SandboxError
from codegym.sandbox.protocol import Tree

PEERS = ("host", "docker-py", "mini-swe-agent", "swe-rex")
_PREFIX = "codegym-bench-"
_LABEL = "codegym.bench"
_DOCKER_NOTE = "a container each; the image's own root; no limits asked for"


def peer(name: str, tree: Tree) -> Contender:
    """Return the peer with this name. Raises :class:`SandboxError` if it is not installed."""
    makers: dict[str, Callable[[], Contender]] = {
        "docker-py": _docker_py,
        "mini-swe-agent": _mini,
        "swe-rex": _rex,
    }
    try:
        with redirect_stdout(sys.stderr):  # some print a greeting when they are imported
            return _host(tree) if name == "host" else makers[name]()
    except ImportError as error:
        raise SandboxError(f"{name} is not installed here: pip install {name}") from error


@dataclass(frozen=True)
class HostWorkspace:
    """A copy of the tree and plain processes, without any isolation: the lower bound of all costs."""

    folder: Path

    def run(self, *argv: str) -> int:
        """Run a command on the host."""
        return subprocess.run(argv, cwd=self.folder, capture_output=True, check=False).returncode

    def close(self) -> None:
        """Delete the copy."""
        shutil.rmtree(self.folder)


def _host(tree: Tree) -> Contender:
    def fresh() -> HostWorkspace:
        folder = Path(mkdtemp(prefix=_PREFIX))
        for layer in reversed(tree.layers):
            shutil.copytree(layer, folder, dirs_exist_ok=True)
        return HostWorkspace(folder)

    def sweep() -> None:
        for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
            shutil.rmtree(folder)

    return Contender(
        "host", "no isolation; copies the tree; a killed owner leaves its folders", fresh, sweep=sweep
    )


@dataclass(frozen=True)
class ContainerWorkspace:
    """A container of docker-py, which makes it with ``run`` and runs commands with ``exec_run``."""

    container: Any

    def run(self, *argv: str) -> int:
        """Run a command in the container."""
        return int(self.container.exec_run(list(argv)).exit_code)

    def close(self) -> None:
        """Delete the container."""
        self.container.remove(force=True)


def _docker() -> Any:
    return import_module("codegym.sandbox.docker.image")  # docker-py is slow to import


def _docker_py() -> Contender:
    client, tag = _docker().connect(), _docker().image_tag(IMAGE)
    settings = {"command": ["sleep", "infinity"], "detach": True, "network_mode": "none", "labels": [_LABEL]}

    def fresh() -> ContainerWorkspace:
        return ContainerWorkspace(client.containers.run(tag, **settings))

    return Contender("docker-py", _DOCKER_NOTE, fresh, sweep=_sweep)


def _sweep() -> None:
    """Delete containers whose owner was killed."""
    for container in _docker().connect().containers.list(all=True, filters={"label": _LABEL}):
        container.remove(force=True)


@dataclass(frozen=True)
class MiniWorkspace:
    """mini-swe-agent's Docker environment, which calls the command line ``docker exec`` for each command."""

    environment: Any

    def run(self, *argv: str) -> int:
        """Run a command in the environment."""
        return int(self.environment.execute({"command": " ".join(argv)})["returncode"])

    def close(self) -> None:
        """Clean up the environment."""
        self.environment.cleanup()


def _mini() -> Contender:
    environment = import_module("minisweagent.environments.docker").DockerEnvironment
    logging.getLogger("minisweagent").setLevel(logging.ERROR)
    settings = {"image": _docker().image_tag(IMAGE), "run_args": ["--rm", "--network", "none", "--label", _LABEL]}
    return Contender("mini-swe-agent", _DOCKER_NOTE, lambda: MiniWorkspace(environment(**settings)), sweep=_sweep)


class RexWorkspace:
    """SWE-ReX's Docker deployment: a server in the container that runs commands by HTTP (``execute``)."""

    def __init__(self, deployment: Any) -> None:
        self._deployment = deployment
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @classmethod
    def start(cls, deployment: Any) -> Self:
        """Start a deployment and return its workspace."""
        workspace = cls(deployment)
        try:
            workspace._await(deployment.start())
        except BaseException:
            workspace.close()
            raise
        return workspace

    def run(self, *argv: str) -> int:
        """Run a command in the deployment."""
        command = import_module("swerex.runtime.abstract").Command(command=list(argv))
        return int(self._await(self._deployment.runtime.execute(command)).exit_code)

    def close(self) -> None:
        """Stop the deployment and the event loop."""
        self._await(self._deployment.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _await(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)


def _rex() -> Contender:
    deployment = import_module("swerex.deployment.docker").DockerDeployment
    note = "needs its server in the image and a bridge network"

    def fresh() -> BenchWorkspace:
        return RexWorkspace.start(
            deployment(image=_docker().image_tag(IMAGE), pull="never", docker_args=["--label", _LABEL])
        )

    return Contender("swe-rex", note, fresh, sweep=_sweep)
