"""A running container that contains one workspace after another, which the runner in it lays.

This is the host's half: starting such a container and requesting workspaces. For the runner's half see
``runner/stage.h``. All requests go over the runner's own socket; the engine is asked for nothing between a
container's start and its end.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

from docker import DockerClient
from docker.errors import DockerException, NotFound
from docker.types import Mount

from codegym.errors import SandboxError
from codegym.sandbox.docker.container import (
    LEASE_LABEL,
    ContainerSettings,
    cgroup_of,
    create,
    remove,
    seccomp_option,
)
from codegym.sandbox.docker.layers import docker_dir, remove_folder
from codegym.sandbox.docker.mount import bound_layers, layer_mount
from codegym.sandbox.docker.residue import DockerBaseline
from codegym.sandbox.docker.wire import Listener, RunnerWire
from codegym.sandbox.host.disk import DiskWatch
from codegym.sandbox.host.memory import Memory
from codegym.sandbox.layered.channel import Channel, RefusedError
from codegym.sandbox.layered.layers import Names
from codegym.sandbox.protocol import WORKDIR, Tree

_STAGE = "/.codegym"
_CALL = "/.codegym-call"
_BOUND = "/.codegym-layers"
_INODES_PER_MB = 256
_FEWEST_INODES = 16384
_START_SECONDS = 60.0
"""How long the runner of a container may take to connect."""

_CHECK_SECONDS = 0.5
"""How often, meanwhile, the container is checked for having ended."""

_END_SECONDS = 1.0
"""How long to wait for the processes of an ended container, to drop the pages that they read."""

_ANSWER = struct.Struct("<i")


class NoStageError(SandboxError):
    """A container of this engine can't lay its own workspace."""


class DockerCell:
    """A container with a stage; see :class:`~codegym.sandbox.layered.box.Cell`.

    One thread may use it at a time; :meth:`cut` may be called from any.
    """

    disk: DiskWatch | None = None

    def __init__(
        self, container: str, wire: RunnerWire, settings: ContainerSettings, bound: Sequence[Path]
    ) -> None:
        self.container = container
        self._uid, self._bound, self._attached_layers = settings.uid, tuple(bound), 0
        self.wire = wire
        self.channel = Channel(wire, lambda: self._why_cut)
        self._why_cut, self._baseline = "", DockerBaseline()
        self._numbers = count()
        self._lock = threading.Lock()
        self._open = True
        try:
            self.channel.hello()
        except RefusedError as error:
            raise NoStageError(str(error)) from error
        self._stage = wire.next_descriptor()
        try:
            self.group = cgroup_of(wire.pid, container)
            if self.group:
                self.group.limit_sockets(settings.limits.memory_mb << 20)
            self.memory = Memory(wire.pid, self.path(""), settings.limits.memory_mb, self.group)
            self._try_overlay()
        except (OSError, ValueError) as error:
            os.close(self._stage)
            raise SandboxError(f"the box died as it started: {error}") from error
        except BaseException:
            os.close(self._stage)
            raise

    def can_load(self, tree: Tree) -> bool:
        """See :class:`~codegym.sandbox.layered.box.Cell`: any tree, or only the one whose layers are bound."""
        return bound_layers(tree, self._uid) == self._bound

    def load(self, tree: Tree) -> Names:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        self.forget()
        if self._bound:
            return bound_names(self._bound)
        self._attached_layers = len(tree.layers)
        return tuple(self.attach(layer_mount(layer, self._uid)) for layer in tree.layers)

    def share_layers(self, other: DockerCell, layers: Names) -> Callable[[str], str]:
        """See :class:`~codegym.sandbox.layered.box.Cell`.

        All layers that one box wrote are shared as one mount.
        """
        mounts = dict.fromkeys(layer.rpartition("/")[0] for layer in layers)
        moved = {mount: other.attach(self.share(mount)) for mount in mounts}

        def name_in_other(layer: str) -> str:
            mount, _, number = layer.rpartition("/")
            return f"{moved[mount]}/{number}"

        return name_in_other

    def record_baseline(self) -> None:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        self._baseline = DockerBaseline.of(self.wire.pid, self.group)

    def residue(self) -> tuple[str, ...]:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        return self._baseline.residue(self.path(""), self._attached_layers)

    def lay(self, upper: str, lowers: Sequence[str]) -> None:
        """Lay a workspace: the folder ``u/<upper>``, made if missing, over ``lowers``, topmost first."""
        self._ask("M", upper, ":".join(lowers))

    def drop(self, upper: str) -> None:
        """Delete the layer ``u/<upper>``, which no workspace may use any more."""
        self._ask("D", upper)

    def flatten(self, upper: str, layers: Sequence[str]) -> None:
        """Make ``u/<upper>`` with the merged content of ``layers`` (topmost first), which boxes wrote."""
        self._ask("J", upper, ":".join(layers))

    def clean(self) -> None:
        """Empty the box's ``/tmp`` and ``/dev/shm``."""
        self._ask("C")

    def attach(self, mount: int) -> str:
        """Attach the mount with descriptor ``mount``, close the descriptor, and return its name on the stage."""
        name = f"l/{next(self._numbers)}"
        try:
            self.wire.enclose(mount)
            self._ask("T", name)
        finally:
            os.close(mount)
        return name

    def share(self, name: str) -> int:
        """Return a descriptor of a mount of the stage's folder ``name``, for another cell to attach."""
        self._ask("G", name)
        return self.wire.next_descriptor()

    def open(self, name: str) -> int:
        """Return a descriptor of the stage's folder ``name``, for reading from outside."""
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._stage)

    def path(self, name: str) -> Path:
        """Return this process's path of ``name`` on the stage. Only for names that no command can make a link."""
        return Path(f"/proc/self/fd/{self._stage}", name)

    def forget(self) -> None:
        """Unmount the workspace, delete the box's layers, detach all mounts, and empty ``/tmp``."""
        self._ask("N")
        self._numbers = count()

    def cut(self, why: str) -> None:
        """End the box, from any thread. A running command raises an error with the reason ``why``."""
        self._why_cut = self._why_cut or why
        self.wire.cut()

    def end(self) -> None:
        """End the box and free its resources here; the engine deletes the container."""
        with self._lock:
            if self._open:
                self._open = False
                self.wire.close()
                os.close(self._stage)
                if self.group:
                    self.group.drop_pages_once_empty(_END_SECONDS)

    def _try_overlay(self) -> None:
        """Lay a workspace over an empty folder. Raises :class:`NoStageError` if that can't be done here."""
        try:
            self.lay("0", ("none",))
            os.setxattr(self.path("u/0"), "user.overlay.opaque", b"n")
        except (RefusedError, OSError) as error:
            raise NoStageError(f"an overlay on a tmpfs, which needs Linux 6.6, failed: {error}") from error
        self.forget()

    def _ask(self, kind: str, *words: str) -> None:
        payload = "".join(f"{word}\0" for word in (*words, "", "")[:2]).encode()
        answer = self.channel.ask(kind, payload)
        error, step = _ANSWER.unpack_from(answer)[0], answer[_ANSWER.size :].decode()
        if error:
            raise RefusedError(f"the box's workspace could not be changed: {step}: {os.strerror(error)}")


