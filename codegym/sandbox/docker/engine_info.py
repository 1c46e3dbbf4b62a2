"""What an engine reports about itself: why it can't run our boxes, and what it gives them.

Pure functions over the engine's own description, so that they are tested without an engine.
"""

from __future__ import annotations

from typing import Any

from codegym.sandbox.protocol import Capability

_NEEDED = {"MemoryLimit": "memory", "SwapLimit": "swap", "PidsLimit": "processes", "CpuCfsQuota": "processor time"}
"""Keys of the engine's description that are false if it can't set a limit, and the name of that limit."""


def is_rootless(info: dict[str, Any]) -> bool:
    """Return whether the engine runs as an ordinary user. Docker and Podman report that in different places."""
    return "rootless" in str(info.get("SecurityOptions")) or bool(info.get("Rootless"))


def why_refused(info: dict[str, Any], url: str, runtime: str | None, *, volume: bool, podman: bool) -> str | None:
    """Return why the engine at ``url`` can't run our boxes, or ``None`` if it can.

    ``volume``: the engine is to mount the workspaces (the backend ``docker-volume``).
    """
    options, runtimes = str(info.get("SecurityOptions")), info.get("Runtimes") or {}
    lacking = [limit for key, limit in _NEEDED.items() if info.get(key) is False]
    reasons = {
        f"the engine at {url} is not on this machine's socket": not url.startswith("http+docker://"),
        "Docker Desktop runs its engine in another machine, which can't mount our folders": (
            "Docker Desktop" in str(info.get("OperatingSystem"))
        ),
        "the engine remaps users and can't mount our folders: use one without userns-remap, or a rootless one": (
            "userns" in options
        ),
        "a rootless engine can't mount workspaces: use the sandbox 'docker'": volume and is_rootless(info),
        "a rootless engine has no limits with control groups of version 1: use version 2, or an engine of root": (
            is_rootless(info) and str(info.get("CgroupVersion")) == "1"
        ),
        "Podman mounts an empty volume instead of a workspace: use the sandbox 'docker'": volume and podman,
        f"the engine has no runtime {runtime!r}; it has {', '.join(sorted(runtimes))}": (
            runtime is not None and runtime not in runtimes
        ),
        f"the engine can't limit {', '.join(lacking)}: give it the control groups for that": bool(lacking),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def describe(info: dict[str, Any], runtime: str | None, *, workspace: str, disk: str) -> tuple[Capability, ...]:
    """Return what boxes get from an engine. ``workspace`` says who mounts it, ``disk`` how its size is limited."""
    used = runtime or str(info.get("DefaultRuntime"))
    return (
        Capability("run", True, f"Docker {info['ServerVersion']}, runtime {used}"),
        Capability("workspace", True, f"mounted by {workspace}"),
        Capability("network", True, "none: a network namespace without interfaces"),
        Capability("memory", True, f"control groups v{info.get('CgroupVersion', '1')}, swap included"),
        Capability("processes", True, "control groups"),
        Capability("disk", True, disk),
    )
