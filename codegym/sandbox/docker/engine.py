"""What an engine says about itself: whether it can hold our boxes, and what it gives them."""

from __future__ import annotations

from typing import Any

from docker import DockerClient
from docker.errors import DockerException

from codegym.sandbox.docker.image import listens
from codegym.sandbox.protocol import Capability

_NEEDED = {"MemoryLimit": "memory", "SwapLimit": "swap", "PidsLimit": "processes", "CpuCfsQuota": "processor time"}


def answers(client: DockerClient, url: str) -> bool:
    """Return whether the engine of ``client``, which listens at ``url``, is there."""
    try:
        listens(url)
        return bool(client.ping())
    except (DockerException, OSError):
        return False


def rootless(info: dict[str, Any]) -> bool:
    """Return whether an engine is an ordinary user's; Docker says it among its options, Podman apart."""
    return "rootless" in str(info.get("SecurityOptions")) or bool(info.get("Rootless"))


def refusal(info: dict[str, Any], url: str, runtime: str | None, *, volume: bool, podman: bool) -> str | None:
    """Return why this engine can't hold our boxes, or ``None``. ``volume``: it is to mount the workspaces."""
    options, runtimes = str(info.get("SecurityOptions")), info.get("Runtimes") or {}
    lacking = [what for key, what in _NEEDED.items() if info.get(key) is False]
    found = {
        f"the engine at {url} is not on this machine's socket": not url.startswith("http+docker://"),
        "Docker Desktop runs its engine in another machine, which can't mount our folders": (
            "Docker Desktop" in str(info.get("OperatingSystem"))
        ),
        "the engine remaps users and can't mount our folders: use one without userns-remap, or a rootless one": (
            "userns" in options
        ),
        "a rootless engine can't mount workspaces: use workspace='stage'": volume and rootless(info),
        "a rootless engine has no limits with control groups of version 1: use version 2, or an engine of root": (
            rootless(info) and str(info.get("CgroupVersion")) == "1"
        ),
        "Podman makes empty volumes of workspaces that it is to mount: use workspace='stage'": volume and podman,
        f"the engine has no runtime {runtime!r}; it has {', '.join(sorted(runtimes))}": (
            runtime is not None and runtime not in runtimes
        ),
        f"the engine can't limit {', '.join(lacking)}: give it the control groups for that": bool(lacking),
    }
    return next((why for why, true in found.items() if true), None)


def describe(
    info: dict[str, Any], runtime: str | None, *, staged: bool | None, trouble: str
) -> tuple[Capability, ...]:
    """Return what boxes get. ``staged``: whether they lay their own workspace; ``trouble`` says why not."""
    used = runtime or str(info.get("DefaultRuntime"))
    by_engine = f"the engine, so that restore and fork take a new container each ({trouble})"
    layer = {None: "unknown before an image is built", True: "the box itself, in a millisecond", False: by_engine}
    hard, soft = "a tmpfs of that size", "one file: hard limit; all files: looked at every 0.1 s, then killed"
    return (
        Capability("run", True, f"Docker {info['ServerVersion']}, runtime {used}"),
        Capability("workspace", staged is not False, f"laid by {layer[staged]}"),
        Capability("network", True, "none: a network namespace without interfaces"),
        Capability("memory", True, f"control groups v{info.get('CgroupVersion', '1')}, swap included"),
        Capability("processes", True, "control groups"),
        Capability("disk", True, soft if staged is False else hard),
    )
