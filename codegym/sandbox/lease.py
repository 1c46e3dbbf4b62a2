"""Leases: who owns what a box leaves on the host, and what may be cleaned up.

A process that opens boxes holds one lease: a small file under an exclusive ``flock``, which the kernel lets go
when the process is gone, however it went. What stands on the host (control groups, containers) carries the
lease's id in its name or label. :func:`reap` cleans up after leases that nobody holds any more and never
touches one that is held.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.sandbox.cgroup import cgroup_roots, remove_cgroups


@dataclass(frozen=True)
class Lease:
    """This process's lease. ``id`` is 12 hex digits; ``descriptor`` holds the lock until the process ends."""

    id: str
    descriptor: int


def owner_lease() -> Lease:
    """Return the lease of this process, made and registered at the first call, which also reaps dead ones."""
    return _lease_of(os.getpid(), cache_dir())


@lru_cache(maxsize=8)
def _lease_of(pid: int, cache: Path) -> Lease:
    folder = cache / "leases"
    folder.mkdir(parents=True, exist_ok=True)
    reap()
    name = uuid.uuid4().hex[:12]
    draft = folder / f".{name}"
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.write(descriptor, json.dumps({"pid": pid, "cgroups": [str(root) for root in cgroup_roots()]}).encode())
    draft.rename(folder / f"{name}.lease")
    return Lease(name, descriptor)


def lease_is_held(name: str) -> bool:
    """Return whether a live process holds the lease called ``name``."""
    path = cache_dir() / "leases" / f"{name}.lease"
    with _if_free(path) as free:
        return path.exists() and not free


@dataclass(frozen=True)
class Owner:
    """Who registered a lease: ``pid`` as that process saw itself; ``held`` is false once it is gone."""

    id: str
    pid: int | None
    held: bool


def owners() -> list[Owner]:
    """Return who owns boxes with this cache, those that are gone and were not cleaned up after included."""
    found = []
    for path in sorted((cache_dir() / "leases").glob("*.lease")):
        with _if_free(path) as free:
            if path.exists():
                found.append(Owner(path.stem, json.loads(path.read_text() or "{}").get("pid"), not free))
    return found


def reap() -> list[str]:
    """Clean up after every lease that nobody holds, and return the ids of those leases."""
    gone = []
    for path in sorted((cache_dir() / "leases").glob("*.lease")):
        with _if_free(path) as free:
            if free:
                _clean(path)
                gone.append(path.stem)
    return gone


def _clean(path: Path) -> None:
    roots = json.loads(path.read_text() or "{}").get("cgroups", [])
    remove_cgroups([Path(root) for root in roots], path.stem)
    path.unlink(missing_ok=True)


@contextmanager
def _if_free(path: Path) -> Iterator[bool]:
    """Yield whether nobody holds the lease at ``path``; if so, it is held by us meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)
