"""Detached mounts of base trees, passed to a running container for its next box.

Docker can bind a folder only when it creates a container. Root can do better: clone a folder's mount without
attaching it anywhere, make it read-only, map its files to the box's user, and send its descriptor to the runner,
which attaches it in its own namespace. So a container serves any tree, nothing is copied, however large the tree,
and nothing is mounted on the host.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from errno import EINVAL
from functools import lru_cache
from pathlib import Path

from codegym.errors import SandboxError
from codegym.sandbox.docker.layers import docker_dir, owned_layer
from codegym.sandbox.protocol import Tree

# Numbers of linux/mount.h and of the system call table, which Python has no names for.
_OPEN_TREE, _MOUNT_SETATTR = 428, 442
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000
_CLONE, _CLOEXEC = 1, os.O_CLOEXEC
_RDONLY, _NOSUID, _NODEV, _IDMAP = 1, 2, 4, 0x100000

_NAMESPACE_SECONDS = 5.0
"""How long ``unshare`` may take to make a namespace."""


def detach_mount(folder: Path, owner: int | None = None) -> int:
    """Return a descriptor of a read-only clone of ``folder``'s mount. The caller closes it.

    With ``owner``, files of root appear as that user's. Raises :class:`OSError`: ``EPERM`` if this process is not
    root in the host's namespaces, ``EINVAL`` if the file system can't map owners.
    """
    mount = _call(_OPEN_TREE, _AT_FDCWD, os.fsencode(folder), _CLONE | _CLOEXEC)
    try:
        flags = _RDONLY | _NOSUID | _NODEV | (0 if owner is None else _IDMAP)
        attributes = (ctypes.c_uint64 * 4)(flags, 0, 0, 0 if owner is None else _owner_map(owner))
        _call(_MOUNT_SETATTR, mount, b"", _AT_EMPTY_PATH, attributes, ctypes.sizeof(attributes))
    except BaseException:
        os.close(mount)
        raise
    return mount


@lru_cache(maxsize=1)
def can_detach() -> bool:
    """Return whether this process may call :func:`detach_mount`.

    That needs root, in the host's mount namespace, and Linux 5.12.
    """
    try:
        os.close(detach_mount(Path("/")))
    except OSError:
        return False
    return True


def bound_layers(tree: Tree, uid: int) -> tuple[Path, ...]:
    """Return the folders to bind when a container for ``tree`` is created: none if mounts can be passed later."""
    return () if can_detach() else tuple(_owned(layer, uid) for layer in tree.layers)


def layer_mount(layer: Path, uid: int) -> int:
    """Return a detached mount of ``layer`` whose files belong to ``uid``: mapped, or copied if mapping fails."""
    owner = layer.stat().st_uid
    try:
        if owner in (0, uid):
            return detach_mount(layer, None if owner == uid else uid)
    except OSError as error:
        if error.errno != EINVAL:
            raise SandboxError(f"{layer} can't be mounted in a box: {error}") from error
    return detach_mount(_owned(layer, uid))


def _owned(layer: Path, uid: int) -> Path:
    return owned_layer(layer, uid, docker_dir() / "layers")


@lru_cache(maxsize=1)
def _owner_map(owner: int) -> int:
    """Return a descriptor of a user namespace without processes, whose root is the host's user ``owner``."""
    with subprocess.Popen(["unshare", "--user", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as idle:
        place = Path(f"/proc/{idle.pid}")
        deadline = time.monotonic() + _NAMESPACE_SECONDS
        while (place / "ns/user").readlink() == Path("/proc/self/ns/user").readlink():
            if idle.poll() is not None or time.monotonic() > deadline:
                raise SandboxError("can't make a user namespace to map owners with (see user.max_user_namespaces)")
            time.sleep(0.001)
        for kind in ("uid_map", "gid_map"):
            (place / kind).write_text(f"0 {owner} 1")
        return os.open(place / "ns/user", os.O_RDONLY | os.O_CLOEXEC)


def _call(number: int, *arguments: object) -> int:
    result = int(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
