"""A suite: an ordered, versioned set of tasks with splits, and the folder that contains their files.

There are four kinds, which callers need not tell apart. A *folder* suite has one folder per task,
``tasks/<id>/``, beside ``suite.toml``: ``task.toml``, ``repo/`` (what the agent sees), ``hidden/`` (files that
grading copies over the tree) and ``gold/`` (files that solve the task when copied over ``repo/``). A *recipe*
suite has a ``lock.jsonl``, from which ``codegym build`` makes the tasks in the cache. A *listed* suite, made by
``codegym import``, has a ``tasks.jsonl`` with one :class:`~codegym.task.Task` per line, and beside it the folders
that these tasks name. A *generated* suite has a ``families.toml``, from which :mod:`codegym.generator` makes each
task when it is asked for.

Suites come from the catalog, from the user's own folder of suites, and from entry points. :func:`load_suite`
leaves out what the certificates exclude; :func:`claimed_suite` ignores the certificates.

Third parties add suites through the entry point group ``codegym.suites``: the entry point's name is the
suite's name, its value a package whose folder contains ``suite.toml``. The package is located, never imported.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from importlib.machinery import PathFinder
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from codegym.catalog import cache_dir, content, suites_dir
from codegym.certificate import TaskCertificate, without_tests
from codegym.digest import digest_bytes, digest_json
from codegym.errors import TaskError, unknown, wrong_fields
from codegym.generator.family import FAMILIES, load_families
from codegym.generator.tasks import GeneratedTasks
from codegym.patch import PatchError, apply_patch, make_patch
from codegym.sandbox.protocol import Changes, File, Tree
from codegym.source import source_tree
from codegym.task import FolderSource, Frozen, PatchSource, Task
from codegym.task_list import TaskList
from codegym.tree import file_at, read_tree, store_tree, tree_digest

ENTRY_POINT_GROUP = "codegym.suites"
T = TypeVar("T")


class Manifest(Frozen):
    """The content of ``suite.toml``. ``splits`` maps a split's name to task ids.

    It is empty in recipe suites, and in folder suites all of whose tasks are in the split ``test``. ``cluster``
    lists keys of the tasks' metadata: tasks with the same values are alike (:mod:`codegym.cluster`).
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    title: str
    description: str = ""
    license: str = ""
    cluster: tuple[str, ...] = ()
    splits: dict[str, tuple[str, ...]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """Tasks by id, in order, and the splits that name them. Made by :func:`load_suite`.

    ``refused`` maps each excluded task to the reason; ``quarantined`` maps a task to the tests removed from it.
    """

    manifest: Manifest
    root: Path
    tasks: Mapping[str, Task]
    splits: Mapping[str, tuple[str, ...]]
    refused: Mapping[str, str] = field(default_factory=dict)
    quarantined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The suite's name, as in ``envs/<name>``."""
        return self.manifest.name

    @property
    def env_id(self) -> str:
        """The Gymnasium id, for example ``codegym/kata-v1``."""
        return f"codegym/{self.manifest.name}-v{self.manifest.version}"

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the suite's name, version, splits and every task's digest.

        For a generated suite, it is over the families and the generator instead of the tasks.
        """
        tasks: Any = {}
        if self.generated:
            tasks = self.generated.digest
        else:
            tasks = {task_id: task.digest for task_id, task in self.tasks.items()}
        splits = {name: list(ids) for name, ids in self.splits.items()}
        return digest_json([self.manifest.name, self.manifest.version, splits, tasks])

    def task(self, task_id: str) -> Task:
        """Return one task. Raises :class:`TaskError` with why it is refused, or the nearest match."""
        if task_id in self.refused:
            why = f"task {task_id!r} has no sound certificate: {self.refused[task_id]}"
            raise TaskError(f"{why}. After fixing that, run: codegym certify {self.name} {task_id}")
        if task_id not in self.tasks:
            raise TaskError(unknown(f"task of suite {self.name}", task_id, self.tasks))
        return self.tasks[task_id]

    def split(self, name: str | None) -> TaskList:
        """Return the tasks of a split, in order; ``None`` means all. Raises :class:`TaskError`.

        A generated suite also has a split per level, such as ``train-d3``.
        """
        if name is None:
            return TaskList(self.tasks, tuple(self.tasks))
        if name in self.splits:
            return TaskList(self.tasks, self.splits[name])
        level = self.generated.level_of_split(name) if self.generated else None
        if level is None:
            raise TaskError(unknown(f"split of suite {self.name}", name, self.splits))
        return TaskList(self.tasks, level)

    def draw(self, split: str | None, below: Callable[[int], int]) -> Task:
        """Return a random task of a split; ``None`` means any. ``below(n)`` draws a number from 0 to n - 1.

        In a generated suite the task need not be a listed one.
        """
        if self.generated:
            return self.task(self.generated.draw(split, below))
        tasks = self.split(split)
        return tasks[below(len(tasks))]

    def has_in_split(self, task_id: str, split: str | None) -> bool:
        """Return whether there is such a task in a split; ``None`` means any."""
        if self.generated:
            return self.generated.has_in_split(task_id, split)
        return task_id in self.split(split).ids

    def split_of(self, task_id: str) -> str:
        """Return the split of a task. Raises :class:`TaskError` if there is no such task."""
        if self.generated and task_id in self.tasks:
            return self.generated.split_of(task_id)
        for split, ids in self.splits.items():
            if task_id in ids:
                return split
        raise TaskError(unknown(f"task of suite {self.name}", task_id, self.tasks))

    @property
    def generated(self) -> GeneratedTasks | None:
        """The tasks of a generated suite; ``None`` in a suite of another kind."""
        return self.tasks if isinstance(self.tasks, GeneratedTasks) else None

    @property
    def images(self) -> tuple[str, ...]:
        """The images that the tasks need, each once."""
        if self.generated:
            return (self.generated.image,)
        return tuple(dict.fromkeys(task.image for task in self.tasks.values()))

    def tree(self, task: Task) -> Tree:
        """Return the tree that the agent starts with: the source's tree with the setup patch applied."""
        base = source_tree(task.source, self.root)
        if not task.setup_patch:
            return Tree((base,), base.name)
        return _patched_tree(base, task.setup_patch)

    def base_file(self, task: Task, path: str) -> File | None:
        """Return the file at ``path`` in :meth:`tree`, or ``None`` if there is none."""
        for layer in self.tree(task).layers:
            file = file_at(layer, path)
            if file is not None:
                return file
        return None

    def hidden(self, task: Task) -> dict[str, File]:
        """Return the files that grading copies over the tree, by path."""
        hidden = task.tests.hidden
        if hidden is None:
            return {}
        if isinstance(hidden, PatchSource):
            return self._patched(task, hidden.patch)
        return read_tree(source_tree(hidden, self.root))

    def _patched(self, task: Task, patch: str) -> dict[str, File]:
        try:
            changes = apply_patch(patch, lambda path: self.base_file(task, path))
        except PatchError as error:
            raise TaskError(f"the hidden tests of {task.id} do not apply to its tree: {error}") from error
        return {path: file for path, file in changes.items() if file is not None}


def certificates_path(suite: Suite) -> Path:
    """Return the path of a suite's certificates: beside it, or in the cache if its folder is not writable."""
    path = suite.root / "certificates.jsonl"
    if path.is_file() or os.access(suite.root, os.W_OK):
        return path
    return cache_dir() / "certificates" / f"{suite.name}-v{suite.manifest.version}.jsonl"


def read_certificates(suite: Suite) -> dict[str, TaskCertificate]:
    """Return the valid certificates by task: those that name the task's present digest, favourable or not.

    Raises :class:`~codegym.errors.TaskError` naming a line that can't be read.
    """
    path = certificates_path(suite)
    certificates: dict[str, TaskCertificate] = {}
    for number, line in enumerate(path.read_bytes().splitlines() if path.is_file() else (), 1):
        try:
            certificate = TaskCertificate.model_validate_json(line)
        except ValidationError as error:
            raise TaskError(
                f"{path}, line {number}: {wrong_fields(error)}; delete it and certify again"
            ) from error
        task = suite.tasks.get(certificate.task)
        if task is not None and task.digest == certificate.digest:
            certificates[certificate.task] = certificate
    return certificates


def suite_names() -> tuple[str, ...]:
    """Return the names of all suites on this machine, sorted; none is loaded."""
    return tuple(sorted(_roots()))


def suite_root(name: str) -> Path:
    """Return the folder that contains ``suite.toml``. Raises :class:`TaskError` with the nearest match."""
    roots = _roots()
    if name not in roots:
        raise TaskError(unknown("suite", name, roots))
    return roots[name]()


def load_manifest(name: str) -> Manifest:
    """Read ``suite.toml`` of a suite. Raises :class:`TaskError` naming the file and the field that is wrong."""
    path = suite_root(name) / "suite.toml"
    return _checked(path, lambda: Manifest(**tomllib.loads(path.read_text())))


@lru_cache(maxsize=32)
def load_suite(name: str) -> Suite:
    """Load a suite without its refused tasks and without tests in quarantine, as its certificates say.

    A task without a certificate is loaded unchanged. Raises :class:`TaskError` if the suite does not exist, is
    invalid or is not built yet.
    """
    suite = claimed_suite(name)
    unfavourable = {task: certificate for task, certificate in read_certificates(suite).items() if certificate.why}
    if not unfavourable:
        return suite
    refused = {task: certificate.why for task, certificate in unfavourable.items() if certificate.refused}
    quarantined = {
        task: certificate.quarantined for task, certificate in unfavourable.items() if not certificate.refused
    }
    return replace(
        suite,
        tasks=_certified(suite, frozenset(refused), quarantined),
        splits={split: tuple(i for i in ids if i not in refused) for split, ids in suite.splits.items()},
        refused=refused,
        quarantined=quarantined,
    )


def _certified(
    suite: Suite, refused: frozenset[str], quarantined: Mapping[str, tuple[str, ...]]
) -> Mapping[str, Task]:
    """Return the suite's tasks without the refused ones and without tests in quarantine."""
    if suite.generated:
        return suite.generated.certified(refused, quarantined)
    return {
        task_id: without_tests(task, quarantined[task_id]) if task_id in quarantined else task
        for task_id, task in suite.tasks.items()
        if task_id not in refused
    }


def claimed_suite(name: str) -> Suite:
    """Load all tasks of a suite, ignoring its certificates. Raises as :func:`load_suite` does."""
    root, manifest = suite_root(name), load_manifest(name)
    if (root / "lock.jsonl").is_file():
        return _load_listed(root, manifest, built_folder(manifest.name) / "tasks.jsonl")
    if (root / "tasks.jsonl").is_file():
        return _load_listed(root, manifest, root / "tasks.jsonl")
    if (root / FAMILIES).is_file():
        return _load_generated(root, manifest)
    return _load_folder(root, manifest)


def built_folder(name: str) -> Path:
    """Return the folder in which ``codegym build`` writes ``tasks.jsonl``; its name depends on the lock."""
    manifest = load_manifest(name)
    lock = digest_bytes((suite_root(name) / "lock.jsonl").read_bytes())
    return cache_dir() / "suites" / f"{manifest.name}-v{manifest.version}-{lock[:16]}"


def _roots() -> dict[str, Callable[[], Path]]:
    roots: dict[str, Callable[[], Path]] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        roots[point.name] = lambda value=point.value: _package_folder(value)  # type: ignore[misc]
    for folder in (suites_dir(), content("envs")):
        for path in folder.glob("*/suite.toml"):
            roots[path.parent.name] = lambda path=path: path.parent  # type: ignore[misc]
    return roots


def _package_folder(package: str) -> Path:
    top, *inner = package.partition(":")[0].split(".")
    spec = find_spec(top)
    for name in inner:
        spec = PathFinder.find_spec(name, spec.submodule_search_locations) if spec else None
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / "suite.toml").is_file():
            return Path(folder)
    raise TaskError(
        f"entry point {package!r} of group {ENTRY_POINT_GROUP} names no package that contains a suite.toml"
    )


