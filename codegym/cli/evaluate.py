"""``codegym eval``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.text import Text
from typer import Argument, Exit, Option

from codegym.board.compare import compare, find_entry
from codegym.board.entry import Entry
from codegym.board.interval import rough_note
from codegym.board.standings import interval, percent
from codegym.cli.compare import gain_fields, gain_line
from codegym.cli.exits import INFRASTRUCTURE
from codegym.cli.output import Json, give
from codegym.cli.setting import (
    AnswerTokens,
    ContextTokens,
    DialectName,
    Name,
    NoCache,
    Out,
    PolicyName,
    Resume,
    Sandbox,
    Seed,
    Temperature,
    TopP,
    Turns,
    Workers,
    ended_by,
    settle,
    watched,
)
from codegym.evaluate.folder import new_folder
from codegym.evaluate.measure import measure, publish_entry, question, standing_board, stops_of
from codegym.policy.answers import AnswerOptions

NO_ARGS_IS_HELP = True


def verb(
    suite: Annotated[str, Argument(help="The suite; not needed with --board.")] = "",
    *,
    policy: PolicyName,
    board: Annotated[str, Option(help="The board; default: the one that ranks the suite.")] = "",
    split: Annotated[str | None, Option(help="Another split than the board's.")] = None,
    samples: Annotated[int, Option(min=0, help="Attempts per task; 0: the board's number.")] = 0,
    tasks: Annotated[int, Option(min=0, help="How many tasks, spread over the split; 0: the board's number.")] = 0,
    seed: Seed = 0,
    name: Name = "",
    out: Out = None,
    resume: Resume = False,
    publish: Annotated[
        bool, Option(help="Also put the entry on the board, if it answers the board's question.")
    ] = True,
    against: Annotated[
        Path | None,
        Option(help="Another policy's entry, or a folder with one: also give the paired gain over it."),
    ] = None,
    dialect: DialectName = "",
    sandbox: Sandbox = "bwrap",
    max_turns: Turns = 0,
    temperature: Temperature = None,
    top_p: TopP = None,
    answer_tokens: AnswerTokens = None,
    context_tokens: ContextTokens = None,
    workers: Workers = 0,
    no_cache: NoCache = False,
    as_json: Json = False,
) -> None:
    """Measure a policy: episodes, pass@k with intervals, and an entry for a board.

    The entry is written beside the episodes, and to the board if it has scores and its split, attempts and tasks
    are the board's. With --against, the gain over another entry of the same version of the suite is paired by
    task, on the tasks that both have. Exits with 3 if the machine's failures spoiled so many episodes that there
    is no score.

    Examples:

    - `codegym eval pyrepair --policy local:runs/mine/policy-after --name mine`
    - `codegym eval pyrepair --policy endpoint:model.toml --against leaderboards/pyrepair/entries/random.json`
    """
    standing = standing_board(suite, board)
    board_question = question(standing, split, samples, tasks)
    other = find_entry(against) if against else None
    with settle(
        board_question.suite, policy, name,
        dialect=dialect, sandbox=sandbox, turns=max_turns, cache=not no_cache, workers=workers, seed=seed,
        answers=AnswerOptions(temperature, top_p, answer_tokens, context_tokens),
    ) as setting:  # fmt: skip
        folder = new_folder(out, "eval", board_question.suite, setting.policy.name, resume=resume)
        with watched(folder) as progress:
            entry = measure(setting, board_question, folder, progress, against=other)
    written = publish_entry(entry, folder, board_question, standing, publish=publish)
    stops = stops_of(folder, entry.policy)
    gains = compare(other, entry) if other and entry.has_scores else None
    value = entry.model_dump(mode="json") | {"written": [str(path) for path in written], "stops": stops}
    value |= {"against": gain_fields(gains)} if gains else {}
    give(value, Text(_text(entry, stops, written, gain_line(gains) if gains else "")), as_json=as_json)
    raise Exit(0 if entry.scores else INFRASTRUCTURE)


def _text(entry: Entry, stops: dict[str, int], written: list[Path], gain: str) -> str:
    notes = "".join(f"; {note}" for note in (entry.lost(), rough_note(entry.cluster_count)) if note)
    scores = [
        f"{name}: {percent(score.value)} % ({interval(score)}){notes}" for name, score in entry.scores.items()
    ]
    where = f"{entry.suite}/{entry.split or 'all'}"
    tasks = f"{entry.tasks} tasks" + (f" in {entry.cluster_count} clusters" if entry.clusters else "")
    about = f"{entry.policy} on {where}: {tasks}, {entry.samples_per_task} attempts each"
    none = [] if entry.has_scores else [f"no score: {entry.lost()}"]
    lines = [about, *scores, *none, gain, ended_by(stops), *(f"entry: {path}" for path in written)]
    return "\n".join(filter(None, lines))
