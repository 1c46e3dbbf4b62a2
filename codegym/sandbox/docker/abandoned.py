"""Removes what owners that are gone have left in an engine and beside it: containers, volumes, folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from docker import DockerClient

from codegym.catalog import cache_dir
from codegym.sandbox.docker.container import CACHE_LABEL, LEASE_LABEL, remove
from codegym.sandbox.docker.layers import docker_dir, remove_folder
from codegym.sandbox.host.lease import lease_is_held


def remove_abandoned(client: DockerClient) -> list[str]:
    """Delete containers, volumes and folders of owners that are gone; return the ids of their leases, sorted.

    Only what carries the label of this process's cache is deleted: an owner with another cache may be alive.
    """
    api, leases = client.api, set[str]()
    ours = {"label": [LEASE_LABEL, f"{CACHE_LABEL}={cache_dir()}"]}
    for container in _abandoned(api.containers(all=True, filters=ours), leases):
        remove(client, container["Id"])
    for volume in _abandoned(api.volumes(filters=ours)["Volumes"] or (), leases):
        api.remove_volume(volume["Name"])
    for folder in (docker_dir() / "boxes").glob("*"):
        if not lease_is_held(folder.name):
            remove_folder(folder)
            leases.add(folder.name)
    return sorted(leases)


def _abandoned(labelled: Iterable[dict[str, Any]], leases: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the containers or volumes whose lease nobody holds, and add those leases to ``leases``."""
    for item in labelled:
        lease = item["Labels"][LEASE_LABEL]
        if not lease_is_held(lease):
            leases.add(lease)
            yield item
