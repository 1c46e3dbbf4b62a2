"""A box of ``docker-volume``: the engine mounts its workspace.

The box consists of a container, the folder with what it changed, and the snapshots that it shares with its forks.
Snapshots and forks copy that folder and nothing of the base tree. Restoring starts another container on the copy,
so no process, no file in ``/tmp`` and no open file of the old container is left.
"""

from __future__ import annotations

import errno
import os
import posixpath
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from docker import DockerClient
from docker.errors import DockerException
from docker.types import DriverConfig, Mount

from codegym.errors import SandboxError
from codegym.sandbox.docker.container import ContainerSettings, cgroup_of, create, remove
from codegym.sandbox.docker.layers import (
    change_owner,
    copy_tree,
    make_work_folder,
    overlay_options,
    remove_folder,
)
from codegym.sandbox.docker.wire import AttachWire
from codegym.sandbox.host.cgroup import Cgroup
from codegym.sandbox.host.disk import DiskWatch
from codegym.sandbox.host.folder import Family
from codegym.sandbox.layered.changes import changes
from codegym.sandbox.layered.channel import Channel, as_argv, as_result
from codegym.sandbox.layered.files import absolute, read_file, remove_file, write_file
from codegym.sandbox.protocol import WORKDIR, Changes, ExecResult, Sandbox, Snapshot


class VolumeContainer:
    """A running container whose workspace is a volume, and the channel to its runner."""

    def __init__(self, client: DockerClient, name: str, channel: Channel, group: Cgroup | None) -> None:
        self.channel = channel
        self._client = client
        self._name = name
        self._group = group

    def oom_kills(self) -> int:
        """Return how many of its processes the kernel killed for lack of memory; 0 if that can't be seen."""
        try:
            return self._group.oom_kills() if self._group else 0
        except FileNotFoundError:
            return 0

    def kill(self) -> None:
        """Kill and delete the container. May be called from any thread: a running command ends with an error."""
        remove(self._client, self._name)

    def close(self) -> None:
        """Close the channel, drop the pages of files that the container read, and delete it."""
        self.channel.close()
        if self._group:
            self._group.drop_pages()
        self.kill()


def start(
    client: DockerClient, settings: ContainerSettings, layers: Sequence[Path], upper: Path, work: Path
) -> VolumeContainer:
    """Start a container whose workspace is an overlay of ``upper`` over ``layers``.

    Raises :class:`SandboxError`.
    """
    disk = f"{settings.limits.disk_mb}m"
    overlay = DriverConfig("local", overlay_options(layers, upper, work))
    confinement = {
        "shm_size": disk,
        "tmpfs": {"/tmp": f"size={disk},mode=1777,nosuid,nodev,exec"},  # noqa: S108  the box's own
        "mounts": [_volume(overlay, settings)],
    }
    name = create(client, settings, ["0", "0", "0"], settings.limits.memory_mb, confinement)
    try:
        wire = AttachWire(client, name)
        client.api.start(name)
        channel = Channel(wire, lambda: wire.complaint.decode(errors="replace").strip())
        channel.hello()
        group = _limited_group(client, name, settings.limits.memory_mb << 20)
        return VolumeContainer(client, name, channel, group)
    except BaseException as error:
        remove(client, name)
        if isinstance(error, DockerException | SandboxError | OSError):
            raise SandboxError(f"Docker could not start a box: {error}") from error
        raise


def _volume(overlay: DriverConfig, settings: ContainerSettings) -> Mount:
    labels = dict(settings.labels)
    return Mount(WORKDIR, "", type="volume", no_copy=True, driver_config=overlay, labels=labels)


def _limited_group(client: DockerClient, container: str, memory_bytes: int) -> Cgroup | None:
    """Return the container's control groups, with sockets limited; ``None`` if the runtime hides them."""
    group = cgroup_of(client.api.inspect_container(container)["State"]["Pid"], container)
    if group:
        group.limit_sockets(memory_bytes)
    return group


