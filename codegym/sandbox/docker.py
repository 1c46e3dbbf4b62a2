"""Boxes in Docker: for toolchains that come as images, and for machines where user namespaces are not allowed.

What it covers. No network of any kind; a read-only system; the workspace is an overlay that the engine mounts
over the shared, read-only base tree (see :mod:`codegym.sandbox.docker_layers`); an ordinary user without
capabilities who can't gain any (``no-new-privileges``), under Docker's own seccomp filter and that of our
runner; own pid, ipc, uts and mount namespaces; control groups that limit memory (swap included), processes and
processor time for the box as a whole; ``/tmp`` and ``/dev/shm`` in memory, limited by ``Limits.disk_mb`` each.
Commands run through the static runner, attached to the container, which starts, kills and measures them; the
engine is asked for nothing per command. When the owner ends, however it does, the stream to the runner ends, the
runner with it, and the engine deletes container and mount; :meth:`DockerBackend.reap` deletes the folder.

What it does not cover. The kernel is shared unless ``runtime`` names one that has its own (``runsc``). There is
no user namespace unless the engine remaps users. The workspace lies on the host's disk, which has no quota here:
one file can't grow beyond ``Limits.disk_mb``, but the sum is looked at every 0.1 s, so that a command may write
more than that for as long before it is killed. The engine must be on this machine and run as root: it mounts
our folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from docker import DockerClient
from docker.errors import DockerException

from codegym.catalog import cache_dir
from codegym.errors import SandboxError
from codegym.sandbox.docker_box import DockerSandbox, Family
from codegym.sandbox.docker_container import Plan, remove
from codegym.sandbox.docker_image import build_command, connect, image_tag, missing, search_path
from codegym.sandbox.docker_layers import docker_dir, owned_layer, remove_folder
from codegym.sandbox.image import BOX_ENV
from codegym.sandbox.lease import lease_is_held, owner_lease
from codegym.sandbox.protocol import Capability, Tree
from codegym.task import Limits

_ORDINARY_USER = 1000
_LEASE = "codegym.lease"
_CACHE = "codegym.cache"


def _abandoned(things: Iterable[dict[str, Any]], gone: set[str]) -> Iterator[dict[str, Any]]:
    """Yield what an owner that is gone has left, and add its lease to ``gone``."""
    for thing in things:
        lease = thing["Labels"][_LEASE]
        if not lease_is_held(lease):
            gone.add(lease)
            yield thing


@dataclass(frozen=True)
class DockerBackend:
    """Opens boxes with the engine at ``base_url`` (default: ``DOCKER_HOST``, else Docker's socket).

    ``runtime`` names another OCI runtime that the engine knows, such as ``runsc``; ``cpus`` is how many
    processors a box may use at most.
    """

    base_url: str | None = None
    runtime: str | None = None
    cpus: float = 2.0
    name: str = "docker"

    @cached_property
    def _client(self) -> DockerClient:
        return connect(self.base_url)

    def capabilities(self) -> tuple[Capability, ...]:
        """Return what Docker gives here; one capability for the engine and one for each image."""
        try:
            info = self._client.info()
        except (SandboxError, DockerException) as error:
            return (Capability("run", False, str(error)),)
        refused = self._refusal(info)
        if refused is not None:
            return (Capability("run", False, refused),)
        absent = missing(self._client)
        images = (Capability(f"image {name}", False, f"build it: {build_command(name)}") for name in absent)
        return (
            Capability("run", True, f"Docker {info['ServerVersion']}, runtime {self._runtime_name(info)}"),
            Capability("network", True, "none: a network namespace without interfaces"),
            Capability("memory", True, f"control groups v{info.get('CgroupVersion', '1')}, swap included"),
            Capability("processes", True, "control groups"),
            Capability("disk", True, "one file: hard limit; all files: looked at every 0.1 s, then killed"),
            *images,
        )

    def open(self, tree: Tree, image: str, limits: Limits) -> DockerSandbox:
        """See :class:`codegym.sandbox.protocol.Backend`."""
        if refused := self._refusal(self._client.info()):
            raise SandboxError(refused)
        path = search_path(self._client, image)
        uid, lease = os.getuid() or _ORDINARY_USER, owner_lease().id
        plan = Plan(
            client=self._client,
            image=image_tag(image),
            layers=tuple(owned_layer(layer, uid, docker_dir() / "layers") for layer in tree.layers),
            limits=limits,
            uid=uid,
            cpus=min(self.cpus, float(os.cpu_count() or 1)),
            runtime=self.runtime,
            env=BOX_ENV | ({"PATH": path} if path else {}),
            labels={_LEASE: lease, _CACHE: str(cache_dir())},
        )
        return DockerSandbox(plan, Family(docker_dir() / "boxes" / lease / os.urandom(6).hex()))

    def reap(self) -> list[str]:
        """Delete containers, volumes and folders of owners that are gone; return the ids of their leases.

        Only what belongs to this cache is looked at: who lives in another may well be alive.
        """
        api, gone = self._client.api, set[str]()
        ours = {"label": [_LEASE, f"{_CACHE}={cache_dir()}"]}
        for found in _abandoned(api.containers(all=True, filters=ours), gone):
            remove(self._client, found["Id"])
        for found in _abandoned(api.volumes(filters=ours)["Volumes"] or (), gone):
            api.remove_volume(found["Name"])
        for folder in (docker_dir() / "boxes").glob("*"):
            if not lease_is_held(folder.name):
                remove_folder(folder)
                gone.add(folder.name)
        return sorted(gone)

    def _refusal(self, info: dict[str, object]) -> str | None:
        """Return why this engine can't hold our boxes, or ``None``."""
        options, runtimes = str(info.get("SecurityOptions")), info.get("Runtimes")
        if not self._client.api.base_url.startswith("http+docker://"):
            return (
                f"the engine at {self.base_url or os.environ.get('DOCKER_HOST')} is not on this machine's socket"
            )
        if "Docker Desktop" in str(info.get("OperatingSystem")):
            return "Docker Desktop runs its engine in another machine, which can't mount our folders"
        if "rootless" in options or "userns" in options:
            return "the engine is rootless or remaps users and can't mount our folders: use one run by root"
        if self.runtime is not None and isinstance(runtimes, dict) and self.runtime not in runtimes:
            return f"the engine has no runtime {self.runtime!r}; it has {', '.join(sorted(runtimes))}"
        return None

    def _runtime_name(self, info: dict[str, object]) -> str:
        return self.runtime or str(info.get("DefaultRuntime"))
