"""Leases: which process owns what boxes leave on the host, and what may be cleaned up.

A process that opens boxes holds one lease: a small file under an exclusive ``flock``, which the kernel releases
when the process ends, however it ends. Everything on the host (control groups, containers, unfinished files in the
cache) carries the lease's id in its name or label. :func:`reap` cleans up after leases that nobody holds any more,
and never touches one that is held.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import tempfile
import threading
import time
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from codegym.catalog import cache_dir
from codegym.sandbox.host.cgroup import cgroup_roots, remove_cgroups, sweep_cgroups
from codegym.sandbox.host.folder import remove_tree

_log = logging.getLogger(__name__)
_MAKING = threading.Lock()
_FORK_SECONDS = 0.03
"""A lease is free only if it is not locked for this long: a child that its dead owner just forked still shares the
lock, until it starts another program.
"""

_UNREGISTERED_SECONDS = 5.0
"""How long an owner may take to register its lease."""

_DRAFT = re.compile(r"\.draft-([0-9a-f]{12})-")
"""The name of a draft begins with its owner's lease."""

_STORES = ("trees", "runner", "docker", "docker/layers", "results/*", "codes/*", "images/*", "boxes", "scratch")
"""Folders of the cache in which files and folders appear once they are complete, or in which boxes write."""


@dataclass(frozen=True)
class Lease:
    """This process's lease.

    ``id`` is 12 hex digits; the file behind ``descriptor`` is locked until the process ends.
    """

    id: str
    descriptor: int


def owner_lease() -> Lease:
    """Return the lease of this process. The first call makes and registers it, and cleans up after dead owners."""
    with _MAKING:
        return _make_lease(os.getpid(), cache_dir())


@lru_cache(maxsize=8)
def _make_lease(pid: int, cache: Path) -> Lease:
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
    """Return the prefix for names of unfinished files and folders in the cache, which are renamed when complete.

    If the writer is killed before that, :func:`reap` finds them by this prefix.
    """
    return f".draft-{owner_lease().id}-"


@contextmanager
def draft_folder(where: Path | None = None) -> Iterator[Path]:
    """Make a folder in ``where`` (default: the cache), and delete it when the block ends.

    It is locked meanwhile. If this process is killed, the next call for the same ``where`` deletes it, also one of
    a process with another cache.
    """
    place = where or cache_dir() / "scratch"
    place.mkdir(parents=True, exist_ok=True)
    _delete_unlocked_drafts(place)
    with tempfile.TemporaryDirectory(prefix=draft_prefix(), dir=place, ignore_cleanup_errors=True) as name:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Path(name)
        finally:
            os.close(descriptor)


def lease_is_held(name: str) -> bool:
    """Return whether a live process holds the lease called ``name``."""
    with _inspect(cache_dir() / "leases" / f"{name}.lease") as lease:
        return lease is not None and not lease.is_free


@dataclass(frozen=True)
class LeaseOwner:
    """The process that registered the lease ``id``.

    ``pid`` is the process id in its own pid namespace; ``is_held`` is false once the process is gone.
    """

    id: str
    pid: int | None
    is_held: bool


def owners() -> list[LeaseOwner]:
    """Return all owners of boxes with this cache, including dead ones that nobody has cleaned up after yet."""
    result = []
    for path in _lease_files():
        with _inspect(path) as lease:
            if lease:
                result.append(LeaseOwner(path.stem, lease.record.get("pid"), not lease.is_free))
    return result


def lease_of(pid: int) -> str | None:
    """Return the lease of the live process ``pid``, if any.

    Tries no lock, which could make a reaper skip the lease.
    """
    leases = []
    for path in _lease_files():
        with suppress(FileNotFoundError):  # another process cleans up
            if _parse(path.read_bytes()).get("pid") == pid:
                leases.append((path.stat().st_mtime_ns, path.stem))
    return max(leases)[1] if leases else None  # an older one is of a process that had the same number


