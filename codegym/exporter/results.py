"""Writes the episodes of a run as SWE-bench's predictions, or as its report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codegym.episode_file import read_episodes
from codegym.exporter.predictions import predictions_of, published_id, write_predictions
from codegym.exporter.report import make_report, write_report
from codegym.suite import Suite
from codegym.task import Task


def export_predictions(suite: Suite, tasks: Sequence[Task], episodes: Path, out: Path) -> int:
    """Write the patches of the episodes of ``tasks`` to ``out``, and return their number."""
    ids = {task.id for task in tasks}
    return write_predictions(out, predictions_of(suite, [e for e in read_episodes(episodes) if e.task in ids]))


def export_report(tasks: Sequence[Task], episodes: Path, out: Path) -> int:
    """Write a report on the first episode of each of ``tasks`` to ``out``, and return how many tasks have one."""
    names = {task.id: published_id(task) for task in tasks}
    played = [episode for episode in read_episodes(episodes) if episode.task in names]
    first = {episode.task: episode for episode in reversed(played)}
    verdicts = {
        names[task]: episode.verdict
        for task, episode in first.items()
        if episode.verdict is not None and episode.patch.strip()
    }
    report = make_report(names.values(), (names[task] for task in first), verdicts)
    write_report(out, report)
    return report.submitted_instances
