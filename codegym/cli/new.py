"""``codegym new``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option

from codegym.cli.exits import FOUND_A_PROBLEM
from codegym.cli.output import Json, give
from codegym.errors import ConfigError
from codegym.foundry.handmade.complete import complete
from codegym.foundry.handmade.template import write_manifest, write_template
from codegym.importer.suite_folder import register
from codegym.progress.bars import bars
from codegym.sandbox.backend import backend
from codegym.suite import load_suite

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="The suite's name: lower case, digits and underscores.")],
    *,
    out: Annotated[Path | None, Option(help="The suite's folder; the default is ./SUITE.")] = None,
    sandbox: Annotated[str, Option("--sandbox", "--backend", help="Where to run: bwrap or docker.")] = "bwrap",
    as_json: Json = False,
) -> None:
    """Start a suite that you write by hand, or complete one.

    If the folder is new, it gets a template: suite.toml and one task. If it has tasks already, each folder
    tasks/ID with repo/ (what the agent sees), gold/ (files that solve it) and hidden/ (tests for grading) that
    has no task.toml gets one: the tests are run with and without gold/, which shows those that decide. The
    instruction is that of ID/instruction.md. Files that exist are left as they are.

    From then on the suite has a name: `codegym certify NAME`, `gymnasium.make("codegym/NAME-v1")`.

    Example: `codegym new acme && codegym certify acme`
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", suite):
        raise ConfigError(f"{suite!r} is no name for a suite: lower case, digits and underscores")
    folder = out or Path(suite)
    is_new = not (folder / "tasks").is_dir()
    if is_new:
        write_template(folder, suite)
    elif not (folder / "suite.toml").exists():
        write_manifest(folder, suite)
    with bars() as progress:
        completed, refused = complete(folder, backend(sandbox), progress)
    register(suite, folder)
    load_suite.cache_clear()
    loaded = load_suite(suite)
    lines = [f"{loaded.env_id}: {len(loaded.tasks)} tasks in {folder}, {len(completed)} of them completed now"]
    lines += [f"  {task}: {why}" for task, why in refused.items()]
    lines.append(f"next: codegym certify {suite}")
    value = {"suite": loaded.env_id, "folder": str(folder.resolve()), "tasks": len(loaded.tasks), "is_new": is_new}
    give(value | {"completed": completed, "refused": refused}, "\n".join(lines), as_json=as_json)
    if refused:
        raise Exit(FOUND_A_PROBLEM)
