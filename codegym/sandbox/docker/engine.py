"""One engine, as both Docker backends use it: the connection, what it reports, and the settings of a container."""

from __future__ import annotations

import os
import threading
import time
from functools import cached_property
from typing import Any

from docker import DockerClient
from docker.errors import DockerException

from codegym.catalog import cache_dir
from codegym.errors import SandboxError
from codegym.sandbox.docker.abandoned import remove_abandoned
from codegym.sandbox.docker.container import CACHE_LABEL, LEASE_LABEL, ContainerSettings
from codegym.sandbox.docker.engine_info import is_rootless, why_refused
from codegym.sandbox.docker.image import check_listening, connect, engine_url, image_tag, search_path
from codegym.sandbox.host.lease import owner_lease
from codegym.sandbox.image.image import BOX_ENV
from codegym.task import Limits

_BOX_ID = 900001000
"""The host's user id of boxes if codegym is root: it owns nothing."""

_RESTART_SECONDS = 60.0
"""How long an engine that does not answer may take to come back."""


class Engine:
    """The engine at ``base_url`` (default: ``DOCKER_HOST``, else Docker's socket), connected at the first use.

    ``runtime`` names another OCI runtime that it knows; a box may use ``cpus`` processors.
    """

    def __init__(self, base_url: str | None, runtime: str | None, cpus: float) -> None:
        self.runtime = runtime
        self._base_url = base_url
        self._cpus = cpus
        self._search_paths: dict[str, str | None] = {}
        self._cleaned_up = False
        self._lock = threading.Lock()

    @cached_property
    def client(self) -> DockerClient:
        """The connection. Raises :class:`SandboxError` if no engine answers."""
        return connect(self._base_url)

    @cached_property
    def _info(self) -> dict[str, Any]:
        return dict(self.client.info())

    @cached_property
    def _is_podman(self) -> bool:
        return any("Podman" in part["Name"] for part in self.client.version().get("Components") or ())

    def why_refused(self, info: dict[str, Any] | None = None, *, volume: bool) -> str | None:
        """Return why this engine can't run our boxes, or ``None``; see :mod:`~codegym.sandbox.docker.engine_info`.

        ``info`` is the engine's description, by default the one from the first use.
        """
        url = self.client.api.base_url
        return why_refused(info or self._info, url, self.runtime, volume=volume, podman=self._is_podman)

    def require(self, image: str, *, volume: bool) -> None:
        """Raise :class:`SandboxError` if this engine is refused, ``ImageError`` if it does not have ``image``."""
        if reason := self.why_refused(volume=volume):
            raise SandboxError(reason)
        self._search_path(image)

    def settings(self, image: str, limits: Limits) -> ContainerSettings:
        """Return the settings of a container with ``image`` and ``limits``."""
        path = self._search_path(image)
        uid = os.getuid() or _BOX_ID
        return ContainerSettings(
            image=image_tag(image),
            limits=limits,
            uid=uid,
            user=0 if is_rootless(self._info) else uid,
            cpus=min(self._cpus, float(os.cpu_count() or 1)),
            runtime=self.runtime,
            env=BOX_ENV | ({"PATH": path} if path else {}),
            labels={LEASE_LABEL: owner_lease().id, CACHE_LABEL: str(cache_dir())},
            apparmor="apparmor" in str(self._info.get("SecurityOptions")),
            podman=self._is_podman,
        )

    def clean_up_once(self) -> None:
        """At the first call, remove what owners that are gone have left; see :func:`remove_abandoned`."""
        with self._lock:
            if not self._cleaned_up:
                remove_abandoned(self.client)
                self._cleaned_up = True

    def is_answering(self) -> bool:
        """Return whether the engine answers now."""
        try:
            check_listening(engine_url(self._base_url))
            return bool(self.client.ping())
        except (DockerException, OSError):
            return False

    def wait_for_answer(self) -> None:
        """Wait until the engine answers, since it may be restarting, or for a minute."""
        deadline = time.monotonic() + _RESTART_SECONDS
        while not self.is_answering() and time.monotonic() < deadline:
            time.sleep(0.1)

    def _search_path(self, image: str) -> str | None:
        tag = image_tag(image)
        if tag not in self._search_paths:
            self._search_paths[tag] = search_path(self.client, image)
        return self._search_paths[tag]
