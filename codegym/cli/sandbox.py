"""``codegym sandbox``: who holds boxes on this machine, cleaning up after dead owners, a box for one's own hands.

Boxes go with their owner, and every run cleans up after dead ones before it starts; ``list`` and ``prune`` are
for those who want to look, or to clean up without starting a run. ``exec`` and ``shell`` are for seeing what an
agent's commands see.
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

from codegym.cli.box import Request, converse, exit_code, tell
from codegym.cli.output import Json, give, notice, table
from codegym.errors import ConfigError, SandboxError, unknown
from codegym.sandbox.bwrap.census import open_boxes
from codegym.sandbox.host.lease import owners, reap

NO_ARGS_IS_HELP = True
_ACTIONS = ("list", "prune", "exec", "shell")
_PATIENCE = 20.0
T = TypeVar("T")


def verb(
    action: Annotated[str, Argument(help="list, prune, exec or shell.")],
    command: Annotated[
        list[str] | None, Argument(help="For exec: the command and its arguments, after --.")
    ] = None,
    *,
    task: Annotated[str | None, Option(help="SUITE/TASK: a box as that task's agent gets it.")] = None,
    tree: Annotated[Path | None, Option(help="A box over this folder, which stays as it is.")] = None,
    image: Annotated[str | None, Option(help="The toolchain; default: the task's, or python.")] = None,
    sandbox: Annotated[str, Option(help="Where it runs: bwrap or docker.")] = "bwrap",
    timeout: Annotated[float | None, Option(help="Seconds a command may take; default: the box's limit.")] = None,
    as_json: Json = False,
) -> None:
    """List who holds sandboxes on this machine, clean up after owners that are gone, or use a box yourself.

    `prune` never touches what a live process holds. Docker's containers are looked at where an engine answers.

    `exec` opens a box, runs one command in it and exits with the command's code (124 after a timeout, 128 and the
    signal's number after a signal). `shell` runs the lines of stdin, one after the other; only the current folder
    and files carry over from line to line. Whatever changes in the box is gone afterwards.

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
    boxes, containers = open_boxes(), _of_docker(lambda census: census.open_containers(_PATIENCE), nothing)
    by_lease = Counter(containers.values())
    found = [
        asdict(owner) | {"boxes": by_lease[owner.id] + (boxes[owner.pid or 0] if owner.held else 0)}
        for owner in owners()
    ]
    shown = table("lease", "process", "boxes", "", right=("process", "boxes"))
    for row in found:
        state = "alive" if row["held"] else "gone: codegym sandbox prune"
        shown.add_row(row["id"], str(row["pid"]), str(row["boxes"]), state)
    give(found, shown if found else Text("no process holds sandboxes"), as_json=as_json)


def _prune(*, as_json: bool) -> None:
    nobody: list[str] = []
    there = _of_docker(lambda census: census.reap(_PATIENCE), nobody)
    gone = {"bwrap": reap(_PATIENCE, everywhere=True), "docker": there}
    told = [f"{name}: cleaned up after {len(ids)} owners that are gone" for name, ids in gone.items()]
    give(gone, Text("\n".join(told)), as_json=as_json)


def _of_docker(ask: Callable[[Any], T], instead: T) -> T:
    """Ask the census of containers; where no engine answers, say so and return ``instead``."""
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
        tell(result)
    raise Exit(exit_code(result))


def _shell(request: Request, timeout: float | None, *, as_json: bool) -> None:
    if as_json:
        raise ConfigError("shell has no JSON: use codegym sandbox exec --json -- COMMAND")
    terminal = sys.stdin.isatty()
    if terminal:
        notice("a box; what changes in it is gone afterwards. `exit` or Ctrl-D leaves.")
    with request.open() as box:
        last = converse(box, timeout, prompt=terminal)
    raise Exit(exit_code(last))