class VolumeBox(Sandbox):
    """One open box in Docker; see :class:`codegym.sandbox.protocol.Sandbox`."""

    def __init__(
        self,
        client: DockerClient,
        settings: ContainerSettings,
        layers: tuple[Path, ...],
        family: Family,
        source: Path | None = None,
    ) -> None:
        """Open a box over ``layers``, with the changes in the folder ``source``.

        ``family``: shared with its forks.
        """
        self._client = client
        self._settings = settings
        self._layers = layers
        self._family = family
        self._lock = threading.RLock()
        self._container: VolumeContainer | None = None
        family.join()
        try:
            self._lay(source)
        except BaseException:
            family.leave()
            raise

    def exec(
        self,
        command: str | Sequence[str],
        *,
        timeout: float | None = None,
        cwd: str = WORKDIR,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> ExecResult:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; a full workspace ends a command like a kill (-9)."""
        limits = self._settings.limits
        with self._lock:
            container = self._open_container()
            kills = container.oom_kills()
            end = container.channel.run(
                as_argv(command),
                cwd=absolute(cwd),
                env={**self._settings.env, **(env or {})},
                stdin=stdin,
                timeout=limits.command_seconds if timeout is None else timeout,
                keep=limits.output_kb << 10,
                is_over_limit=self._disk.is_exceeded,
            )
            oom = container.oom_kills() > kills
            return self._disk.checked(replace(as_result(end, oom=False), oom=oom))

    def read(self, path: str) -> bytes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._lock:
            return read_file(self._open_container().channel, path, self._settings.limits.disk_mb << 20)

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; ``PermissionError`` outside the workspace."""
        with self._lock:
            channel = self._open_container().channel
            write_file(channel, _in_workspace(path), content, executable=executable)

    def remove(self, path: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; ``PermissionError`` outside the workspace."""
        with self._lock:
            remove_file(self._open_container().channel, _in_workspace(path))

    def snapshot(self) -> Snapshot:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._lock:
            self._open_container()
            place = self._family.new_path("snapshot")
            copy_tree(self._upper, place)
            return Snapshot(place.name)

    def restore(self, snapshot: Snapshot) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._lock:
            self._open_container()
            source = self._family.folder / snapshot.id
            if not (snapshot.id.startswith("snapshot") and source.is_dir()):
                raise SandboxError(f"this box and its forks have no snapshot {snapshot.id!r}")
            self._drop()
            self._lay(source)

    def fork(self) -> VolumeBox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._lock:
            self._open_container()
            return VolumeBox(self._client, self._settings, self._layers, self._family, self._upper)

    def open_base(self) -> VolumeBox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        return VolumeBox(self._client, self._settings, self._layers, self._family)

    def changes(self) -> Changes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._lock:
            self._open_container()
            descriptor = os.open(self._upper, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                return changes([descriptor], self._layers, self._settings.limits.disk_mb << 20)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`. Ends a command that runs in another thread."""
        container = self._container
        if not self._lock.acquire(blocking=False):
            if container is not None:
                container.kill()
            self._lock.acquire()
        try:
            if self._container is not None:
                self._drop()
                self._family.leave()
        finally:
            self._lock.release()

    def _open_container(self) -> VolumeContainer:
        """Return the container. Raises :class:`SandboxError` if the box is closed."""
        if self._container is None:
            raise SandboxError("the box is closed")
        return self._container

    def _lay(self, source: Path | None) -> None:
        """Start a container on a new upper folder: empty, or a copy of ``source``."""
        place = self._family.new_path("box")
        self._upper, work = place / "upper", place / "work"
        make_work_folder(work)
        if source is None:
            self._upper.mkdir()
            change_owner(self._upper, self._settings.uid)
        else:
            copy_tree(source, self._upper)
        self._disk = DiskWatch(self._upper, self._settings.limits.disk_mb)
        self._container = start(self._client, self._settings, self._layers, self._upper, work)
        home = self._settings.env["HOME"]
        write_file(self._container.channel, f"{home}/.profile", b"", executable=False)

    def _drop(self) -> None:
        """End the container and delete its workspace."""
        container, self._container = self._container, None
        if container is not None:
            container.close()
            remove_folder(self._upper.parent)


def _in_workspace(path: str) -> str:
    box_path = posixpath.normpath(absolute(path))
    if not box_path.startswith(WORKDIR + "/"):
        raise PermissionError(errno.EACCES, f"only files below {WORKDIR} can be written", path)
    return box_path
