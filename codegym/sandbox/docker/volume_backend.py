"""The backend ``docker-volume``: for engines where a container can't make namespaces.

Such are gVisor (``runtime="runsc"``), Linux before 6.6, and systems that forbid unprivileged user namespaces. The
engine mounts each box's workspace, an overlay in a volume. This is asked for by name, never fallen back to,
because it gives less than ``docker``:

- there is no user namespace;
- the workspace is on the host's disk, where one file can't grow beyond ``Limits.disk_mb`` but the sum is only
  checked every 0.1 s, and the command killed;
- ``restore`` and ``fork`` take a new container each, a quarter of a second.

In return the engine's own seccomp filter and AppArmor's profile stay in force. All else is as in
:mod:`codegym.sandbox.docker.backend`.
"""

from __future__ import annotations

import os

from docker.errors import DockerException

from codegym.errors import SandboxError
from codegym.sandbox.docker.container import LEASE_LABEL
from codegym.sandbox.docker.engine import Engine
from codegym.sandbox.docker.engine_info import describe
from codegym.sandbox.docker.image import build_command, missing
from codegym.sandbox.docker.layers import docker_dir, owned_layer, remove_folder
from codegym.sandbox.docker.volume import VolumeBox
from codegym.sandbox.host.folder import Family
from codegym.sandbox.protocol import Capability, Tree
from codegym.task import Limits

_WORKSPACE = "the engine: restore and fork take a new container each"
_DISK = "one file: hard limit; all files: checked every 0.1 s, then the command is killed"


class DockerVolumeBackend:
    """Opens boxes whose workspace the engine mounts; for the arguments see
    :class:`~codegym.sandbox.docker.backend.DockerBackend`.
    """

    name = "docker-volume"

    def __init__(self, *, base_url: str | None = None, runtime: str | None = None, cpus: float = 2.0) -> None:
        self._engine = Engine(base_url, runtime, cpus)

    def capabilities(self) -> tuple[Capability, ...]:
        """Return what boxes in Docker can do here. Each image gets a line if it has to be built."""
        try:
            info = self._engine.client.info()
            if reason := self._engine.why_refused(info, volume=True):
                return (Capability("run", False, reason),)
            absent = missing(self._engine.client)
        except (SandboxError, DockerException, OSError) as error:
            return (Capability("run", False, str(error)),)
        images = (Capability(f"image {name}", False, f"build it: {build_command(name)}") for name in absent)
        return (*describe(info, self._engine.runtime, workspace=_WORKSPACE, disk=_DISK), *images)

    def require(self, image: str) -> None:
        """See :class:`codegym.sandbox.protocol.Backend`."""
        self._engine.require(image, volume=True)

    def open(self, tree: Tree, image: str, limits: Limits) -> VolumeBox:
        """See :class:`codegym.sandbox.protocol.Backend`."""
        self.require(image)
        self._engine.clean_up_once()
        settings = self._engine.settings(image, limits)
        layers = tuple(owned_layer(layer, settings.uid, docker_dir() / "layers") for layer in tree.layers)
        folder = docker_dir() / "boxes" / settings.labels[LEASE_LABEL] / os.urandom(6).hex()
        return VolumeBox(self._engine.client, settings, layers, Family(folder, remove_folder))
