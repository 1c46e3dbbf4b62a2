"""``codegym board``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.console import Group
from rich.text import Text
from typer import Argument, Exit, Option

from codegym.board.definition import board_folder, board_names, load_board
from codegym.board.entry import read_entries, verify
from codegym.board.render import define_board, render
from codegym.board.standings import UNKNOWN, Standings, interval, percent, score_note
from codegym.cli.output import Json, give, table
from codegym.episode import Episode
from codegym.episode_file import read_episodes
from codegym.errors import ConfigError
from codegym.evaluate.measure import suite_clusters


def verb(
    board: Annotated[str, Argument(help="A board of leaderboards/; default: all of them.")] = "",
    folder: Annotated[Path | None, Option(help="Another folder with entries/, such as a run's.")] = None,
    episodes: Annotated[
        Path | None, Option("--verify", help="Recompute an entry from these episodes instead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rank: write a board's README.md and index.html from its entries.

    With --verify, recompute the entry of the policy whose episodes are given, and exit with 1 if a number
    differs.

    Examples:

    - `codegym board pyrepair`
    - `codegym board --folder runs/demo`
    """
    folders = [folder] if folder else [board_folder(name) for name in ([board] if board else board_names())]
    for path in folders:
        define_board(path)
    if episodes is not None:
        _verify(folders, episodes, as_json=as_json)
    boards = [(path, render(path)) for path in folders]
    tables = Group(*(_table(path, standings) for path, standings in boards))
    give([_value(path, standings) for path, standings in boards], tables, as_json=as_json)


def _verify(folders: list[Path], episodes: Path, *, as_json: bool) -> None:
    recorded = list(read_episodes(episodes))
    policies = {episode.policy for episode in recorded}

    def episodes_of(policy: str) -> list[Episode]:
        return [episode for episode in recorded if episode.policy == policy]

    checked = [
        (entry.policy, verify(entry, episodes_of(entry.policy), load_board(path), suite_clusters(entry)))
        for path in folders
        for entry in read_entries(path)
        if entry.policy in policies
    ]
    if not checked:
        raise ConfigError(f"no entry is by a policy of these episodes: {sorted(policies)} in {episodes}")
    lines = [f"{policy}: {line}" for policy, wrong in checked for line in wrong or ["verified"]]
    give([{"policy": p, "differs": wrong} for p, wrong in checked], Text("\n".join(lines)), as_json=as_json)
    raise Exit(int(any(wrong for _, wrong in checked)))


def _value(folder: Path, standings: Standings) -> dict[str, object]:
    rows = [
        {
            "rank": row.rank,
            "policy": row.entry.policy,
            **row.entry.summary(),
            "episodes": row.entry.episodes,
            "infra_errors": row.entry.infra_errors,
            "gain": {standings.ranking_score: row.gain.value, "ci95": list(row.gain.ci95)} if row.gain else None,
            "note": row.note,
        }
        for row in standings.rows
    ]
    pages = {"readme": str(folder / "README.md"), "page": str(folder / "index.html")}
    return {"board": standings.board.name, "suite": standings.board.suite, "rows": rows, **pages}


def _table(folder: Path, standings: Standings) -> Group:
    numbers = (*standings.columns, "gain")
    ranking = table("#", "policy", *numbers, "tasks", right=(*numbers, "tasks"))
    for row in standings.rows:
        scores = [row.entry.score(name) for name in standings.columns]
        cells = [f"{percent(score.value)} [{interval(score)}]" if score else UNKNOWN for score in scores]
        if note := score_note(row.entry):
            cells[0] = f"{cells[0]}, {note}" if row.entry.has_scores else note
        gain = f"{percent(row.gain.value, signed=True)} [{interval(row.gain, signed=True)}]" if row.gain else ""
        ranking.add_row(str(row.rank), Text(row.entry.policy), *cells, gain, str(row.entry.tasks))
    title = Text(standings.board.title, style="bold")
    return Group(title, ranking, Text(f"{folder / 'README.md'}\n{folder / 'index.html'}\n", style="dim"))
