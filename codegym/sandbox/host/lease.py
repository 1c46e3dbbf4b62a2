"""Leases: who owns what a box leaves on the host, and what may be cleaned up.

A process that opens boxes holds one lease: a small file under an exclusive ``flock``, which the kernel lets go
when the process is gone, however it went. What stands on the host (control groups, containers, unfinished files
in the cache) carries the lease's id in its name or label. :func:`reap` cleans up after leases that nobody holds
any more and never touches one that is held.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from codegym.catalog import cache_dir
from codegym.sandbox.host.cgroup import cgroup_roots, remove_cgroups, sweep_cgroups
from codegym.sandbox.host.folder import remove_tree

_log = logging.getLogger(__name__)
_ONE = threading.Lock()
_LOOK_SECONDS = 0.03
_UNREGISTERED_SECONDS = 5.0
_STORES = ("trees", "runner", "docker", "docker/layers", "results/*", "codes/*", "images/*", "boxes")
"""Where in the cache files and folders are put once they are whole, and where boxes write on disk."""


@dataclass(frozen=True)
class Lease:
    """This process's lease. ``id`` is 12 hex digits; ``descriptor`` holds the lock until the process ends."""

    id: str
    descriptor: int


def owner_lease() -> Lease:
    """Return the lease of this process, made and registered at the first call, which also reaps dead ones."""
    with _ONE:
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


def draft_prefix() -> str:
    """Return how the name of a file or folder in the cache begins that is put in its place once it is whole.

    If its writer is killed before that, :func:`reap` finds it by this name.
    """
    return f".draft-{owner_lease().id}-"


def lease_is_held(name: str) -> bool:
    """Return whether a live process holds the lease called ``name``."""
    with _seen(cache_dir() / "leases" / f"{name}.lease") as seen:
        return seen is not None and not seen.free


@dataclass(frozen=True)
class Owner:
    """Who registered a lease: ``pid`` as that process saw itself; ``held`` is false once it is gone."""

    id: str
    pid: int | None
    held: bool


def owners() -> list[Owner]:
    """Return who owns boxes with this cache, those that are gone and were not cleaned up after included."""
    found = []
    for path in _leases():
        with _seen(path) as seen:
            if seen:
                found.append(Owner(path.stem, seen.said.get("pid"), not seen.free))
    return found


def lease_of(pid: int) -> str | None:
    """Return the lease of the live process ``pid``, if any; no lock is tried, which could keep a reaper off."""
    found = []
    for path in _leases():
        with suppress(FileNotFoundError):  # somebody cleans up
            if _said(path.read_bytes()).get("pid") == pid:
                found.append((path.stat().st_mtime_ns, path.stem))
    return max(found)[1] if found else None  # an older one is of a process that had the same number


def reap(seconds: float = 5.0, *, everywhere: bool = False) -> list[str]:
    """Clean up after every lease that nobody holds, and return the ids of those leases.

    What can't be removed within ``seconds`` in all (a process may hang in the kernel) is left to the next pass,
    lease and all. ``everywhere`` looks in the whole of this machine for control groups that nobody is in.
    """
    deadline, emptied = time.monotonic() + seconds, []
    for path in _leases():
        with _seen(path) as seen:
            if seen and seen.free and _emptied(path, seen.said, deadline - time.monotonic()):
                emptied.append(path)
    if emptied:
        _sweep_drafts({path.stem for path in emptied})
    gone = [path.stem for path in emptied if _dropped(path)]
    _sweep_unregistered()
    sweep_cgroups(everywhere=everywhere)
    return gone


def _leases() -> list[Path]:
    return sorted((cache_dir() / "leases").glob("*.lease"))


def _sweep_unregistered() -> None:
    """Delete leases whose owner was killed before it had registered them, which take it no time at all."""
    for draft in (cache_dir() / "leases").glob(".*"):
        with _seen(draft) as seen, suppress(FileNotFoundError):  # it was registered meanwhile
            if seen and seen.free and time.time() - draft.stat().st_mtime > _UNREGISTERED_SECONDS:
                draft.unlink()


def _sweep_drafts(dead: set[str]) -> None:
    """Delete what owners of ``dead`` leases, or of none, left unfinished; another reaper may be at it as well."""
    for store in _STORES:
        for draft in cache_dir().glob(f"{store}/.draft-*-*"):
            lease = draft.name.split("-")[1]
            if lease not in dead and lease_is_held(lease):
                continue
            try:
                remove_tree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)
            except OSError as error:
                _log.warning("can't delete %s, which a process that is gone has left: %s", draft, error)


def _emptied(path: Path, said: dict[str, Any], seconds: float) -> bool:
    """Remove the control groups of a free lease; another reaper may be at it as well."""
    done = remove_cgroups([Path(root) for root in said.get("cgroups", [])], path.stem, seconds)
    if not done:
        _log.warning("can't clean up after process %s yet: what ran in its boxes hangs", said.get("pid"))
    return done


def _dropped(path: Path) -> bool:
    """Remove a lease, which comes last: a reaper may be killed as well; return whether no other was quicker."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


@dataclass(frozen=True)
class _Seen:
    """A lease as it is: whether nobody holds it, and what its owner wrote into it."""

    free: bool
    said: dict[str, Any]


@contextmanager
def _seen(path: Path) -> Iterator[_Seen | None]:
    """Look at a lease; ``None`` if there is none, or somebody else has just cleaned up after it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        free = _taken(descriptor)
        there = os.fstat(descriptor)
        yield _Seen(free, _said(os.pread(descriptor, there.st_size, 0))) if there.st_nlink else None
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    """Share the lock unless its owner holds it, for longer than a child of a dead owner takes to start.

    Shared, so that nobody is kept from cleaning up by somebody who looks, or is killed while at it as well.
    """
    deadline = time.monotonic() + _LOOK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_SECONDS / 10)
        else:
            return True


def _said(content: bytes) -> dict[str, Any]:
    """Return what an owner wrote into its lease, of which a full disk may have kept nothing."""
    found: dict[str, Any] = json.loads(content or b"{}")
    return found