def _load_listed(root: Path, manifest: Manifest, path: Path) -> Suite:
    if not path.is_file():
        raise TaskError(f"suite {manifest.name!r} is not built yet: run `codegym build {manifest.name}`")
    lines = [line for line in path.read_text().split("\n") if line]
    tasks = _checked(path, lambda: [Task.from_json_line(line) for line in lines])
    split_of = _checked(path, lambda: {task.id: str(task.metadata["split"]) for task in tasks})
    splits = {
        split: tuple(i for i in split_of if split_of[i] == split) for split in dict.fromkeys(split_of.values())
    }
    return Suite(manifest, root, {task.id: task for task in tasks}, splits)


def _load_generated(root: Path, manifest: Manifest) -> Suite:
    catalogue = load_families(root, f"codegym/{manifest.name}-v{manifest.version}")
    tasks = GeneratedTasks(catalogue, _checked(root, lambda: _folder_source(root, root / "base")))
    return Suite(manifest, root, tasks, tasks.listed)


def _load_folder(root: Path, manifest: Manifest) -> Suite:
    ids = sorted(path.parent.name for path in root.glob("tasks/*/task.toml"))
    splits: Mapping[str, tuple[str, ...]] = manifest.splits or {"test": tuple(ids)}
    split_ids = [task_id for split in splits.values() for task_id in split]
    if sorted(split_ids) != ids:
        misplaced = sorted(set(split_ids) ^ set(ids)) or sorted({i for i in split_ids if split_ids.count(i) > 1})
        raise TaskError(
            f"{root / 'suite.toml'}: every task must be in exactly one split; check: {', '.join(misplaced)}"
        )
    return Suite(manifest, root, {i: _load_task(root, i) for i in ids}, splits)


