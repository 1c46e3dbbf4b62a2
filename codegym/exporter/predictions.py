"""Reads and writes predictions in SWE-bench's format: for each instance, the name of the model and its patch.

A file of predictions is JSON Lines, a JSON list, or a JSON object by instance whose values are predictions or
patches. JSON Lines are written.
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
"""The column of the patch."""


class Prediction(BaseModel):
    """A model's answer to one instance. Other columns are kept. An empty patch means that there is no answer."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())

    instance_id: str
    model_name_or_path: str = ""
    model_patch: str | None = None


def read_predictions(path: Path) -> Iterator[Prediction]:
    """Yield predictions. Raises :class:`~codegym.errors.TaskError`, which names the row, for any other row.

    The patch may be empty or null, but its column has to exist: under another name it would count as empty.
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
    """Return the model's name and its predictions; ``model`` may be ``None`` if there is only one model.

    Otherwise raises :class:`~codegym.errors.ConfigError`, which lists the models.
    """
    everything = list(predictions)
    counts = Counter(prediction.model_name_or_path for prediction in everything)
    listing = ", ".join(f"{name!r} ({count})" for name, count in counts.items())
    if model is None and len(counts) > 1:
        raise ConfigError(
            f"predictions of {len(counts)} models: {listing}; pick one with --model, one report each"
        )
    if model is not None and model not in counts:
        raise ConfigError(f"there is no prediction of the model {model!r}, only of {listing or 'none'}")
    model = next(iter(counts), "") if model is None else model
    return model, [prediction for prediction in everything if prediction.model_name_or_path == model]


def _by_instance(path: Path) -> list[Row] | None:
    """Return the rows of a JSON object by instance; ``None`` if the file is not such an object."""
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
        {"instance_id": name, **(entry if isinstance(entry, dict) else {PATCH: entry})}
        for name, entry in value.items()
    ]


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> int:
    """Write predictions as JSON Lines and return their number."""
    return write_rows(path, (prediction.model_dump(mode="json") for prediction in predictions))


def predictions_of(suite: Suite, episodes: Iterable[Episode]) -> Iterator[Prediction]:
    """Yield a prediction for each task: the patch of its first episode that was graded."""
    tasks: set[str] = set()
    for episode in episodes:
        if episode.verdict is not None and episode.task not in tasks:
            tasks.add(episode.task)
            name = published_id(suite.task(episode.task))
            yield Prediction(instance_id=name, model_name_or_path=episode.policy, model_patch=episode.patch)


def published_id(task: Task) -> str:
    """Return the id under which a task was published: that of its row, if it was imported."""
    row = task.metadata.get("row")
    fields = row if isinstance(row, dict) else {}
    return str(fields.get("instance_id") or fields.get("task_id") or task.id)


def tasks_by_published_id(suite: Suite) -> dict[str, Task]:
    """Map the ids that predictions may use, published ones and those of the suite, to the suite's tasks."""
    return dict(suite.tasks) | {published_id(task): task for task in suite.tasks.values()}
