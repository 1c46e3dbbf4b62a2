"""Makes a suite from published rows or folders, registered under its name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from codegym.catalog import suites_dir
from codegym.errors import ConfigError, TaskError
from codegym.importer.formats import find_format, read_tasks
from codegym.importer.imported_task import ImportedTask, ImportOptions, NoRunnerError
from codegym.importer.suite_folder import register, write_suite
from codegym.progress.protocol import Progress, silent
from codegym.sandbox.image.image import image_names
from codegym.suite import Manifest, Suite, load_suite
from codegym.task import FolderSource


@dataclass(frozen=True)
class SuiteImport:
    """An imported suite, its folder, and why rows were skipped.

    ``other_languages`` maps each language whose tests no image of codegym can run to the number of tasks that are
    left out for that reason; ``skipped`` is without these.
    """

    suite: Suite
    folder: Path
    skipped: tuple[str, ...]
    other_languages: Mapping[str, int]

    @property
    def to_fetch(self) -> int:
        """The number of trees that have to be fetched before the suite can be played."""
        tasks = self.suite.tasks.values()
        return len({task.source for task in tasks if not isinstance(task.source, FolderSource)})

    @property
    def missing_images(self) -> list[str]:
        """The images that tasks name and this machine does not have."""
        return sorted({task.image for task in self.suite.tasks.values()} - set(image_names()))

    @property
    def without_gold(self) -> int:
        """The number of tasks without a gold patch."""
        return sum(not task.gold_patch for task in self.suite.tasks.values())

    @property
    def without_tests(self) -> int:
        """The number of tasks that no test decides."""
        return sum(not task.tests.fail_to_pass for task in self.suite.tasks.values())

    @property
    def without_runner(self) -> dict[str, int]:
        """The number of tasks that can't be played because nothing here runs their tests, by reason."""
        reasons = Counter(str(task.metadata.get("no_runner", "")) for task in self.suite.tasks.values())
        return {why: count for why, count in sorted(reasons.items()) if why}


def import_suite(
    format_name: str,
    path: Path,
    options: ImportOptions,
    *,
    name: str = "",
    out: Path | None = None,
    limit: int | None = None,
    progress: Progress = silent,
) -> SuiteImport:
    """Write a suite from ``path`` into ``out`` (default: the user's folder of suites) and register it.

    Its name is ``name``, otherwise that of ``out`` or of the format. At most ``limit`` rows are read. A row that
    can't be read is skipped. Raises :class:`ConfigError` for an unknown format or a wrong name.
    """
    row_format = find_format(format_name)
    name = name or re.sub(r"\W+", "_", (out.name if out else row_format.name).lower())
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigError(f"{name!r} is no name for a suite: lower case, digits and underscores; use --name")
    skipped: list[TaskError] = []
    options = replace(options, skip=skipped.append)
    folder = out or suites_dir() / name
    manifest = Manifest(name=name, version=1, title=f"Imported: {row_format.title}", cluster=("repo",))
    tasks = _with_progress(read_tasks(row_format, path, options, limit), limit or 0, progress)
    write_suite(folder, manifest, tasks, options.skip)
    register(name, folder)
    load_suite.cache_clear()
    unreadable = tuple(str(error) for error in skipped if not isinstance(error, NoRunnerError))
    languages = Counter(error.language for error in skipped if isinstance(error, NoRunnerError))
    return SuiteImport(load_suite(name), folder, unreadable, dict(sorted(languages.items())))


def _with_progress(tasks: Iterator[ImportedTask], total: int, progress: Progress) -> Iterator[ImportedTask]:
    for count, task in enumerate(tasks, 1):
        progress("importing", count, total)
        yield task