def _load_task(root: Path, task_id: str) -> Task:
    folder = root / "tasks" / task_id
    return _checked(folder / "task.toml", lambda: _task(root, folder))


def _task(root: Path, folder: Path) -> Task:
    fields: dict[str, Any] = tomllib.loads((folder / "task.toml").read_text())
    repo = read_tree(folder / "repo")
    gold: Changes = dict(read_tree(folder / "gold")) if (folder / "gold").is_dir() else {}
    tests = dict(fields.pop("tests", {}))
    if (folder / "hidden").is_dir():
        tests["hidden"] = _folder_source(root, folder / "hidden")
    fields |= {"id": folder.name, "tests": tests, "source": _folder_source(root, folder / "repo")}
    return Task(gold_patch=make_patch(repo, gold), **fields)


def _folder_source(root: Path, folder: Path) -> FolderSource:
    return FolderSource(path=folder.relative_to(root).as_posix(), digest=tree_digest(read_tree(folder)))


def _checked(path: Path, load: Callable[[], T]) -> T:
    try:
        return load()
    except ValidationError as error:
        raise TaskError(f"{path}: {wrong_fields(error)}") from error
    except KeyError as error:
        raise TaskError(f"{path}: {error} is missing") from error
    except (OSError, ValueError, TypeError) as error:
        raise TaskError(f"{path}: {error}") from error


@lru_cache(maxsize=4096)
def _patched_tree(base: Path, patch: str) -> Tree:
    changes = apply_patch(patch, lambda path: file_at(base, path))
    digest = digest_json([base.name, digest_bytes(patch.encode(errors="surrogatepass"))])
    if any(file is None for file in changes.values()):
        whole = read_tree(base) | changes
        return Tree((store_tree({p: f for p, f in whole.items() if f is not None}),), digest)
    layer = store_tree({path: file for path, file in changes.items() if file is not None})
    return Tree((layer, base), digest)
