"""``codegym sandbox``: lists the owners of boxes on this machine, cleans up after dead ones, opens a box to use.

Boxes end with their owner, and every run first cleans up after dead owners. ``list`` and ``prune`` do so without a
run. ``exec`` and ``shell`` run commands in a box as an agent's commands are run.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

from rich.text import Text
from typer import Argument, Exit, Option

from codegym.cli.box import Request, exit_code, print_result, run_lines
from codegym.cli.output import Json, give, notice, table
from codegym.errors import ConfigError, SandboxError, unknown
from codegym.sandbox.bwrap.census import open_boxes
from codegym.sandbox.host.lease import owners, reap

NO_ARGS_IS_HELP = True
_ACTIONS = ("list", "prune", "exec", "shell")
_CLEANING_SECONDS = 20.0
"""How long cleaning up may take per backend."""

T = TypeVar("T")


def verb(
    action: Annotated[str, Argument(help="list, prune, exec or shell.")],
    command: Annotated[
        list[str] | None, Argument(help="For exec: the command and its arguments, after --.")
    ] = None,
    *,
    task: Annotated[str | None, Option(help="SUITE/TASK: the box that an agent gets for this task.")] = None,
    tree: Annotated[Path | None, Option(help="A box with a copy of this folder.")] = None,
    image: Annotated[str | None, Option(help="The toolchain; default: the task's, or python.")] = None,
    sandbox: Annotated[str, Option(help="Where the box runs: bwrap, docker or docker-volume.")] = "bwrap",
    timeout: Annotated[float | None, Option(help="Seconds per command; default: the box's limit.")] = None,
    as_json: Json = False,
) -> None:
    """List the owners of sandboxes on this machine, clean up after dead ones, or use a box yourself.

    `prune` never touches the boxes of a live process. Docker's containers are included if an engine answers.

    `exec` opens a box, runs one command in it and exits with the command's code (124 after a timeout, 128 and the
    signal's number after a signal). `shell` runs the lines of stdin, one after the other; only files and the
    current folder stay from line to line. Changes in the box are deleted afterwards.

    Examples:

    - `codegym sandbox list`
    - `codegym sandbox prune`
    - `codegym sandbox exec --task kata/tip-jar -- python -m pytest -q`
    - `codegym sandbox shell --tree . --image cc`
    """
    request = Request(sandbox, image, task, tree)
    if action == "list":
        _list(as_json=as_json)
    elif action == "prune":
        _prune(as_json=as_json)
    elif action == "exec":
        _exec(request, command or [], timeout, as_json=as_json)
    elif action == "shell":
        _shell(request, timeout, as_json=as_json)
    else:
        raise ConfigError(unknown("action", action, _ACTIONS))


def _list(*, as_json: bool) -> None:
    nothing: dict[str, str] = {}
    boxes, containers = open_boxes(), _of_docker(lambda census: census.open_containers(_CLEANING_SECONDS), nothing)
    by_lease = Counter(containers.values())
    rows = [
        {
            "id": owner.id,
            "pid": owner.pid,
            "held": owner.is_held,
            "boxes": by_lease[owner.id] + (boxes[owner.pid or 0] if owner.is_held else 0),
        }
        for owner in owners()
    ]
    owned = table("lease", "process", "boxes", "", right=("process", "boxes"))
    for row in rows:
        state = "alive" if row["held"] else "dead: codegym sandbox prune"
        owned.add_row(str(row["id"]), str(row["pid"]), str(row["boxes"]), state)
    give(rows, owned if rows else Text("no process has sandboxes"), as_json=as_json)


def _prune(*, as_json: bool) -> None:
    none: list[str] = []
    containers = _of_docker(lambda census: census.reap(_CLEANING_SECONDS), none)
    dead = {"bwrap": reap(_CLEANING_SECONDS, everywhere=True), "docker": containers}
    lines = [f"{name}: cleaned up after {len(ids)} dead owners" for name, ids in dead.items()]
    give(dead, Text("\n".join(lines)), as_json=as_json)


def _of_docker(ask: Callable[[Any], T], instead: T) -> T:
    """Ask the census of containers. If no engine answers, print that and return ``instead``."""
    from codegym.sandbox.docker import census as docker_census  # noqa: PLC0415 - docker is slow to import

    try:
        return ask(docker_census)
    except SandboxError as error:
        notice(f"docker is left out: {error}")
        return instead


def _exec(request: Request, command: list[str], timeout: float | None, *, as_json: bool) -> None:
    if not command:
        raise ConfigError("exec needs a command: codegym sandbox exec -- ls -l")
    with request.open() as box:
        result = box.exec(command, timeout=timeout)
    if as_json:
        give(asdict(result), Text(), as_json=True)
    else:
        print_result(result)
    raise Exit(exit_code(result))


def _shell(request: Request, timeout: float | None, *, as_json: bool) -> None:
    if as_json:
        raise ConfigError("shell has no JSON: use codegym sandbox exec --json -- COMMAND")
    terminal = sys.stdin.isatty()
    if terminal:
        notice("a box; its changes are deleted afterwards. `exit` or Ctrl-D leaves.")
    with request.open() as box:
        last = run_lines(box, timeout, prompt=terminal)
    raise Exit(exit_code(last))
