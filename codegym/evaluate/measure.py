"""The one evaluation: a board's question, put to a policy, and the entry that answers it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from codegym.board.compare import shared_tasks
from codegym.board.definition import Board, board_folder, board_names, load_board
from codegym.board.entry import Entry, make_entry, write_entry
from codegym.cluster import shared_clusters
from codegym.episode import Episode
from codegym.episode_file import read_episodes
from codegym.errors import ConfigError, TaskError
from codegym.evaluate.attempts import chosen_tasks
from codegym.evaluate.setting import Setting, play_all
from codegym.progress.protocol import Progress, silent
from codegym.suite import Suite, load_suite


def standing_board(suite: str, name: str = "") -> Board:
    """Return the board of that name, otherwise the one that ranks the suite, otherwise a plain one.

    Raises :class:`ConfigError` for an unknown board, one of another suite, or if neither is named.
    """
    if name:
        board = load_board(board_folder(name))
        if suite and suite != board.suite:
            raise ConfigError(f"board {name!r} ranks suite {board.suite!r}, not {suite!r}")
        return board
    if not suite:
        raise ConfigError("which suite? codegym eval SUITE, or --board BOARD")
    boards = [load_board(board_folder(one)) for one in board_names()]
    plain = Board(name=suite, title=suite, suite=suite, ks=(1, 2, 4, 8))
    return next((board for board in boards if board.suite == suite), plain)


def question(board: Board, split: str | None = None, samples: int = 0, tasks: int = 0) -> Board:
    """Return the board's question with another split, number of attempts or of tasks, as far as they are given."""
    samples = samples or board.samples
    ks = tuple(k for k in board.ks if k <= samples)
    changes = {"split": split or board.split, "tasks": tasks or board.tasks, "samples": samples, "ks": ks}
    return board.model_copy(update=changes)


def measure(
    setting: Setting, board: Board, folder: Path, progress: Progress = silent, *, against: Entry | None = None
) -> Entry:
    """Play what ``board`` asks for into ``folder`` and return the entry.

    Raises :class:`ConfigError` as :func:`~codegym.evaluate.setting.play_all` does, which this calls, and before
    that if the entry to be compared with, ``against``, can't be.
    """
    tasks = chosen_tasks(setting.suite, board.split, board.tasks)
    if against:
        shared_tasks(against, setting.suite.name, setting.suite.digest, tasks)
    began = time.monotonic()
    with closing(play_all(setting, tasks, board.samples, folder, progress)) as episodes:
        played = list(episodes)
    seconds = round(time.monotonic() - began, 1)
    return answer(board, played, setting.suite, seed=setting.seed, seconds=seconds)


def stops_of(folder: Path, policy: str) -> dict[str, int]:
    """Return what ended the episodes of ``policy`` in ``folder``, and how many."""
    return dict(Counter(str(episode.stop) for episode in read_episodes(folder) if episode.policy == policy))


def answer(board: Board, episodes: Sequence[Episode], suite: Suite, *, seed: int, seconds: float) -> Entry:
    """Return the entry that ``episodes`` make, dated today; ``seconds`` is how long they took."""
    return make_entry(
        board,
        episodes,
        suite_digest=suite.digest,
        clusters=shared_clusters(suite, [episode.task for episode in episodes]),
        seeds=(seed,),
        wall_seconds=seconds,
        created=datetime.now(UTC).date().isoformat(),
    )


def suite_clusters(entry: Entry) -> dict[str, str] | None:
    """Return the clusters of an entry's tasks as its suite has them; ``None`` if that suite is not here."""
    try:
        suite = load_suite(entry.suite)
    except TaskError:
        return None
    return shared_clusters(suite, entry.counts) if suite.digest == entry.suite_digest else None


def entry_of(
    episodes: Sequence[Episode],
    suite: Suite,
    *,
    name: str,
    split: str | None,
    samples: int,
    seed: int,
    seconds: float,
) -> Entry:
    """Return the entry of an evaluation that no board asked for: pass@1, and pass@8 with enough attempts."""
    ks = tuple(k for k in (1, 8) if k <= samples)
    board = Board(name=name, title=name, suite=suite.name, split=split, samples=samples, ks=ks)
    return answer(board, episodes, suite, seed=seed, seconds=seconds)


def publish_entry(
    entry: Entry, folder: Path, board_question: Board, standing: Board, *, publish: bool
) -> list[Path]:
    """Write the entry beside its episodes, and to the standing board if asked to; return the files.

    It goes to the board only if it has scores and the question was the board's own.
    """
    written = [write_entry(folder, entry)]
    if publish and entry.has_scores and board_question == standing and standing.name in board_names():
        written.append(write_entry(board_folder(standing.name), entry))
    return written
