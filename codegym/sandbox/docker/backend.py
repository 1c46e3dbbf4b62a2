"""Boxes in Docker: for toolchains that come as images, and for machines where bubblewrap can't run.

How it works. A container of ours holds the static runner and nothing else, and can hold one workspace after
another. The runner makes a user namespace of its own in it, mounts a tmpfs there and lays the box's workspace
as an overlay over the base tree (``runner/stage.h``); a new workspace is another overlay, so that it takes a
millisecond and no container. Commands go to the runner over a unix socket that it called when it started; the
engine is asked for nothing between a container's start and its end. The runner reaches the container by a
read-only bind of one static file from the cache: nothing of the image is needed, and no image has to be built
for us. Base trees are handed over as mounts where codegym is root, so that any container fits any tree, and are
bound when the container is created where it is not.

What it covers. No network of any kind; a read-only system; an ordinary user in a user namespace that holds no
other, whose processes have no capability and can't gain any (``cap_drop=ALL``, ``no-new-privileges``); the
runner's seccomp filter on every command; own pid, ipc, uts and mount namespaces; no ``/sys``; control groups
that limit memory (swap included), processes and processor time for the box as a whole; a hard limit on what is
written, inodes included, ``/tmp`` and ``/dev/shm`` with it. When the owner ends, however it does, the socket
closes, the runner ends, and the engine deletes the container. Nothing is mounted on the host.

What it costs. So that the runner can make its namespaces, the engine's own seccomp filter is replaced by ours, and
AppArmor's profile, which forbids every mount, is not applied. Before it starts a command the runner gives up
what it has; that it did is what the attack tests look at.

Where an engine or a runtime allows no namespaces in a container (``NoStageError`` says why), the engine mounts the
workspace (:mod:`codegym.sandbox.docker.volume`): the engine's filter and profile then stay, ``restore`` and
``fork`` take a new container each, there is no user namespace, and the workspace lies on the host's disk, where
one file can't grow beyond ``Limits.disk_mb`` but the sum is only looked at, every 0.1 s.

What it does not cover. The kernel is shared unless ``runtime`` names one that has its own (``runsc``). The engine
must be on this machine: it mounts our folders.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

from docker import DockerClient
from docker.errors import DockerException

from codegym.catalog import cache_dir
from codegym.errors import SandboxError
from codegym.sandbox.docker.cell import Cell, NoStageError, start_cell
from codegym.sandbox.docker.container import CACHE_LABEL, LEASE_LABEL, Plan, remove
from codegym.sandbox.docker.engine import answers, describe, refusal, rootless
from codegym.sandbox.docker.image import (
    build_command,
    connect,
    docker_images,
    engine_url,
    image_tag,
    missing,
    search_path,
)
from codegym.sandbox.docker.layers import docker_dir, owned_layer, remove_folder
from codegym.sandbox.docker.mount import bound_layers
from codegym.sandbox.docker.volume import VolumeBox
from codegym.sandbox.host.folder import Family
from codegym.sandbox.host.lease import lease_is_held, owner_lease
from codegym.sandbox.image.image import BOX_ENV
from codegym.sandbox.layered.box import Kind, LaidBox
from codegym.sandbox.protocol import Capability, Tree
from codegym.task import Limits

_BOX_ID = 900001000
_RESTART_SECONDS = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DockerBackend:
    """Opens boxes with the engine at ``base_url`` (default: ``DOCKER_HOST``, else Docker's socket).

    ``runtime`` names another OCI runtime that the engine knows, such as ``runsc``; ``cpus`` is how many
    processors a box may use at most; ``workspace`` who lays it: the box itself on its ``stage``, the engine by a
    ``volume``, or (``auto``) the first that works.
    """

    base_url: str | None = None
    runtime: str | None = None
    cpus: float = 2.0
    workspace: Literal["auto", "stage", "volume"] = "auto"
    name: str = "docker"
    _trouble: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    @cached_property
    def _client(self) -> DockerClient:
        return connect(self.base_url)

    @cached_property
    def _info(self) -> dict[str, Any]:
        return dict(self._client.info())

    @cached_property
    def _podman(self) -> bool:
        return any("Podman" in part["Name"] for part in self._client.version().get("Components") or ())

    @cached_property
    def _swept(self) -> list[str]:
        """Clean up after owners that are gone, once."""
        return self.reap()

    @cached_property
    def _paths(self) -> dict[str, str | None]:
        return {}

    def capabilities(self) -> tuple[Capability, ...]:
        """Return what Docker gives here; one capability for the engine and one for each image."""
        try:
            info = self._client.info()
            refused = self._refusal(info)
            if refused is not None:
                return (Capability("run", False, refused),)
            absent = missing(self._client)
            staged = self._tried(absent)
        except (SandboxError, DockerException, OSError) as error:
            return (Capability("run", False, str(error)),)
        images = (Capability(f"image {name}", False, f"build it: {build_command(name)}") for name in absent)
        return (*describe(info, self.runtime, staged=staged, trouble=" ".join(self._trouble)), *images)

    def require(self, image: str) -> None:
        """See :class:`codegym.sandbox.protocol.Backend`."""
        if refused := self._refusal(self._info):
            raise SandboxError(refused)
        self._path(image)

    def open(self, tree: Tree, image: str, limits: Limits) -> LaidBox | VolumeBox:
        """See :class:`codegym.sandbox.protocol.Backend`."""
        self.require(image)
        _ = self._swept
        plan = self._plan(image, limits)
        if self._by_volume():
            return self._open_volume(plan, tree)
        try:
            return LaidBox(Kind(partial(self._start, plan), limits, plan.env), tree)
        except NoStageError as error:
            if self.workspace == "stage" or self._refusal(self._info, volume=True):
                raise
            box = self._open_volume(plan, tree)
            _log.warning("Docker mounts the workspaces, so that restore and fork take a container each: %s", error)
            self._trouble.append(str(error))
            return box

    def reap(self) -> list[str]:
        """Delete containers, volumes and folders of owners that are gone; return the ids of their leases.

        Only what belongs to this cache is looked at: who lives in another may well be alive.
        """
        api, gone = self._client.api, set[str]()
        ours = {"label": [LEASE_LABEL, f"{CACHE_LABEL}={cache_dir()}"]}
        for found in _abandoned(api.containers(all=True, filters=ours), gone):
            remove(self._client, found["Id"])
        for found in _abandoned(api.volumes(filters=ours)["Volumes"] or (), gone):
            api.remove_volume(found["Name"])
        for folder in (docker_dir() / "boxes").glob("*"):
            if not lease_is_held(folder.name):
                remove_folder(folder)
                gone.add(folder.name)
        return sorted(gone)

    def _refusal(self, info: dict[str, Any], *, volume: bool = False) -> str | None:
        by_engine = volume or self.workspace == "volume"
        return refusal(info, self._client.api.base_url, self.runtime, volume=by_engine, podman=self._podman)

    def _by_volume(self) -> bool:
        return self.workspace == "volume" or (self.workspace == "auto" and bool(self._trouble))

    def _path(self, image: str) -> str | None:
        tag = image_tag(image)
        if tag not in self._paths:
            self._paths[tag] = search_path(self._client, image)
        return self._paths[tag]

    def _plan(self, image: str, limits: Limits) -> Plan:
        options = str(self._info.get("SecurityOptions"))
        path = self._path(image)
        uid = os.getuid() or _BOX_ID
        return Plan(
            client=self._client,
            image=image_tag(image),
            limits=limits,
            uid=uid,
            user=0 if rootless(self._info) else uid,
            cpus=min(self.cpus, float(os.cpu_count() or 1)),
            runtime=self.runtime,
            env=BOX_ENV | ({"PATH": path} if path else {}),
            labels={LEASE_LABEL: owner_lease().id, CACHE_LABEL: str(cache_dir())},
            apparmor="apparmor" in options,
            podman=self._podman,
        )

    def _open_volume(self, plan: Plan, tree: Tree) -> VolumeBox:
        layers = tuple(owned_layer(layer, plan.uid, docker_dir() / "layers") for layer in tree.layers)
        family = Family(docker_dir() / "boxes" / plan.labels[LEASE_LABEL] / os.urandom(6).hex(), remove_folder)
        return VolumeBox(plan, layers, family)

    def _start(self, plan: Plan, tree: Tree) -> Cell:
        """Start a cell. An engine that restarts is waited for; a runner that fails is tried twice."""
        bound = bound_layers(tree, plan.uid)
        self._await_engine()
        try:
            return start_cell(plan, bound)
        except SandboxError as error:
            if not isinstance(error, NoStageError) and answers(self._client, engine_url(self.base_url)):
                raise
        self._await_engine()
        return start_cell(plan, bound)

    def _await_engine(self) -> None:
        deadline = time.monotonic() + _RESTART_SECONDS
        while not answers(self._client, engine_url(self.base_url)) and time.monotonic() < deadline:
            time.sleep(0.1)

    def _tried(self, absent: tuple[str, ...]) -> bool | None:
        """Return whether boxes lay their own workspace, by starting one; ``None`` if there is no image for it."""
        present = [name for name in docker_images() if name not in absent]
        if self._by_volume():
            return False
        if not present:
            return None
        self.open(Tree((_nothing(),), ""), present[0], Limits()).close()
        return not self._by_volume()


def _abandoned(things: Iterable[dict[str, Any]], gone: set[str]) -> Iterator[dict[str, Any]]:
    """Yield what an owner that is gone has left, and add its lease to ``gone``."""
    for thing in things:
        lease = thing["Labels"][LEASE_LABEL]
        if not lease_is_held(lease):
            gone.add(lease)
            yield thing


def _nothing() -> Path:
    """Return a tree without files."""
    folder = docker_dir() / "nothing"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
