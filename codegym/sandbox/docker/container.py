"""What all containers of ours have in common, whoever lays their workspace.

A container gets all that Docker can take away taken away, and our static runner as its first process, bound
read-only from the cache: being static, it needs nothing of the image, and being bound, no image has to be built
for it. The container ends with the stream to the runner, and the engine then deletes it by itself.
"""

from __future__ import annotations

import os
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

from codegym.digest import digest_bytes
from codegym.errors import SandboxError
from codegym.sandbox.host.cgroup import Cgroup
from codegym.sandbox.host.kernel import told
from codegym.sandbox.host.lease import draft_prefix
from codegym.sandbox.runner.build import SOURCE, program
from codegym.task import Limits

LEASE_LABEL, CACHE_LABEL = "codegym.lease", "codegym.cache"
"""What a container says of its owner: the lease, and the cache that the lease lies in."""

RUNNER = "/.codegym-runner"
OPEN_FILES = 1024
_OWN_PROCESSES = 2
_FOR_THE_RUNNER = {"unshare", "mount", "umount2", "mount_setattr", "move_mount", "open_tree", "chroot"}


@dataclass(frozen=True)
class Plan:
    """What all containers of a box and of its forks have in common.

    ``user`` is who the container's processes are there, ``uid`` who that is on the host. ``memory_mb`` is the hard
    limit of the container as a whole.
    """

    client: DockerClient
    image: str
    limits: Limits
    uid: int
    user: int
    cpus: float
    runtime: str | None
    env: dict[str, str]
    labels: dict[str, str]
    apparmor: bool = False
    podman: bool = False


def create(plan: Plan, runner: list[str], memory_mb: int, confinement: Mapping[str, Any]) -> str:
    """Create a container, and return its id. ``confinement`` is what is asked for on top of what all get."""
    host = _confinement(plan, memory_mb) | dict(confinement)
    own = {RUNNER: program("serve"), "/etc/hosts": SOURCE / "etc/hosts"}
    binds = (Mount(to, str(source), type="bind", read_only=True) for to, source in own.items())
    host["mounts"] = [*binds, *host.get("mounts", ())]
    settings = {
        "image": plan.image,
        "entrypoint": [RUNNER],
        "command": [str(OPEN_FILES), str(plan.limits.disk_mb), *runner],
        "user": f"{plan.user}:{plan.user}",
        "working_dir": "/",
        "stdin_open": True,
        "labels": plan.labels,
        "hostname": "box",
        "network_disabled": True,  # spares the engine a process of its own a container, and us its resolv.conf
        "environment": {},
        "host_config": plan.client.api.create_host_config(**host),
    }
    if plan.runtime is not None:
        settings["runtime"] = plan.runtime
    try:
        return str(plan.client.api.create_container(**settings)["Id"])
    except (DockerException, OSError) as error:
        raise SandboxError(f"Docker could not create a box: {error}") from error


def remove(client: DockerClient, container: str) -> None:
    """Kill a container and delete it with its workspace's mount; that it is gone already is fine."""
    try:
        client.api.remove_container(container, v=True, force=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != 409:  # 409: its removal is in progress
            raise SandboxError(f"Docker could not remove container {container[:12]}: {error}") from error
        with suppress(NotFound):  # it was quicker
            client.api.wait(container, condition="removed")
    except OSError as error:
        raise SandboxError(f"the engine is gone, and with it container {container[:12]}: {error}") from error


def _confinement(plan: Plan, memory_mb: int) -> dict[str, Any]:
    return {
        "network_mode": "none",
        "sysctls": {"net.ipv4.tcp_no_metrics_save": "1", "net.ipv4.tcp_fastopen": "0"},  # see runner/keep.c
        "ipc_mode": "private",
        "read_only": True,
        "cap_drop": ["ALL"],
        "cap_add": [] if plan.user else ["SETFCAP"],  # without it no namespace may map a user namespace's root
        "security_opt": ["no-new-privileges"],
        "mem_limit": f"{memory_mb}m",
        "memswap_limit": f"{memory_mb}m",
        "pids_limit": plan.limits.processes + _OWN_PROCESSES,
        "nano_cpus": int(plan.cpus * 1e9),
        "oom_score_adj": 1000,
        "ulimits": _ulimits(plan),
        "log_config": LogConfig(type="none"),
        "auto_remove": True,
    }


def _ulimits(plan: Plan) -> list[Ulimit]:
    """Return the limits on each process; Podman asks for a million processes, which not every root may."""
    most = {"core": 1, "nofile": OPEN_FILES}
    if plan.podman:
        most["nproc"] = min(getrlimit(RLIMIT_NPROC)[1], int(told("/proc/sys/kernel/pid_max")))  # Podman's own
    return [Ulimit(name=name, soft=value, hard=value) for name, value in most.items()]


def seccomp_option(plan: Plan, folder: Path) -> str:
    """Return the option for :func:`seccomp_profile`; Podman takes no text but a file, put into ``folder``."""
    if not plan.podman:
        return f"seccomp={seccomp_profile()}"
    file = folder / f"seccomp-{digest_bytes(seccomp_profile().encode())[:16]}.json"
    if not file.exists():
        draft = folder / f"{draft_prefix()}{os.urandom(6).hex()}"
        draft.write_text(seccomp_profile())
        draft.rename(file)
    return f"seccomp={file}"


@lru_cache(maxsize=1)
def seccomp_profile() -> str:
    """Return the engine's filter for a runner that lays its own workspace: what it needs is left to it.

    It takes the place of Docker's own filter, which allows no namespaces. Commands get the runner's filter on top,
    which refuses those as well (``runner/seccomp.c``); this one is read from the same file.
    """
    denied = set(re.findall(r"DENY\((\w+)\)", (SOURCE / "seccomp.c").read_text())) - {"name"} - _FOR_THE_RUNNER
    rule = {"names": sorted(denied), "action": "SCMP_ACT_ERRNO", "errnoRet": 1}
    return dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})


def cgroup_of(pid: int, container: str) -> Cgroup | None:
    """Return the control groups of a container by its first process, or ``None`` where they can't be seen."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return None
    groups = {names: path for _, names, path in (line.split(":", 2) for line in lines)}
    v2 = "memory" not in groups
    root = Path("/sys/fs/cgroup") if v2 else Path("/sys/fs/cgroup/memory")
    folder = root / groups.get("" if v2 else "memory", "/").lstrip("/")
    return Cgroup(folder, folder, None, v2) if container in str(folder) and folder.is_dir() else None
