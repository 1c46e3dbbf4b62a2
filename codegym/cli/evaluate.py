"""``codegym eval``."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from rich.text import Text
from typer import Argument, Exit, Option

from codegym.board.definition import Board, board_folder, board_names, load_board
from codegym.board.entry import Entry, make_entry, write_entry
from codegym.board.standings import interval, percent
from codegym.cli.exits import INFRASTRUCTURE
from codegym.cli.output import Json, give
from codegym.cli.setting import (
    DialectName,
    Name,
    NoCache,
    Out,
    PolicyName,
    Resume,
    Sandbox,
    Seed,
    Setting,
    Turns,
    Workers,
    play_all,
    settle,
)
from codegym.episode_file import read_episodes
from codegym.errors import ConfigError
from codegym.evaluate.attempts import chosen_tasks
from codegym.evaluate.folder import new_folder
from codegym.rollout.job import Job, make_jobs

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="The suite; may be left out with --board.")] = "",
    *,
    policy: PolicyName,
    board: Annotated[str, Option(help="The board; default: the one that ranks the suite.")] = "",
    split: Annotated[str | None, Option(help="Another split than the board's.")] = None,
    samples: Annotated[int, Option(min=0, help="Attempts a task; 0: what the board says.")] = 0,
    tasks: Annotated[int, Option(min=0, help="Only so many tasks, spread over the split; 0: the board's.")] = 0,
    seed: Seed = 0,
    name: Name = "",
    out: Out = None,
    resume: Resume = False,
    publish: Annotated[bool, Option(help="Put the entry on the board too, if it answers its question.")] = True,
    dialect: DialectName = "",
    sandbox: Sandbox = "bwrap",
    max_turns: Turns = 0,
    workers: Workers = 0,
    no_cache: NoCache = False,
    as_json: Json = False,
) -> None:
    """Measure a policy: episodes, pass@k with intervals, and an entry for a board.

    The entry is written beside the episodes, and to the board if it has scores and its split, attempts and tasks
    are the board's.
    Exits with 3 if infrastructure spoiled so many episodes that there is no score.

    Example: `codegym eval pyrepair --policy local:runs/mine/policy-after --name mine`
    """
    there = _board(suite, board)
    asked = _asked(there, split, samples, tasks)
    with settle(
        asked.suite, policy, name,
        dialect=dialect, sandbox=sandbox, turns=max_turns, cache=not no_cache, workers=workers, seed=seed,
    ) as setting:  # fmt: skip
        folder = new_folder(out, "eval", asked.suite, setting.policy.name, resume=resume)
        entry = _measure(setting, asked, folder)
    written = [write_entry(folder, entry)]
    if publish and entry.has_scores and asked == there and there.name in board_names():
        written.append(write_entry(board_folder(there.name), entry))
    value = entry.model_dump(mode="json") | {"written": [str(path) for path in written]}
    give(value, Text(_shown(entry, written)), as_json=as_json)
    raise Exit(0 if entry.scores else INFRASTRUCTURE)


def _board(suite: str, name: str) -> Board:
    """Return the board asked for, or the one for the suite, or a plain one where there is none."""
    boards = [load_board(board_folder(one)) for one in board_names()]
    if name:
        found = load_board(board_folder(name))
        if suite and suite != found.suite:
            raise ConfigError(f"board {name!r} ranks suite {found.suite!r}, not {suite!r}")
        return found
    if not suite:
        raise ConfigError("which suite? codegym eval SUITE, or --board BOARD")
    return next((one for one in boards if one.suite == suite), _plain(suite))


def _plain(suite: str) -> Board:
    return Board(name=suite, title=suite, suite=suite, ks=(1, 2, 4, 8))


def _asked(board: Board, split: str | None, samples: int, tasks: int) -> Board:
    """Return the board's question with what the options change of it."""
    most = samples or board.samples
    ks = tuple(k for k in board.ks if k <= most)
    changed = {"split": split or board.split, "tasks": tasks or board.tasks, "samples": most, "ks": ks}
    return board.model_copy(update=changed)


def _measure(setting: Setting, asked: Board, folder: Path) -> Entry:
    ids = chosen_tasks(setting.suite, asked.split, asked.tasks)
    start = time.monotonic()
    play_all(setting, ids, asked.samples, folder)
    wanted = set(make_jobs(ids, asked.samples, setting.seed))
    mine = [e for e in read_episodes(folder) if e.policy == setting.policy.name and Job.of(e) in wanted]
    return make_entry(
        asked,
        mine,
        suite_digest=setting.suite.digest,
        seeds=(setting.seed,),
        wall_seconds=round(time.monotonic() - start, 1),
        created=datetime.now(UTC).date().isoformat(),
    )


def _shown(entry: Entry, written: list[Path]) -> str:
    lost = f"; {entry.lost()}" if entry.infra_errors else ""
    scores = [
        f"{name}: {percent(score.value)} % ({interval(score)}){lost}" for name, score in entry.scores.items()
    ]
    where = f"{entry.suite}/{entry.split or 'all'}"
    about = f"{entry.policy} on {where}: {entry.tasks} tasks, {entry.samples_per_task} attempts each"
    none = [] if entry.has_scores else [f"no score: {entry.lost()}"]
    return "\n".join([about, *scores, *none, *(f"entry: {path}" for path in written)])
