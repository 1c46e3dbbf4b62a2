"""Predictions as SWE-bench has them: for each instance, who answered, and the patch.

They come as JSON Lines, as a JSON list, or as a JSON object by instance, whose values are predictions or patches.
They leave as JSON Lines.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from codegym.episode import Episode
from codegym.errors import ConfigError, TaskError
from codegym.importer.rows import Row, open_text, read_rows, write_rows
from codegym.suite import Suite
from codegym.task import Task

PATCH = "model_patch"
"""The key of an answer."""


class Prediction(BaseModel):
    """One answer. Columns that are not known here are kept. An empty patch is no answer."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())

    instance_id: str
    model_name_or_path: str = ""
    model_patch: str | None = None


def read_predictions(path: Path) -> Iterator[Prediction]:
    """Yield predictions. Raises :class:`~codegym.errors.TaskError` naming the row that is none.

    An answer may be empty or null, but its key has to be there: under another one it would count as empty.
    """
    by_instance = _by_instance(path)
    for number, row in enumerate(read_rows(path) if by_instance is None else by_instance, 1):
        missing = [repr(key) for key in ("instance_id", PATCH) if key not in row]
        if missing:
            keys = ", ".join(row) or "no key"
            raise TaskError(f"{path}, prediction {number} has no {' and no '.join(missing)}: it has {keys}")
        try:
            yield Prediction(**row)
        except (ValidationError, TypeError) as error:
            raise TaskError(f"{path}, prediction {number}: {error}") from error


def of_one_model(predictions: Iterable[Prediction], model: str | None) -> tuple[str, list[Prediction]]:
    """Return the model's name and its predictions; ``model`` may be ``None`` if there is only one.

    Raises :class:`~codegym.errors.ConfigError` naming the models that there are.
    """
    given = list(predictions)
    counts = Counter(found.model_name_or_path for found in given)
    said = ", ".join(f"{name!r} ({count})" for name, count in counts.items())
    if model is None and len(counts) > 1:
        raise ConfigError(f"predictions of {len(counts)} models: {said}; pick one with --model, one report each")
    if model is not None and model not in counts:
        raise ConfigError(f"there is no prediction of the model {model!r}, only of {said or 'none'}")
    model = next(iter(counts), "") if model is None else model
    return model, [found for found in given if found.model_name_or_path == model]


def _by_instance(path: Path) -> list[Row] | None:
    """Return the predictions of an object by instance, which may name the instance in its keys alone."""
    if Path(path.name.removesuffix(".gz")).suffix != ".json" or not path.is_file():
        return None
    try:
        with open_text(path) as file:
            value = json.load(file)
    except (OSError, EOFError, ValueError, zlib.error):
        return None
    if not isinstance(value, dict) or "instance_id" in value:
        return None
    return [
        {"instance_id": name, **(found if isinstance(found, dict) else {PATCH: found})}
        for name, found in value.items()
    ]


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> int:
    """Write JSON Lines and return how many."""
    return write_rows(path, (found.model_dump(mode="json") for found in predictions))


def predicted(suite: Suite, episodes: Iterable[Episode]) -> Iterator[Prediction]:
    """Yield the first episode of each task that was graded as a prediction."""
    seen: set[str] = set()
    for episode in episodes:
        if episode.verdict is not None and episode.task not in seen:
            seen.add(episode.task)
            name = published_id(suite.task(episode.task))
            yield Prediction(instance_id=name, model_name_or_path=episode.policy, model_patch=episode.patch)


def published_id(task: Task) -> str:
    """Return the name that others know a task by: its row's own, if it was imported."""
    row = task.metadata.get("row")
    known = row if isinstance(row, dict) else {}
    return str(known.get("instance_id") or known.get("task_id") or task.id)


def tasks_by_published_id(suite: Suite) -> dict[str, Task]:
    """Return the suite's tasks by the names that predictions may use: theirs, and the suite's own."""
    return dict(suite.tasks) | {published_id(task): task for task in suite.tasks.values()}
