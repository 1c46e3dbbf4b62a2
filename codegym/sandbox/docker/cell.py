"""A running container that can hold one workspace after another: the runner in it lays them itself.

See ``runner/stage.h`` for what happens inside. This is the host's half: starting such a container and asking for
workspaces. All questions go over the runner's own socket; the engine is asked for nothing between a
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

from docker.errors import DockerException, NotFound
from docker.types import Mount

from codegym.errors import SandboxError
from codegym.sandbox.docker.container import LEASE_LABEL, Plan, cgroup_of, create, remove, seccomp_option
from codegym.sandbox.docker.layers import docker_dir, remove_folder
from codegym.sandbox.docker.mount import bound_layers, layer_mount
from codegym.sandbox.docker.residue import Seal
from codegym.sandbox.docker.wire import CallWire, Listener
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
_LOOK_SECONDS = 0.5
_END_SECONDS = 1.0
_ANSWER = struct.Struct("<i")


class NoStageError(SandboxError):
    """A container of this engine can't lay its own workspace."""


class Cell:
    """A container with a stage. Used by one thread at a time, but for :meth:`cut`."""

    disk: DiskWatch | None = None

    def __init__(self, container: str, wire: CallWire, plan: Plan, bound: Sequence[Path]) -> None:
        self.container = container
        self._uid, self._bound, self._taken = plan.uid, tuple(bound), 0
        self.wire = wire
        self.channel = Channel(wire, lambda: self._why)
        self._why, self._seal = "", Seal()
        self._numbers = count()
        self._lock = threading.Lock()
        self._open = True
        try:
            self.channel.hello()
        except RefusedError as error:
            raise NoStageError(str(error)) from error
        self._stage = wire.came()
        try:
            self.group = cgroup_of(wire.pid, container)
            if self.group:
                self.group.limit_sockets(plan.limits.memory_mb << 20)
            self.memory = Memory(wire.pid, self.path(""), plan.limits.memory_mb, self.group)
            self._prove()
        except (OSError, ValueError) as error:
            os.close(self._stage)
            raise SandboxError(f"the box died as it started: {error}") from error
        except BaseException:
            os.close(self._stage)
            raise

    def holds(self, tree: Tree) -> bool:
        """See :class:`~codegym.sandbox.layered.box.Cell`: any tree, or only that whose layers are bound."""
        return bound_layers(tree, self._uid) == self._bound

    def take(self, tree: Tree) -> Names:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        self.forget()
        if self._bound:
            return bound_names(self._bound)
        self._taken = len(tree.layers)
        return tuple(self.attach(layer_mount(layer, self._uid)) for layer in tree.layers)

    def give(self, other: Cell, layers: Names) -> Callable[[str], str]:
        """See :class:`~codegym.sandbox.layered.box.Cell`; layers that a box wrote lie in one mount."""
        mounts = dict.fromkeys(layer.rpartition("/")[0] for layer in layers)
        moved = {mount: other.attach(self.share(mount)) for mount in mounts}

        def named(layer: str) -> str:
            mount, _, number = layer.rpartition("/")
            return f"{moved[mount]}/{number}"

        return named

    def look(self) -> None:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        self._seal = Seal.of(self.wire.pid, self.group)

    def residue(self) -> tuple[str, ...]:
        """See :class:`~codegym.sandbox.layered.box.Cell`."""
        return self._seal.residue(self.path(""), self._taken)

    def lay(self, upper: str, lowers: Sequence[str]) -> None:
        """Lay a workspace: ``u/<upper>``, made if missing, over the lower folders, topmost first."""
        self._ask("M", upper, ":".join(lowers))

    def drop(self, upper: str) -> None:
        """Delete the layer ``u/<upper>``, which no workspace uses any more."""
        self._ask("D", upper)

    def flatten(self, upper: str, layers: Sequence[str]) -> None:
        """Make ``u/<upper>``, which holds what ``layers`` (topmost first), written by boxes, hold together."""
        self._ask("J", upper, ":".join(layers))

    def clean(self) -> None:
        """Empty the box's ``/tmp`` and ``/dev/shm``."""
        self._ask("C")

    def attach(self, mount: int) -> str:
        """Attach the mount with descriptor ``mount``, which is closed, and return its name on the stage."""
        name = f"l/{next(self._numbers)}"
        try:
            self.wire.enclose(mount)
            self._ask("T", name)
        finally:
            os.close(mount)
        return name

    def share(self, name: str) -> int:
        """Return a descriptor of a mount of the folder ``name`` on the stage, for another cell to attach."""
        self._ask("G", name)
        return self.wire.came()

    def open(self, name: str) -> int:
        """Return a descriptor of the folder ``name`` on the stage, for reading from outside."""
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._stage)

    def path(self, name: str) -> Path:
        """Return this process's path of ``name`` on the stage; for what no command can replace by a link."""
        return Path(f"/proc/self/fd/{self._stage}", name)

    def forget(self) -> None:
        """Let go of all that was taken and written, and of the workspace."""
        self._ask("N")
        self._numbers = count()

    def cut(self, why: str) -> None:
        """End the box from any thread: a command that runs ends with an error that says ``why``."""
        self._why = self._why or why
        self.wire.cut()

    def end(self) -> None:
        """End the box and give back what it holds here; the engine deletes the container by itself."""
        with self._lock:
            if self._open:
                self._open = False
                self.wire.close()
                os.close(self._stage)
                if self.group:
                    self.group.drop_pages_of_the_dead(_END_SECONDS)

    def _prove(self) -> None:
        """Lay a workspace on nothing, to see now whether it can be done."""
        try:
            self.lay("0", ("none",))
            os.setxattr(self.path("u/0"), "user.overlay.opaque", b"n")
        except (RefusedError, OSError) as error:
            raise NoStageError(f"no overlay with marks on a tmpfs, which takes Linux 6.6 ({error})") from error
        self.forget()

    def _ask(self, kind: str, *words: str) -> None:
        payload = "".join(f"{word}\0" for word in (*words, "", "")[:2]).encode()
        answer = self.channel.ask(kind, payload)
        error, what = _ANSWER.unpack_from(answer)[0], answer[_ANSWER.size :].decode()
        if error:
            raise RefusedError(f"the box's workspace could not be changed: {what}: {os.strerror(error)}")


