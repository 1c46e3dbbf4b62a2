"""Docker images of the toolchains in ``sandboxes/``, named by the digest of the folder they are built from.

With the digest in its tag an image can't be stale: after an edit of a Dockerfile, opening a box asks to build it
again, and two checkouts on one machine don't use each other's images.
"""

from __future__ import annotations

import os
import socket

import docker
from docker import DockerClient
from docker.errors import BuildError, DockerException, ImageNotFound

from codegym.errors import ImageError, SandboxError
from codegym.sandbox.image.image import image_digest, image_folder, image_names

_SOCKET = "unix:///var/run/docker.sock"


def docker_images() -> tuple[str, ...]:
    """Return the names of the images that have a Dockerfile, sorted."""
    return tuple(name for name in image_names() if (image_folder(name) / "Dockerfile").is_file())


def image_tag(name: str) -> str:
    """Return the tag of image ``name`` in Docker. Raises :class:`SandboxError` if it has no Dockerfile."""
    if not (image_folder(name) / "Dockerfile").is_file():
        raise ImageError(f"image {name!r} has no Dockerfile; these have one: {', '.join(docker_images())}")
    return f"codegym-{name}:{image_digest(name)[:12]}"


def build_command(name: str) -> str:
    """Return the shell command that builds image ``name``."""
    return f"docker build --network host -t {image_tag(name)} {image_folder(name)}"


def engine_url(base_url: str | None = None) -> str:
    """Return the engine's address: ``base_url``, otherwise ``DOCKER_HOST``, otherwise Docker's own socket."""
    return base_url or os.environ.get("DOCKER_HOST") or _SOCKET


def check_listening(url: str) -> None:
    """Raise :class:`OSError` if nobody listens at the unix socket ``url``. Other addresses are not checked."""
    if url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(url.removeprefix("unix://"))


def connect(base_url: str | None = None, timeout: float = 60) -> DockerClient:
    """Return a client of the engine at :func:`engine_url`.

    Raises :class:`SandboxError` if none answers.
    """
    url = engine_url(base_url)
    try:
        check_listening(url)
        if base_url is not None:
            return DockerClient(base_url=base_url, version="auto", timeout=timeout)
        return docker.from_env(version="auto", timeout=timeout)
    except PermissionError as error:
        raise SandboxError(
            f"you may not use the engine at {url}: sudo usermod -aG docker $USER, then log in"
        ) from error
    except (DockerException, OSError) as error:
        raise SandboxError(
            f"no Docker engine answers at {url} ({error}): start one (`systemctl start docker`), name another in "
            "DOCKER_HOST, or, in a checkout, run the command through `.ci/with-docker`"
        ) from error


def missing(client: DockerClient) -> tuple[str, ...]:
    """Return the names of the images that the engine does not have."""
    tags = (tag for image in client.api.images() for tag in image["RepoTags"] or ())
    present = {tag.removeprefix("localhost/") for tag in tags}  # Podman's prefix of images built here
    return tuple(name for name in docker_images() if image_tag(name) not in present)


def search_path(client: DockerClient, name: str) -> str | None:
    """Return the ``PATH`` that image ``name`` sets, if any.

    Raises :class:`ImageError` if there is no such image.
    """
    try:
        settings = client.api.inspect_image(image_tag(name))["Config"]["Env"] or []
    except ImageNotFound as error:
        raise ImageError(f"Docker has no image {image_tag(name)}. Build it: {build_command(name)}") from error
    return dict(setting.split("=", 1) for setting in settings).get("PATH")


def build(client: DockerClient, name: str, base: str | None = None) -> None:
    """Build image ``name``. ``base`` replaces the Dockerfile's base image.

    The build uses the host's network, since an engine may have no bridge. Raises :class:`ImageError`.
    """
    arguments = {} if base is None else {"BASE": base}
    folder, tag = str(image_folder(name)), image_tag(name)
    try:
        client.images.build(path=folder, tag=tag, buildargs=arguments, network_mode="host", rm=True)
    except BuildError as error:
        log = "".join(line.get("stream", "") for line in error.build_log)[-2000:]
        raise ImageError(f"building image {name!r} failed: {error}\n{log}") from error
    except DockerException as error:
        raise ImageError(f"building image {name!r} failed: {error}") from error