def start_cell(client: DockerClient, settings: ContainerSettings, bound: Sequence[Path]) -> DockerCell:
    """Start a container in which the folders ``bound`` are visible, and wait for its runner.

    ``bound`` is what :func:`~codegym.sandbox.docker.mount.bound_layers` returns. Raises :class:`SandboxError`, and
    :class:`NoStageError` if the runner can't lay a workspace or does not connect.
    """
    folder = docker_dir() / "boxes" / settings.labels[LEASE_LABEL] / os.urandom(6).hex()
    _make(folder)
    listener = Listener(folder, settings.uid)
    try:
        container = _create(client, settings, folder, bound)
        return _start(client, settings, container, listener, bound)
    finally:
        listener.close()
        remove_folder(folder)
        with suppress(OSError):  # another container of ours is starting
            folder.parent.rmdir()


def _make(folder: Path) -> None:
    while not folder.is_dir():
        with suppress(FileNotFoundError):  # another thread removed the parent
            folder.mkdir(parents=True)


def bound_names(bound: Sequence[Path]) -> tuple[str, ...]:
    """Return the paths in a box of the folders that its container was created with."""
    return tuple(f"{_BOUND}/{number}" for number in range(len(bound)))


def _create(client: DockerClient, settings: ContainerSettings, folder: Path, bound: Sequence[Path]) -> str:
    limits = settings.limits
    inodes = max(_FEWEST_INODES, limits.disk_mb * _INODES_PER_MB)
    runner = ["0", "0", "0", f"{_CALL}/s", str(limits.disk_mb << 20), str(inodes)]
    binds = {_CALL: folder} | dict(zip(bound_names(bound), bound, strict=True))
    options = ["no-new-privileges", seccomp_option(docker_dir(), podman=settings.podman)]
    confinement = {
        "mounts": [Mount(to, str(source), type="bind", read_only=True) for to, source in binds.items()],
        "tmpfs": dict.fromkeys((_STAGE, WORKDIR, "/tmp"), "size=4k,ro"),  # noqa: S108  mount points for the runner
        "security_opt": options + (["apparmor=unconfined"] if settings.apparmor else []),
    }
    return create(client, settings, runner, limits.memory_mb + limits.disk_mb, confinement)


def _start(
    client: DockerClient,
    settings: ContainerSettings,
    container: str,
    listener: Listener,
    bound: Sequence[Path],
) -> DockerCell:
    """Start the container and return its cell once the runner has connected; delete it if that fails."""
    wire = None
    try:
        client.api.start(container)
        wire = _accept(client, container, listener)
        cell = DockerCell(container, wire, settings, bound)
        if cell.group is None:  # files and memory are not counted separately: one limit for both
            limit = f"{settings.limits.memory_mb}m"
            client.api.update_container(container, mem_limit=limit, memswap_limit=limit)
    except BaseException as error:
        if wire is not None:
            wire.close()
        with suppress(SandboxError):  # remove_abandoned finds it by its label
            remove(client, container)
        if isinstance(error, OSError | DockerException):
            raise SandboxError(f"Docker could not start a box: {error}") from error
        raise
    return cell


def _accept(client: DockerClient, container: str, listener: Listener) -> RunnerWire:
    """Return the wire to the runner, or raise :class:`NoStageError` if it ends or does not connect in time."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            return listener.accept(_CHECK_SECONDS)
        except TimeoutError:
            try:
                state = client.api.inspect_container(container)["State"]["Status"]
            except NotFound:
                state = "gone"
            if state not in ("created", "running"):
                raise NoStageError(f"the container's runner ended before it connected (state: {state})") from None
    raise NoStageError(
        f"the container's runner did not connect within {_START_SECONDS:.0f} s "
        "(is the engine overloaded, or the cache folder not visible to it?)"
    )