def start_cell(plan: Plan, bound: Sequence[Path]) -> Cell:
    """Start a container, in which the folders ``bound`` can be seen, and wait for its runner.

    They are what :func:`~codegym.sandbox.docker.mount.bound_layers` says. Raises :class:`SandboxError`.
    """
    folder = docker_dir() / "boxes" / plan.labels[LEASE_LABEL] / os.urandom(6).hex()
    _make(folder)
    listener = Listener(folder, plan.uid)
    try:
        return _called(plan, _create(plan, folder, bound), listener, bound)
    finally:
        listener.close()
        remove_folder(folder)
        with suppress(OSError):  # another is starting beside it
            folder.parent.rmdir()


def _make(folder: Path) -> None:
    while not folder.is_dir():
        with suppress(FileNotFoundError):  # another that has started took the parent away
            folder.mkdir(parents=True)


def bound_names(bound: Sequence[Path]) -> tuple[str, ...]:
    """Return what the folders that a cell was started with are called in a box."""
    return tuple(f"{_BOUND}/{number}" for number in range(len(bound)))


def _create(plan: Plan, folder: Path, bound: Sequence[Path]) -> str:
    limits = plan.limits
    inodes = max(_FEWEST_INODES, limits.disk_mb * _INODES_PER_MB)
    runner = ["0", "0", "0", f"{_CALL}/s", str(limits.disk_mb << 20), str(inodes)]
    binds = {_CALL: folder} | dict(zip(bound_names(bound), bound, strict=True))
    options = ["no-new-privileges", seccomp_option(plan, docker_dir())]
    confinement = {
        "mounts": [Mount(to, str(source), type="bind", read_only=True) for to, source in binds.items()],
        "tmpfs": dict.fromkeys((_STAGE, WORKDIR, "/tmp"), "size=4k,ro"),  # noqa: S108  where it mounts its own
        "security_opt": options + (["apparmor=unconfined"] if plan.apparmor else []),
    }
    return create(plan, runner, limits.memory_mb + limits.disk_mb, confinement)


def _called(plan: Plan, container: str, listener: Listener, bound: Sequence[Path]) -> Cell:
    """Start the container and wait for its runner's call."""
    wire = None
    try:
        plan.client.api.start(container)
        wire = _awaited(plan, container, listener)
        cell = Cell(container, wire, plan, bound)
        if cell.group is None:  # files can't be told from memory: together they may take what memory may
            limit = f"{plan.limits.memory_mb}m"
            plan.client.api.update_container(container, mem_limit=limit, memswap_limit=limit)
    except BaseException as error:
        if wire is not None:
            wire.close()
        with suppress(SandboxError):  # a reaper finds it by its label
            remove(plan.client, container)
        if isinstance(error, OSError | DockerException):
            raise SandboxError(f"Docker could not start a box: {error}") from error
        raise
    return cell


def _awaited(plan: Plan, container: str, listener: Listener) -> CallWire:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            return listener.accept(_LOOK_SECONDS)
        except TimeoutError:
            try:
                state = plan.client.api.inspect_container(container)["State"]["Status"]
            except NotFound:
                state = "gone"
            if state not in ("created", "running"):
                break
    raise NoStageError("the runner could not call back")
