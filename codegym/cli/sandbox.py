"""``codegym sandbox``: what boxes left on this machine, and cleaning it up.

Boxes go with their owner, and every run cleans up after dead ones before it starts; this is for those who want
to look, or to clean up without starting a run.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from rich.text import Text
from typer import Argument

from codegym.cli.output import Json, give, notice, table
from codegym.errors import CodegymError, ConfigError, unknown
from codegym.sandbox.lease import owners, reap

NO_ARGS_IS_HELP = True


def verb(
    action: Annotated[str, Argument(help="list or prune")],
    as_json: Json = False,
) -> None:
    """List who holds sandboxes on this machine, or clean up after owners that are gone.

    `prune` never touches what a live process holds. Docker's containers are looked at where an engine answers.

    Examples:

    - `codegym sandbox list`
    - `codegym sandbox prune`
    """
    if action == "list":
        _list(as_json=as_json)
    elif action == "prune":
        _prune(as_json=as_json)
    else:
        raise ConfigError(unknown("action", action, ["list", "prune"]))


def _list(*, as_json: bool) -> None:
    found = [asdict(owner) for owner in owners()]
    shown = table("lease", "process", "", right=("process",))
    for row in found:
        shown.add_row(row["id"], str(row["pid"]), "alive" if row["held"] else "gone: codegym sandbox prune")
    give(found, shown if found else Text("no process holds sandboxes"), as_json=as_json)


def _prune(*, as_json: bool) -> None:
    gone = {"bwrap": reap(), "docker": _reap_docker()}
    told = [f"{name}: cleaned up after {len(ids)} owners that are gone" for name, ids in gone.items()]
    give(gone, Text("\n".join(told)), as_json=as_json)


def _reap_docker() -> list[str]:
    from codegym.sandbox.docker import DockerBackend  # noqa: PLC0415 - docker is slow to import

    try:
        return DockerBackend().reap()
    except CodegymError as error:
        notice(f"docker is left out: {error}")
        return []
