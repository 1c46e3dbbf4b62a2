"""``codegym list``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from rich.console import Group
from rich.text import Text
from typer import Argument, Option

from codegym.board.definition import board_folder, board_names, load_board
from codegym.board.entry import read_entries
from codegym.board.standings import percent
from codegym.certificate import TaskCertificate
from codegym.cli.output import Json, give, table
from codegym.difficulty import Difficulty, difficulties, read_attempts
from codegym.errors import ConfigError, TaskError, unknown
from codegym.sandbox.image.image import image_names, load_image
from codegym.suite import claimed_suite, load_manifest, load_suite, read_certificates, suite_names

Rows = list[dict[str, Any]]
_COUNTS = ("tasks", "certified", "quarantined", "refused", "unproven")
_NUMBERS = ("entries", "solve_rate", "ci95", "attempts", "p50_s", "max_s", "memory_mb")


def verb(
    what: Annotated[str, Argument(help="suites, tasks, images, boards or all.")] = "all",
    suite: Annotated[str, Argument(help="For tasks: the suite to list.")] = "",
    split: Annotated[str | None, Option(help="For tasks: only those of this split.")] = None,
    as_json: Json = False,
) -> None:
    """List suites, a suite's tasks and their certificates, images and boards.

    For a suite: its tasks, how many are certified, how many lost unsteady tests (quarantined), how many more were
    refused, and how many have tests that can't be examined (unproven). For a task: its difficulty, as far as
    `codegym difficulty` measured it, with the share of attempts that solved it and its 95 % interval; its
    certificate, the seconds of a run, and the most memory of a process.

    Examples:

    - `codegym list`
    - `codegym list tasks kata --split test`
    """
    if what == "tasks":
        rows_of = {"tasks": _tasks(suite, split)}
    elif what in _KINDS or what == "all":
        rows_of = {name: rows() for name, rows in _KINDS.items() if what in (name, "all")}
    else:
        raise ConfigError(unknown("thing to list", what, [*_KINDS, "tasks", "all"]))
    value = rows_of if what == "all" else rows_of[what]
    give(value, Group(*(_table(name, rows) for name, rows in rows_of.items())), as_json=as_json)


def _suites() -> Rows:
    return [_suite(name) for name in suite_names()]


def _suite(name: str) -> dict[str, Any]:
    row: dict[str, Any] = {"suite": name, "id": None} | dict.fromkeys(_COUNTS)
    row |= {"splits": {}, "digest": None, "title": ""}
    try:
        manifest = load_manifest(name)
        row |= {"id": f"codegym/{manifest.name}-v{manifest.version}", "title": manifest.title}
        loaded = load_suite(name)
    except TaskError as error:
        return row | {"note": str(error)}
    splits = {split: len(ids) for split, ids in loaded.splits.items()}
    claimed = claimed_suite(name) if loaded.refused or loaded.quarantined else loaded
    sound = [each for each in read_certificates(claimed).values() if not each.refused]
    unproven = sum(bool(certificate.unproven) for certificate in sound)
    counts = (len(loaded.tasks), len(sound), len(loaded.quarantined), len(loaded.refused), unproven)
    sizes = dict(zip(_COUNTS, counts, strict=True)) | {"splits": splits, "digest": loaded.digest}
    return row | sizes | {"note": ""}


def _tasks(name: str, split: str | None) -> Rows:
    if not name:
        raise ConfigError(f"whose tasks? codegym list tasks SUITE, with one of: {', '.join(suite_names())}")
    suite = claimed_suite(name)
    certificates = read_certificates(suite)
    measured = difficulties(read_attempts(load_suite(name)))
    return [
        {
            "task": task.id,
            "split": suite.split_of(task.id),
            "image": task.image,
            "digest": task.digest,
            **_facts(task.metadata),
            **_difficulty(measured.get(task.id, Difficulty())),
            **_certificate(certificates.get(task.id)),
        }
        for task in suite.split(split)
    ]


def _certificate(certificate: TaskCertificate | None) -> dict[str, Any]:
    """Return a certificate as cells; empty ones if there is none."""
    if certificate is None:
        return dict.fromkeys(("certificate", "unproven", "p50_s", "max_s", "memory_mb"))
    sound = f"sound in {certificate.repeats} runs of each state on {certificate.backend}"
    kind = "refused: " if certificate.refused else "tests in quarantine: "
    seconds = {"p50_s": certificate.percentiles.get("p50"), "max_s": certificate.percentiles.get("max")}
    cells = {
        "certificate": kind + certificate.why if certificate.why else sound,
        "unproven": len(certificate.unproven),
    }
    return cells | seconds | {"memory_mb": certificate.memory_mb}


def _facts(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: metadata.get(name) for name in ("language", "origin")}


def _difficulty(measured: Difficulty) -> dict[str, Any]:
    """Return what was measured as cells; rates and their interval are fractions."""
    return {
        "difficulty": measured.level.value,
        "solve_rate": measured.rate,
        "ci95": measured.interval,
        "attempts": measured.attempts or None,
    }


def _images() -> Rows:
    images = {name: load_image(name) for name in image_names()}
    return [
        {"image": name, "provides": list(image.provides), "description": image.description}
        for name, image in images.items()
    ]


def _boards() -> Rows:
    return [_board(name) for name in board_names()]


def _board(name: str) -> dict[str, Any]:
    board, entries = load_board(board_folder(name)), read_entries(board_folder(name))
    question = {"suite": board.suite, "split": board.split, "samples": board.samples}
    return {"board": board.name, **question, "entries": len(entries), "title": board.title}


def _table(name: str, rows: Rows) -> Group:
    heads = [head for head in (rows[0] if rows else {}) if any(row[head] not in ("", None, {}) for row in rows)]
    cells = table(*heads, title=name, right=(*_COUNTS, *_NUMBERS))
    for row in rows:
        cells.add_row(*(Text(_cell(head, row[head])) for head in heads))
    return Group(cells, Text(""))


def _cell(head: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items())
    if value is not None and head == "solve_rate":
        return f"{percent(value)} %"
    if value is not None and head == "ci95":
        return " to ".join(map(percent, value))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str("" if value is None else value)[: 10 if head == "digest" else None]


_KINDS: dict[str, Callable[[], Rows]] = {"suites": _suites, "images": _images, "boards": _boards}
