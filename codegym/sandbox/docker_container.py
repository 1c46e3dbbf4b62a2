"""One container: a box's processes for as long as its workspace stays what it is.

The container gets all that Docker can take away taken away, and the static runner as its first process. Its
stdin is our stream: when that ends, for whatever reason, the runner ends, and the engine deletes the container
and the mount of its workspace by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.errors import APIError, DockerException, NotFound
from docker.types import DriverConfig, LogConfig, Mount, Ulimit

from codegym.errors import SandboxError
from codegym.sandbox.build import program
from codegym.sandbox.cgroup import Cgroup
from codegym.sandbox.channel import Channel
from codegym.sandbox.docker_layers import overlay_options
from codegym.sandbox.docker_wire import DockerWire
from codegym.sandbox.protocol import WORKDIR
from codegym.task import Limits

_RUNNER = "/.codegym-runner"
_OPEN_FILES = 1024


@dataclass(frozen=True)
class Plan:
    """What all containers of a box and of its forks have in common. ``layers`` are topmost first."""

    client: DockerClient
    image: str
    layers: tuple[Path, ...]
    limits: Limits
    uid: int
    cpus: float
    runtime: str | None
    env: dict[str, str]
    labels: dict[str, str]


@dataclass(frozen=True)
class Container:
    """A running container, and the channel to its runner."""

    id: str
    channel: Channel
    oom_kills: Callable[[], int]


def start(plan: Plan, upper: Path, work: Path) -> Container:
    """Start a container whose workspace is the overlay at ``upper``. Raises :class:`SandboxError`."""
    try:
        made = plan.client.api.create_container(**_settings(plan, upper, work))["Id"]
    except DockerException as error:
        raise SandboxError(f"Docker could not create a box: {error}") from error
    try:
        wire = DockerWire(plan.client, made)
        plan.client.api.start(made)
        channel = Channel(wire, lambda: wire.complaint.decode(errors="replace").strip())
        channel.hello()
        return Container(made, channel, _oom_counter(plan.client, made))
    except (DockerException, SandboxError) as error:
        remove(plan.client, made)
        raise SandboxError(f"Docker could not start a box: {error}") from error


def remove(client: DockerClient, container: str) -> None:
    """Kill a container and delete it with its workspace's mount; that it is gone already is fine."""
    try:
        client.api.remove_container(container, v=True, force=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != 409:  # 409: its removal is in progress
            raise SandboxError(f"Docker could not remove container {container[:12]}: {error}") from error
        client.api.wait(container, condition="removed")


def _settings(plan: Plan, upper: Path, work: Path) -> dict[str, Any]:
    limits = plan.limits
    runner = [_RUNNER, str(_OPEN_FILES), str(limits.disk_mb), "0", "0", "0"]
    settings = {
        "image": plan.image,
        "entrypoint": runner[:1],
        "command": runner[1:],
        "user": f"{plan.uid}:{plan.uid}",
        "working_dir": "/",
        "stdin_open": True,
        "labels": plan.labels,
        "hostname": "box",
        "environment": {},
        "host_config": plan.client.api.create_host_config(**_confinement(plan, upper, work)),
    }
    return settings | ({} if plan.runtime is None else {"runtime": plan.runtime})


def _confinement(plan: Plan, upper: Path, work: Path) -> dict[str, Any]:
    memory, disk = f"{plan.limits.memory_mb}m", f"size={plan.limits.disk_mb}m"
    overlay = DriverConfig("local", overlay_options(plan.layers, upper, work))
    return {
        "network_mode": "none",
        "ipc_mode": "private",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "mem_limit": memory,
        "memswap_limit": memory,
        "shm_size": f"{plan.limits.disk_mb}m",
        "pids_limit": plan.limits.processes + 1,
        "nano_cpus": int(plan.cpus * 1e9),
        "ulimits": [Ulimit(name="core", soft=0, hard=0)],
        "tmpfs": {"/tmp": f"{disk},mode=1777,nosuid,nodev,exec"},  # noqa: S108  the box's own
        "mounts": [
            Mount(_RUNNER, str(program("serve")), type="bind", read_only=True),
            Mount(WORKDIR, "", type="volume", no_copy=True, driver_config=overlay, labels=plan.labels),
        ],
        "log_config": LogConfig(type="none"),
        "auto_remove": True,
    }


def _oom_counter(client: DockerClient, container: str) -> Callable[[], int]:
    """Return what reads how many processes of the container the kernel killed for memory, from the host's cgroup.

    Where the host's control groups can't be seen (another runtime), or the box is gone, it reads 0.
    """
    pid = client.api.inspect_container(container)["State"]["Pid"]
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return lambda: 0
    groups = {names: path for _, names, path in (line.split(":", 2) for line in lines)}
    v2 = "memory" not in groups
    root = Path("/sys/fs/cgroup") if v2 else Path("/sys/fs/cgroup/memory")
    folder = root / groups.get("" if v2 else "memory", "/").lstrip("/")
    return partial(_oom_kills, Cgroup(folder, folder, v2))


def _oom_kills(group: Cgroup) -> int:
    try:
        return group.oom_kills()
    except FileNotFoundError:
        return 0
