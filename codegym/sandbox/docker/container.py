"""What all our containers have in common, whether the box or the engine mounts the workspace.

A container is denied everything that Docker can deny. Its first process is our static runner, bound read-only from
the cache: it needs nothing of the image, and no image has to be built for it. The container ends when the stream
to the runner ends, and the engine then deletes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from json import dumps
from pathlib import Path
from resource import RLIMIT_NPROC, getrlimit
from typing import Any

from docker import DockerClient
from docker.errors import APIError, DockerException, NotFound
from docker.types import LogConfig, Mount, Ulimit

from codegym.atomic import write_whole
from codegym.digest import digest_bytes
from codegym.errors import SandboxError
from codegym.sandbox.host.cgroup import Cgroup
from codegym.sandbox.host.kernel import read_kernel_file
from codegym.sandbox.host.lease import draft_prefix
from codegym.sandbox.runner.build import SOURCE, program
from codegym.task import Limits

LEASE_LABEL, CACHE_LABEL = "codegym.lease", "codegym.cache"
"""Labels that name a container's owner: its lease, and the cache that the lease is in."""

RUNNER = "/.codegym-runner"
OPEN_FILES = 1024
_OWN_PROCESSES = 2
"""How many processes of a container may be ours and not the user's."""

_FOR_THE_RUNNER = {"unshare", "mount", "umount2", "mount_setattr", "move_mount", "open_tree", "chroot"}
"""System calls that the runner needs to lay a workspace; commands are denied them."""


@dataclass(frozen=True)
class ContainerSettings:
    """The settings of all containers of a box and of its forks.

    ``user`` is the user id of processes inside the container, ``uid`` the same user's id on the host.
    """

    image: str
    limits: Limits
    uid: int
    user: int
    cpus: float
    runtime: str | None
    env: Mapping[str, str]
    labels: Mapping[str, str]
    apparmor: bool = False
    podman: bool = False


def create(
    client: DockerClient,
    settings: ContainerSettings,
    runner: list[str],
    memory_mb: int,
    confinement: Mapping[str, Any],
) -> str:
    """Create a container and return its id. Raises :class:`SandboxError`.

    ``runner`` are arguments of the runner, ``memory_mb`` is the hard limit of the container as a whole, and
    ``confinement`` are options of Docker's in addition to those that every container gets.
    """
    host = _confinement(settings, memory_mb) | dict(confinement)
    own = {RUNNER: program("serve"), "/etc/hosts": SOURCE / "etc/hosts"}
    binds = (Mount(to, str(source), type="bind", read_only=True) for to, source in own.items())
    host["mounts"] = [*binds, *host.get("mounts", ())]
    options = {
        "image": settings.image,
        "entrypoint": [RUNNER],
        "command": [str(OPEN_FILES), str(settings.limits.disk_mb), *runner],
        "user": f"{settings.user}:{settings.user}",
        "working_dir": "/",
        "stdin_open": True,
        "labels": dict(settings.labels),
        "hostname": "box",
        "network_disabled": True,  # spares the engine one process per container, and us its resolv.conf
        "environment": {},
        "host_config": client.api.create_host_config(**host),
    }
    if settings.runtime is not None:
        options["runtime"] = settings.runtime
    try:
        return str(client.api.create_container(**options)["Id"])
    except (DockerException, OSError) as error:
        raise SandboxError(f"Docker could not create a box: {error}") from error


def remove(client: DockerClient, container: str) -> None:
    """Kill and delete a container, with the volume of its workspace if it has one; one that is gone is fine."""
    try:
        client.api.remove_container(container, v=True, force=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != 409:  # 409: its removal is in progress
            raise SandboxError(f"Docker could not remove container {container[:12]}: {error}") from error
        with suppress(NotFound):  # the removal is done
            client.api.wait(container, condition="removed")
    except OSError as error:
        raise SandboxError(f"the engine is gone, and with it container {container[:12]}: {error}") from error


def _confinement(settings: ContainerSettings, memory_mb: int) -> dict[str, Any]:
    return {
        "network_mode": "none",
        "sysctls": {"net.ipv4.tcp_no_metrics_save": "1", "net.ipv4.tcp_fastopen": "0"},  # see runner/keep.c
        "ipc_mode": "private",
        "read_only": True,
        "cap_drop": ["ALL"],
        "cap_add": [] if settings.user else ["SETFCAP"],  # a rootless engine's root needs it to map users
        "security_opt": ["no-new-privileges"],
        "mem_limit": f"{memory_mb}m",
        "memswap_limit": f"{memory_mb}m",
        "pids_limit": settings.limits.processes + _OWN_PROCESSES,
        "nano_cpus": int(settings.cpus * 1e9),
        "oom_score_adj": 1000,
        "ulimits": _ulimits(podman=settings.podman),
        "log_config": LogConfig(type="none"),
        "auto_remove": True,
    }


def _ulimits(*, podman: bool) -> list[Ulimit]:
    """Return the limits on each process. Podman's default of a million processes fails for some root users."""
    limits = {"core": 1, "nofile": OPEN_FILES}
    if podman:
        pid_max = int(read_kernel_file("/proc/sys/kernel/pid_max"))
        limits["nproc"] = min(getrlimit(RLIMIT_NPROC)[1], pid_max)
    return [Ulimit(name=name, soft=value, hard=value) for name, value in limits.items()]


def seccomp_option(folder: Path, *, podman: bool) -> str:
    """Return Docker's option for :func:`seccomp_profile`.

    For Podman, which takes only a file, write it to ``folder``.
    """
    if not podman:
        return f"seccomp={seccomp_profile()}"
    file = folder / f"seccomp-{digest_bytes(seccomp_profile().encode())[:16]}.json"
    if not file.exists():
        write_whole(file, seccomp_profile(), prefix=draft_prefix())
    return f"seccomp={file}"


@lru_cache(maxsize=1)
def seccomp_profile() -> str:
    """Return the seccomp profile, as JSON, of a container whose runner lays the workspace.

    It replaces Docker's own profile, which allows no namespaces. It denies the calls listed in
    ``runner/seccomp.c``, except those that the runner needs; the runner's own filter denies its commands all of
    them.
    """
    denied = set(re.findall(r"DENY\((\w+)\)", (SOURCE / "seccomp.c").read_text())) - {"name"} - _FOR_THE_RUNNER
    rule = {"names": sorted(denied), "action": "SCMP_ACT_ERRNO", "errnoRet": 1}
    return dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})


def cgroup_of(pid: int, container: str) -> Cgroup | None:
    """Return the control groups of a container with first process ``pid``; ``None`` if they can't be seen."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return None
    groups = {names: path for _, names, path in (line.split(":", 2) for line in lines)}
    v2 = "memory" not in groups
    root = Path("/sys/fs/cgroup") if v2 else Path("/sys/fs/cgroup/memory")
    folder = root / groups.get("" if v2 else "memory", "/").lstrip("/")
    return Cgroup(folder, folder, None, v2) if container in str(folder) and folder.is_dir() else None
