"""Makes the lock of a recipe suite: mutates its packages and tries every bug in a box.

It is slow, and needed only if a recipe changes; ``codegym build`` reads the lock. Every trial is recorded when it
ends, so that a run that was stopped can go on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.errors import TaskError
from codegym.foundry.draft.draft import mutation_drafts, task_id
from codegym.foundry.draft.setup import Resources, TrialSetup
from codegym.foundry.draft.trial import TRIAL_VERSION, Journal
from codegym.foundry.draft.try_drafts import TriedDraft, try_drafts
from codegym.foundry.draft.variety import Variety
from codegym.foundry.holdout.guard import Guard
from codegym.foundry.limits import FORGE_LIMITS
from codegym.foundry.recipe.lock import Lock, LockedPackage, LockedTask, read_lock, short_sha, write_lock
from codegym.foundry.recipe.materialise import materialise
from codegym.foundry.recipe.recipe import Package, Recipe, load_recipe
from codegym.foundry.repository.calls import CallGraph
from codegym.foundry.repository.reach import Reach, measure, restricted
from codegym.progress.protocol import Progress, silent
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import Backend, Tree
from codegym.source import fetch
from codegym.tree import Files, read_tree


def lock(root: Path, backend: Backend, *, workers: int = 2, progress: Progress = silent) -> Lock:
    """Make ``lock.jsonl`` for the recipe in ``root`` and return it.

    ``workers`` boxes are open at a time. Raises :class:`~codegym.errors.TaskError` for a recipe or a package that
    can't be used, :class:`~codegym.errors.SandboxError` if boxes fail.
    """
    recipe, resources = load_recipe(root), Resources(backend, workers, progress)
    packages: list[LockedPackage] = []
    tasks: list[LockedTask] = []
    for package in recipe.package:
        tree = fetch(package.source)
        bugs = _bugs(package, recipe, tree, resources)
        locked = _lock_package(package, tree, bugs)
        packages.append(locked)
        tasks += [_lock_task(bug, locked, recipe, tree) for bug in bugs]
    made_lock = Lock(packages=tuple(packages), tasks=tuple(tasks))
    write_lock(root / "lock.jsonl", made_lock)
    return made_lock


def drop(root: Path, ids: Collection[str]) -> Lock:
    """Remove the tasks ``ids``, which got no certificate, from ``lock.jsonl``, and return the rest."""
    old = read_lock(root / "lock.jsonl")
    left = Lock(packages=old.packages, tasks=tuple(task for task in old.tasks if task.id not in ids))
    write_lock(root / "lock.jsonl", left)
    return left


def _bugs(package: Package, recipe: Recipe, folder: Path, resources: Resources) -> list[TriedDraft]:
    """Return the mutations of one package that make tasks, in the order of its files."""
    files, tree = read_tree(folder), Tree((folder,), folder.name)
    began = time.monotonic()
    reach = _measured(package, recipe, files, tree, resources)
    seconds = time.monotonic() - began
    key = digest_json([tree.digest, image_digest(recipe.image), recipe.trial_seconds, TRIAL_VERSION])
    steady = {test for test in reach.tests if not any(part in test for part in package.deselect)}
    sources, steady_reach = package.source_paths(files), restricted(reach, steady)
    graph = CallGraph(sources, files, steady_reach)
    bugs, _ = try_drafts(
        mutation_drafts(sources, files, recipe, steady_reach, graph=graph, most=package.tasks),
        TrialSetup(
            files=files,
            plan=package.plan(),
            image=recipe.image,
            tree=tree,
            tests=steady_reach.tests,
            seconds=recipe.trial_seconds,
            guard=Guard(steady_reach, seconds),
        ),
        resources=resources,
        journal=Journal(cache_dir() / "forge" / f"{package.name}-{key[:16]}.jsonl"),
        variety=Variety(),
        label=f"mutations of {package.name}",
        most=package.tasks,
        deadline=math.inf,
    )
    return sorted(bugs, key=lambda bug: (bug.draft.mutations[0].path, bug.draft.mutations[0].mutation))


def _measured(package: Package, recipe: Recipe, files: Files, tree: Tree, resources: Resources) -> Reach:
    """Measure what the package's tests reach. Raises TaskError if a test file's run does not end in order."""
    resources.progress(f"measuring {package.name}", 0, package.tasks)
    with resources.backend.open(tree, recipe.image, FORGE_LIMITS) as box:
        reach = measure(box, package.plan(), package.test_paths(files), package.source_paths(files))
    if reach.left_out:
        why = f"tests of {package.name} did not end in order and in time: {', '.join(reach.left_out)}"
        raise TaskError(f"{why}; the last run said: {reach.output[-1500:]}")
    return reach


def _lock_package(package: Package, tree: Path, bugs: list[TriedDraft]) -> LockedPackage:
    used_numbers = {i for bug in bugs for i in (*bug.trial.failed, *bug.trial.passed)}
    return LockedPackage(
        package=package.name,
        version=package.version,
        sha256=package.sha256,
        license=package.license,
        split=package.split,
        tree=tree.name,
        options=package.options,
        tests=tuple(sorted(used_numbers)),
    )


def _lock_task(bug: TriedDraft, package: LockedPackage, recipe: Recipe, tree: Path) -> LockedTask:
    draft, trial = bug.draft, bug.trial
    (located,) = draft.mutations
    mutation = located.mutation
    number = {test: n for n, test in enumerate(package.tests)}
    locked = LockedTask(
        id=task_id(package.package, draft.key),
        of=package.package,
        path=located.path,
        operator=mutation.operator,
        function=mutation.function,
        span=(located.first, located.last),
        start=mutation.start,
        end=mutation.end,
        old_sha=short_sha(mutation.old),
        new=mutation.new,
        fail=tuple(number[i] for i in trial.failed),
        keep=tuple(number[i] for i in trial.passed),
        said=trial.messages,
        hidden=trial.hidden,
    )
    return locked.model_copy(update={"digest": materialise(locked, package, recipe, tree).digest})