def reap(seconds: float = 5.0, *, everywhere: bool = False) -> list[str]:
    """Clean up after every lease that nobody holds, and return the ids of those leases.

    What can't be removed within ``seconds`` in all (a process may hang in the kernel) is left to the next call,
    and its lease is kept. ``everywhere``: remove control groups without processes on the whole machine.
    """
    deadline, emptied = time.monotonic() + seconds, []
    for path in _lease_files():
        with _inspect(path) as lease:
            if lease and lease.is_free and _remove_groups(path, lease.record, deadline - time.monotonic()):
                emptied.append(path)
    if emptied:
        _sweep_drafts({path.stem for path in emptied})
    removed = [path.stem for path in emptied if _remove_lease(path)]
    _sweep_unregistered()
    sweep_cgroups(everywhere=everywhere)
    return removed


def _lease_files() -> list[Path]:
    return sorted((cache_dir() / "leases").glob("*.lease"))


def _sweep_unregistered() -> None:
    """Delete lease files whose owner was killed before it registered them."""
    for draft in (cache_dir() / "leases").glob(".*"):
        with _inspect(draft) as lease, suppress(FileNotFoundError):  # it was registered meanwhile
            if lease and lease.is_free and time.time() - draft.stat().st_mtime > _UNREGISTERED_SECONDS:
                draft.unlink()


def _sweep_drafts(dead: set[str]) -> None:
    """Delete unfinished files of ``dead`` leases and of leases that are gone. Another reaper may do the same."""
    for store in _STORES:
        _delete_drafts(cache_dir().glob(f"{store}/.draft-*-*"), dead)


def _delete_drafts(drafts: Iterable[Path], dead: Collection[str]) -> None:
    for draft in drafts:
        match = _DRAFT.match(draft.name)
        if match and (match[1] in dead or not lease_is_held(match[1])):
            _delete(draft)


def _delete_unlocked_drafts(place: Path) -> None:
    """Delete folders of :func:`draft_folder` whose process is gone. A new one may not be locked yet."""
    for draft in place.glob(".draft-*-*"):
        with suppress(FileNotFoundError, NotADirectoryError):
            if not _DRAFT.match(draft.name) or time.time() - draft.stat().st_mtime < _UNREGISTERED_SECONDS:
                continue
            descriptor = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                if _is_free(descriptor):
                    _delete(draft)
            finally:
                os.close(descriptor)


def _delete(draft: Path) -> None:
    try:
        remove_tree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("can't delete %s, left by a process that is gone: %s", draft, error)


def _remove_groups(path: Path, record: dict[str, Any], seconds: float) -> bool:
    """Remove the control groups of a free lease; return whether all are gone. Another reaper may do the same."""
    done = remove_cgroups([Path(root) for root in record.get("cgroups", [])], path.stem, seconds)
    if not done:
        _log.warning("can't clean up after process %s yet: a process of its boxes hangs", record.get("pid"))
    return done


def _remove_lease(path: Path) -> bool:
    """Remove a lease file; return whether this reaper was the first to do so.

    Call it last: if a reaper is killed before, the next one finds the lease and continues.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


@dataclass(frozen=True)
class _LeaseFile:
    """A lease as it is now: whether nobody holds it, and the record that its owner wrote."""

    is_free: bool
    record: dict[str, Any]


@contextmanager
def _inspect(path: Path) -> Iterator[_LeaseFile | None]:
    """Open a lease, and keep it locked meanwhile if it is free. ``None`` if it is gone or was just cleaned up."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        is_free = _is_free(descriptor)
        status = os.fstat(descriptor)
        yield _LeaseFile(is_free, _parse(os.pread(descriptor, status.st_size, 0))) if status.st_nlink else None
    finally:
        os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    """Return whether the owner of an open lease file is gone; if so, hold a shared lock on the file.

    Shared, so that a process that inspects, or that was killed while it inspected, keeps nobody from cleaning up.
    """
    deadline = time.monotonic() + _FORK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_FORK_SECONDS / 10)
        else:
            return True


def _parse(content: bytes) -> dict[str, Any]:
    """Return the record in a lease file. The file is empty if the disk was full."""
    record: dict[str, Any] = json.loads(content or b"{}")
    return record
