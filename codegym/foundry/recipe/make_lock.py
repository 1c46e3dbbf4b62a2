"""Makes a recipe suite's lock: mutates its packages, tries every bug in a box, and keeps what makes a task.

This is the slow way, for whoever changes a recipe; ``codegym build`` only reads the lock it leaves. Every trial
is written down as it ends, so that a run that was stopped goes on.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.errors import TaskError
from codegym.foundry.draft.draft import Draft, mutation_drafts
from codegym.foundry.draft.hunt import FORGE_LIMITS, Hunt
from codegym.foundry.draft.trial import Journal, Trial
from codegym.foundry.recipe.lock import Lock, LockedPackage, LockedTask, read_lock, short_sha, write_lock
from codegym.foundry.recipe.materialise import materialise, task_id
from codegym.foundry.recipe.recipe import Package, Recipe, load_recipe
from codegym.foundry.repository.reach import measure, only
from codegym.progress.protocol import Progress, silent
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import Backend, Tree
from codegym.source import fetch
from codegym.tree import read_tree

Kept = tuple[Draft, Trial]


def lock(root: Path, backend: Backend, *, workers: int = 2, progress: Progress = silent) -> Lock:
    """Make ``lock.jsonl`` for the recipe in ``root`` and return it.

    ``workers`` boxes try bugs at a time. Raises :class:`~codegym.errors.TaskError` for a recipe or a package
    that can't be used, :class:`~codegym.errors.SandboxError` if boxes fail.
    """
    recipe = load_recipe(root)
    packages: list[LockedPackage] = []
    tasks: list[LockedTask] = []
    for package in recipe.package:
        tree = fetch(package.source)
        found = _found(package, recipe, tree, backend, workers=workers, progress=progress)
        locked = _lock_package(package, tree, found)
        packages.append(locked)
        tasks += [_lock_task(kept, locked, recipe, tree) for kept in found]
    made_lock = Lock(packages=tuple(packages), tasks=tuple(tasks))
    write_lock(root / "lock.jsonl", made_lock)
    return made_lock


def drop(root: Path, ids: Collection[str]) -> Lock:
    """Take tasks that did not get a certificate out of ``lock.jsonl`` and return what is left."""
    old = read_lock(root / "lock.jsonl")
    left = Lock(packages=old.packages, tasks=tuple(task for task in old.tasks if task.id not in ids))
    write_lock(root / "lock.jsonl", left)
    return left


def _found(
    package: Package, recipe: Recipe, folder: Path, backend: Backend, *, workers: int, progress: Progress
) -> list[Kept]:
    """Return what makes tasks of one package, in the order of its files."""
    files, tree = read_tree(folder), Tree((folder,), folder.name)
    progress(f"measuring {package.name}", 0, package.tasks)
    with backend.open(tree, recipe.image, FORGE_LIMITS) as box:
        reach = measure(box, package.plan(), package.test_paths(files), package.source_paths(files))
    if reach.left_out:
        why = f"tests of {package.name} did not end in order and in time: {', '.join(reach.left_out)}"
        raise TaskError(f"{why}; the last run said: {reach.output[-1500:]}")
    key = digest_json([tree.digest, image_digest(recipe.image), recipe.trial_seconds])
    journal = Journal(cache_dir() / "forge" / f"{package.name}-{key[:16]}.jsonl")
    hunt = Hunt(
        files, package.plan(), recipe.image, tree, reach.tests, backend, journal, workers, recipe.trial_seconds,
        progress,
    )  # fmt: skip
    reach = only(reach, {test for test in reach.tests if not any(part in test for part in package.deselect)})
    drafts = mutation_drafts(package.source_paths(files), files, recipe, reach, package.tasks)
    kept = hunt.run(f"mutations of {package.name}", drafts, package.tasks, math.inf).kept
    return sorted(kept, key=lambda kept: (kept[0].places[0].path, kept[0].places[0].mutation))


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
    draft, trial = kept
    (place,) = draft.places
    mutation = place.mutation
    number = {test: n for n, test in enumerate(package.tests)}
    locked = LockedTask(
        id=task_id(package.package, draft.key),
        of=package.package,
        path=place.path,
        operator=mutation.operator,
        function=mutation.function,
        span=(place.first, place.last),
        start=mutation.start,
        end=mutation.end,
        old_sha=short_sha(mutation.old),
        new=mutation.new,
        fail=tuple(number[i] for i in trial.failed),
        keep=tuple(number[i] for i in trial.passed),
        said=trial.messages,
    )
    return locked.model_copy(update={"digest": materialise(locked, package, recipe, tree).digest})
