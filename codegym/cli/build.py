"""``codegym build``."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Argument

from codegym.cli.output import Json, give
from codegym.foundry.recipe.build import build
from codegym.progress.bars import bars
from codegym.suite import load_suite

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="A suite that is made from a recipe, such as pyrepair.")],
    as_json: Json = False,
) -> None:
    """Make a suite's tasks from its lock file, in the cache.

    Downloads the pinned packages and writes the tasks; the digests in the lock are checked, its certificates
    are trusted (codegym certify executes them again). Tasks that a certificate of yours refuses are not counted.
    Safe to stop and to repeat.

    Example: `codegym build pyrepair`
    """
    with bars() as progress:
        folder = build(suite, progress)
    built = load_suite(suite)
    splits = {name: len(ids) for name, ids in built.splits.items()}
    value: dict[str, Any] = {
        "suite": built.env_id,
        "tasks": len(built.tasks),
        "splits": splits,
        "digest": built.digest,
    }
    value |= {"refused": dict(built.refused), "quarantined": dict(built.quarantined)}
    told = ", ".join(f"{name} {count}" for name, count in splits.items())
    told += f"; {len(built.refused)} refused" if built.refused else ""
    shown = f"{built.env_id}: {len(built.tasks)} tasks ({told}), digest {built.digest[:16]}\n{folder}"
    give(value | {"folder": str(folder)}, shown, as_json=as_json)
