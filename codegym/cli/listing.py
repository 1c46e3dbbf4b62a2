"""``codegym list``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from rich.console import Group
from rich.text import Text
from typer import Argument, Option

from codegym.board.definition import board_folder, board_names, load_board
from codegym.board.entry import read_entries
from codegym.certificate import TaskCertificate
from codegym.cli.output import Json, give, table
from codegym.errors import ConfigError, TaskError, unknown
from codegym.sandbox.image.image import image_names, load_image
from codegym.suite import claimed_suite, load_manifest, load_suite, read_certificates, suite_names

Rows = list[dict[str, Any]]
_COUNTS = ("tasks", "certified", "quarantined", "refused", "unproven")


def verb(
    what: Annotated[str, Argument(help="suites, tasks, images, boards or all")] = "all",
    suite: Annotated[str, Argument(help="with tasks: whose tasks")] = "",
    split: Annotated[str | None, Option(help="With tasks: only those of this split.")] = None,
    as_json: Json = False,
) -> None:
    """List suites, the tasks of a suite with what their certificates say, images and boards.

    Of suites: how many tasks there are, how many of them are certified, how many lost tests that are not
    steady, how many more were refused, and how many have tests that can't be examined (unproven). Of tasks: why,
    the seconds of a run, the most memory of a process.

    Examples:

    - `codegym list`
    - `codegym list tasks kata --split test`
    """
    if what == "tasks":
        found = {"tasks": _tasks(suite, split)}
    elif what in _KINDS or what == "all":
        found = {name: rows() for name, rows in _KINDS.items() if what in (name, "all")}
    else:
        raise ConfigError(unknown("thing to list", what, [*_KINDS, "tasks", "all"]))
    value = found if what == "all" else found[what]
    give(value, Group(*(_shown(name, rows) for name, rows in found.items())), as_json=as_json)


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
    of = {task_id: split_name for split_name, ids in suite.splits.items() for task_id in ids}
    return [
        {
            "task": task.id,
            "split": of[task.id],
            "image": task.image,
            "digest": task.digest,
            **_known(task.metadata),
            **_certificate(certificates.get(task.id)),
        }
        for task in suite.split(split)
    ]


def _certificate(found: TaskCertificate | None) -> dict[str, Any]:
    """Return what a certificate says in a few cells; empty ones where there is none."""
    if found is None:
        return dict.fromkeys(("certificate", "unproven", "p50_s", "max_s", "memory_mb"))
    sound = f"sound in {found.repeats} runs of each state on {found.backend}"
    kind = "refused: " if found.refused else "tests in quarantine: "
    seconds = {"p50_s": found.percentiles.get("p50"), "max_s": found.percentiles.get("max")}
    said = {"certificate": kind + found.why if found.why else sound, "unproven": len(found.unproven)}
    return said | seconds | {"memory_mb": found.memory_mb}


def _known(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: metadata.get(name) for name in ("language", "difficulty", "origin")}


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


def _shown(name: str, rows: Rows) -> Group:
    heads = [head for head in (rows[0] if rows else {}) if any(row[head] not in ("", None, {}) for row in rows)]
    shown = table(*heads, title=name, right=(*_COUNTS, "entries", "p50_s", "max_s", "memory_mb"))
    for row in rows:
        shown.add_row(*(Text(_cell(head, row[head])) for head in heads))
    return Group(shown, Text(""))


def _cell(head: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str("" if value is None else value)[: 10 if head == "digest" else None]


_KINDS: dict[str, Callable[[], Rows]] = {"suites": _suites, "images": _images, "boards": _boards}
