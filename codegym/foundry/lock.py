"""Makes a recipe suite's lock: mutates its packages, tries every bug in a box, and keeps what makes a task.

This is the slow way, for whoever changes a recipe; ``codegym build`` only reads the lock it leaves. Every trial
is written down as it ends, so that a run that was stopped goes on.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.foundry.candidates import Candidate, candidates, is_hard
from codegym.foundry.entry import Lock, LockedPackage, LockedTask, read_lock, short_sha, write_lock
from codegym.foundry.materialise import materialise, task_id
from codegym.foundry.progress import Progress, silent
from codegym.foundry.reach import measure
from codegym.foundry.recipe import Package, Recipe, load_recipe
from codegym.foundry.trial import Journal, Trial, try_bug
from codegym.sandbox.image import image_digest
from codegym.sandbox.protocol import Backend, Sandbox, Tree
from codegym.source import fetch
from codegym.task import Limits
from codegym.tree import Files, read_tree

_FORGE_LIMITS = Limits(command_seconds=700, grade_seconds=700, memory_mb=2048, disk_mb=1024, output_kb=65536)
Kept = tuple[Candidate, Trial]


def lock(root: Path, backend: Backend, *, workers: int = 2, progress: Progress = silent) -> Lock:
    """Make ``lock.jsonl`` for the recipe in ``root`` and return it.

    ``workers`` boxes try bugs at a time. Raises :class:`~codegym.errors.TaskError` for a recipe or a package
    that can't be used, :class:`~codegym.errors.SandboxError` if boxes fail.
    """
    recipe = load_recipe(root)
    packages: list[LockedPackage] = []
    tasks: list[LockedTask] = []
    for package in recipe.package:
        made = _Forge(package, recipe, fetch(package.source), backend, progress).run(workers)
        locked = _lock_package(package, made.tree, made.kept)
        packages.append(locked)
        tasks += [_lock_task(kept, locked, recipe, made.tree) for kept in made.kept]
    made_lock = Lock(packages=tuple(packages), tasks=tuple(tasks))
    write_lock(root / "lock.jsonl", made_lock)
    return made_lock


def drop(root: Path, ids: Collection[str]) -> Lock:
    """Take tasks that did not get a certificate out of ``lock.jsonl`` and return what is left."""
    old = read_lock(root / "lock.jsonl")
    left = Lock(packages=old.packages, tasks=tuple(task for task in old.tasks if task.id not in ids))
    write_lock(root / "lock.jsonl", left)
    return left


@dataclass
class _Forge:
    """One package on its way to tasks."""

    package: Package
    recipe: Recipe
    tree: Path
    backend: Backend
    progress: Progress
    kept: list[Kept] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.files: Files = read_tree(self.tree)
        key = digest_json([self.tree.name, image_digest(self.recipe.image)])
        self.journal = Journal(cache_dir() / "forge" / f"{self.package.name}-{key[:16]}.jsonl")
        self.turn = threading.Lock()
        self.taken: Counter[tuple[str, str]] = Counter()
        self.hard = 0

    def run(self, workers: int) -> _Forge:
        self.progress(f"measuring {self.package.name}", 0, self.package.tasks)
        with self._box() as box:
            reach = measure(box, self.package, self.files)
        queue = iter(candidates(self.package, self.recipe, self.files, reach))
        with ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(self._work, queue) for _ in range(workers)]:
                done.result()
        self.kept.sort(key=lambda kept: (kept[0].path, kept[0].mutation))
        return self

    def _work(self, queue: Iterator[Candidate]) -> None:
        with self._box() as box:
            while (candidate := self._next(queue)) is not None:
                trial = self.journal.get(candidate.key) or self._try(box, candidate)
                if not trial.refused:
                    self._keep(candidate, trial)

    def _next(self, queue: Iterator[Candidate]) -> Candidate | None:
        with self.turn:
            if len(self.kept) >= self.package.tasks:
                return None
            return next((candidate for candidate in queue if self._wanted(candidate)), None)

    def _wanted(self, candidate: Candidate) -> bool:
        hard = self.package.tasks * self.recipe.hard_share
        if is_hard(candidate, self.recipe) and self.hard >= hard:
            return False
        return all(self.taken[place] < most for place, most in self._bounds(candidate))

    def _bounds(self, candidate: Candidate) -> list[tuple[tuple[str, str], int]]:
        mutation = candidate.mutation
        return [
            ((candidate.path, mutation.function), self.recipe.per_function),
            ((candidate.path, str(mutation.line)), 2),
            (("", mutation.operator), max(2, int(self.package.tasks * self.recipe.operator_share))),
        ]

    def _try(self, box: Sandbox, candidate: Candidate) -> Trial:
        trial = try_bug(box, self.package, self.files, candidate, self.recipe.trial_seconds)
        self.journal.put(candidate.key, trial)
        return trial

    def _keep(self, candidate: Candidate, trial: Trial) -> None:
        with self.turn:
            if len(self.kept) >= self.package.tasks or not self._wanted(candidate):
                return
            self.kept.append((candidate, trial))
            self.taken.update(place for place, _ in self._bounds(candidate))
            self.hard += is_hard(candidate, self.recipe)
            self.progress(f"forging {self.package.name}", len(self.kept), self.package.tasks)

    def _box(self) -> Sandbox:
        return self.backend.open(Tree((self.tree,), self.tree.name), self.recipe.image, _FORGE_LIMITS)


def _lock_package(package: Package, tree: Path, kept: list[Kept]) -> LockedPackage:
    named = {i for _, trial in kept for i in (*trial.failed, *trial.passed)}
    return LockedPackage(
        package=package.name,
        version=package.version,
        sha256=package.sha256,
        license=package.license,
        split=package.split,
        tree=tree.name,
        options=package.options,
        tests=tuple(sorted(named)),
    )


def _lock_task(kept: Kept, package: LockedPackage, recipe: Recipe, tree: Path) -> LockedTask:
    candidate, trial = kept
    mutation = candidate.mutation
    number = {test: n for n, test in enumerate(package.tests)}
    locked = LockedTask(
        id=task_id(package.package, candidate.key),
        of=package.package,
        path=candidate.path,
        operator=mutation.operator,
        function=mutation.function,
        span=(candidate.first, candidate.last),
        start=mutation.start,
        end=mutation.end,
        old_sha=short_sha(mutation.old),
        new=mutation.new,
        fail=tuple(number[i] for i in trial.failed),
        keep=tuple(number[i] for i in trial.passed),
        said=trial.messages,
    )
    return locked.model_copy(update={"digest": materialise(locked, package, recipe, tree).digest})
