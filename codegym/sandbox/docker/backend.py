"""The backend ``docker``: for toolchains that come as images, and for machines where bubblewrap can't run.

How it works. A container runs our static runner and nothing else, and can contain one workspace after another. The
runner makes a user namespace of its own in the container, mounts a tmpfs there and lays the box's workspace as an
overlay over the base tree (``runner/stage.h``). A new workspace is another overlay: it takes a millisecond and no
new container. Commands reach the runner over a unix socket that it connected to when it started; the engine is
asked for nothing between a container's start and its end. The runner is one static file of the cache, bound
read-only into the container: nothing of the image is needed, and no image has to be built for us. If codegym is
root, base trees are passed in as mounts, so that any container serves any tree; otherwise they are bound when the
container is created.

What it covers. No network of any kind; a read-only system; an ordinary user, alone in a user namespace, whose
processes have no capability and can't gain any (``cap_drop=ALL``, ``no-new-privileges``); the runner's seccomp
filter on every command; separate pid, ipc, uts and mount namespaces; no ``/sys``; control groups that limit memory
(swap included), processes and processor time for the box as a whole; a hard limit on bytes and inodes written,
``/tmp`` and ``/dev/shm`` included. When the owner ends, however it does, the socket closes, the runner ends, and
the engine deletes the container. Nothing is mounted on the host.

What it costs. So that the runner can make its namespaces, the engine's own seccomp filter is replaced by ours, and
AppArmor's profile, which forbids every mount, is not applied. Before it starts a command the runner gives up its
powers; the attack tests check that.

If an engine or a runtime allows no namespaces in a container, this backend refuses. It never runs boxes that are
sealed in another way: the backend ``docker-volume`` (:mod:`codegym.sandbox.docker.volume_backend`) does, for those
who ask for it.

What it does not cover. The kernel is shared unless ``runtime`` names one that has its own. The engine must be on
this machine, because it mounts our folders.
"""

from __future__ import annotations

from functools import partial

from docker.errors import DockerException

from codegym.errors import SandboxError
from codegym.sandbox.docker.cell import DockerCell, NoStageError, start_cell
from codegym.sandbox.docker.container import ContainerSettings
from codegym.sandbox.docker.engine import Engine
from codegym.sandbox.docker.engine_info import describe
from codegym.sandbox.docker.image import build_command, docker_images, missing
from codegym.sandbox.docker.layers import docker_dir
from codegym.sandbox.docker.mount import bound_layers
from codegym.sandbox.layered.box import BoxKind, LaidBox
from codegym.sandbox.protocol import Capability, Tree
from codegym.task import Limits

_WORKSPACE = "the box itself, in a millisecond"
_DISK = "a tmpfs of that size"
_OTHER = (
    "The sandbox 'docker-volume' needs no namespaces in the container: the engine mounts the workspace, which is "
    "slower, and its disk limit is only watched"
)


class DockerBackend:
    """Opens boxes with the engine at ``base_url`` (default: ``DOCKER_HOST``, else Docker's socket).

    ``runtime`` names another OCI runtime that the engine knows; a box may use ``cpus`` processors.
    """

    name = "docker"

    def __init__(self, *, base_url: str | None = None, runtime: str | None = None, cpus: float = 2.0) -> None:
        self._engine = Engine(base_url, runtime, cpus)

    def capabilities(self) -> tuple[Capability, ...]:
        """Return what boxes in Docker can do here; open one to find out.

        Each image that has to be built gets a line.
        """
        try:
            info = self._engine.client.info()
            if reason := self._engine.why_refused(info, volume=False):
                return (Capability("run", False, reason),)
            absent = missing(self._engine.client)
            present = [name for name in docker_images() if name not in absent]
            if present:
                self.open(_empty_tree(), present[0], Limits()).close()
        except (SandboxError, DockerException, OSError) as error:
            return (Capability("run", False, str(error)),)
        images = (Capability(f"image {name}", False, f"build it: {build_command(name)}") for name in absent)
        workspace = _WORKSPACE if present else f"{_WORKSPACE}, if it can: not known before an image is built"
        return (*describe(info, self._engine.runtime, workspace=workspace, disk=_DISK), *images)

    def require(self, image: str) -> None:
        """See :class:`codegym.sandbox.protocol.Backend`."""
        self._engine.require(image, volume=False)

    def open(self, tree: Tree, image: str, limits: Limits) -> LaidBox:
        """See :class:`codegym.sandbox.protocol.Backend`."""
        self.require(image)
        self._engine.clean_up_once()
        settings = self._engine.settings(image, limits)
        return LaidBox(BoxKind(partial(self._start, settings), limits, settings.env), tree)

    def _start(self, settings: ContainerSettings, tree: Tree) -> DockerCell:
        """Start a cell. Wait for an engine that restarts, and try again once if the runner can't make its stage.

        On a busy machine one late start says nothing about the engine.
        """
        bound = bound_layers(tree, settings.uid)
        self._engine.wait_for_answer()
        try:
            return start_cell(self._engine.client, settings, bound)
        except SandboxError as error:
            if not isinstance(error, NoStageError) and self._engine.is_answering():
                raise
        self._engine.wait_for_answer()
        try:
            return start_cell(self._engine.client, settings, bound)
        except NoStageError as error:
            raise SandboxError(self._why_no_stage(error)) from error

    def _why_no_stage(self, error: NoStageError) -> str:
        """Return the error message for a container that can't lay its workspace; it may name the other backend."""
        reason = f"a container of this engine can't lay its own workspace ({error})"
        return reason if self._engine.why_refused(volume=True) else f"{reason}. {_OTHER}"


def _empty_tree() -> Tree:
    folder = docker_dir() / "nothing"
    folder.mkdir(parents=True, exist_ok=True)
    return Tree((folder,), "")
