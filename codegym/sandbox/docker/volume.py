"""A box whose workspace the engine mounts: the slow way, for engines where a container may make no namespaces.

The box is a container, the folder with what it changed, and the snapshots that its family shares. Snapshots and
forks copy that folder and nothing of the base tree; restoring starts another container on the copy, so that no
process, no file in ``/tmp`` and no open handle of the old one can be left over.
"""

from __future__ import annotations

import errno
import os
import posixpath
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from docker.errors import DockerException
from docker.types import DriverConfig, Mount

from codegym.errors import SandboxError
from codegym.sandbox.docker.container import Plan, cgroup_of, create, remove
from codegym.sandbox.docker.layers import (
    copy_tree,
    give,
    make_work_folder,
    overlay_options,
    remove_folder,
)
from codegym.sandbox.docker.wire import AttachWire
from codegym.sandbox.host.cgroup import Cgroup
from codegym.sandbox.host.disk import DiskWatch
from codegym.sandbox.host.folder import Family
from codegym.sandbox.layered import channel as frames
from codegym.sandbox.layered.changes import changes
from codegym.sandbox.protocol import WORKDIR, Changes, ExecResult, Sandbox, Snapshot


@dataclass(frozen=True)
class Container:
    """A running container, and the channel to its runner."""

    id: str
    channel: frames.Channel
    group: Cgroup | None

    def oom_kills(self) -> int:
        """Return how many of its processes the kernel killed for memory; 0 if that can't be seen."""
        try:
            return self.group.oom_kills() if self.group else 0
        except FileNotFoundError:
            return 0


def start(plan: Plan, layers: Sequence[Path], upper: Path, work: Path) -> Container:
    """Start a container whose workspace is the overlay at ``upper``. Raises :class:`SandboxError`."""
    disk = f"{plan.limits.disk_mb}m"
    overlay = DriverConfig("local", overlay_options(layers, upper, work))
    confinement = {
        "shm_size": disk,
        "tmpfs": {"/tmp": f"size={disk},mode=1777,nosuid,nodev,exec"},  # noqa: S108  the box's own
        "mounts": [Mount(WORKDIR, "", type="volume", no_copy=True, driver_config=overlay, labels=plan.labels)],
    }
    made = create(plan, ["0", "0", "0"], plan.limits.memory_mb, confinement)
    try:
        wire = AttachWire(plan.client, made)
        plan.client.api.start(made)
        channel = frames.Channel(wire, lambda: wire.complaint.decode(errors="replace").strip())
        channel.hello()
        return Container(made, channel, _limited_group(plan, made))
    except BaseException as error:
        remove(plan.client, made)
        if isinstance(error, DockerException | SandboxError | OSError):
            raise SandboxError(f"Docker could not start a box: {error}") from error
        raise


def _limited_group(plan: Plan, container: str) -> Cgroup | None:
    """Return the container's control groups, where they can be seen: not with every runtime."""
    group = cgroup_of(plan.client.api.inspect_container(container)["State"]["Pid"], container)
    if group:
        group.limit_sockets(plan.limits.memory_mb << 20)
    return group


class VolumeBox(Sandbox):
    """One open box in Docker; see :class:`codegym.sandbox.protocol.Sandbox`."""

    def __init__(self, plan: Plan, layers: tuple[Path, ...], family: Family, source: Path | None = None) -> None:
        """Open a box of ``family``; its changes so far are those in the folder ``source``."""
        self._plan = plan
        self._layers = layers
        self._family = family
        self._lock = threading.RLock()
        self._container: Container | None = None
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
        limits = self._plan.limits
        with self._lock:
            box = self._opened()
            kills = box.oom_kills()
            ended = box.channel.run(
                frames.as_argv(command),
                cwd=frames.inside(cwd),
                env=self._plan.env | dict(env or {}),
                stdin=stdin,
                timeout=limits.command_seconds if timeout is None else timeout,
                keep=limits.output_kb << 10,
                watch=frames.Watch(self._disk.exceeded),
            )
            killed = box.oom_kills() > kills
            return self._disk.settled(replace(frames.as_result(ended, oom=False), oom=killed))

    def read(self, path: str) -> bytes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._lock:
            return frames.read_file(self._opened().channel, path, self._plan.limits.disk_mb << 20)

    def write(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; ``PermissionError`` outside the workspace."""
        with self._lock:
            frames.write_file(self._opened().channel, _in_workspace(path), content, executable=executable)

    def remove(self, path: str) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; ``PermissionError`` outside the workspace."""
        with self._lock:
            frames.remove_file(self._opened().channel, _in_workspace(path))

    def snapshot(self) -> Snapshot:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._lock:
            self._opened()
            place = self._family.place("snapshot")
            copy_tree(self._upper, place)
            return Snapshot(place.name)

    def restore(self, snapshot: Snapshot) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._lock:
            self._opened()
            source = self._family.folder / snapshot.id
            if not (snapshot.id.startswith("snapshot") and source.is_dir()):
                raise SandboxError(f"this box and its forks have no snapshot {snapshot.id!r}")
            self._drop()
            self._lay(source)

    def fork(self) -> VolumeBox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._lock:
            self._opened()
            return VolumeBox(self._plan, self._layers, self._family, self._upper)

    def open_base(self) -> VolumeBox:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        return VolumeBox(self._plan, self._layers, self._family)

    def changes(self) -> Changes:
        """See :class:`~codegym.sandbox.protocol.Sandbox`."""
        with self._lock:
            self._opened()
            descriptor = os.open(self._upper, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                return changes([descriptor], self._layers, self._plan.limits.disk_mb << 20)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """See :class:`~codegym.sandbox.protocol.Sandbox`; a command that runs in another thread is ended."""
        box = self._container
        if not self._lock.acquire(blocking=False):
            if box is not None:
                remove(self._plan.client, box.id)
            self._lock.acquire()
        try:
            if self._container is not None:
                self._drop()
                self._family.leave()
        finally:
            self._lock.release()

    def _opened(self) -> Container:
        if self._container is None:
            raise SandboxError("the box is closed")
        return self._container

    def _lay(self, source: Path | None) -> None:
        """Start a container on a fresh upper folder: empty, or a copy of ``source``."""
        place = self._family.place("box")
        self._upper, work = place / "upper", place / "work"
        make_work_folder(work)
        if source is None:
            self._upper.mkdir()
            give(self._upper, self._plan.uid)
        else:
            copy_tree(source, self._upper)
        self._disk = DiskWatch(self._upper, self._plan.limits.disk_mb)
        self._container = start(self._plan, self._layers, self._upper, work)
        frames.write_file(self._container.channel, f"{self._plan.env['HOME']}/.profile", b"", executable=False)

    def _drop(self) -> None:
        """End the container and delete its workspace."""
        box, self._container = self._container, None
        if box is not None:
            box.channel.close()
            if box.group:
                box.group.drop_pages()
            remove(self._plan.client, box.id)
            remove_folder(self._upper.parent)


def _in_workspace(path: str) -> str:
    whole = posixpath.normpath(frames.inside(path))
    if not whole.startswith(WORKDIR + "/"):
        raise PermissionError(errno.EACCES, f"only files below {WORKDIR} can be written", path)
    return whole
