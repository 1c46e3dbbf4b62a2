"""From a repository to a suite of certified tasks: survey, try, cast, certify, write.

Every operator hands over drafts; boxes try them; what breaks the right tests becomes a task; what does not get a
certificate is left out. All of it is counted by operator, so that one sees what a repository yields and what the
time went into.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.certificate import TaskCertificate, without_tests
from codegym.digest import digest_json
from codegym.errors import TaskError
from codegym.foundry.certify.certify import certify
from codegym.foundry.certify.store import keep_certificates
from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.draft.draft import Draft, combined_drafts, mutation_drafts, removal_drafts
from codegym.foundry.draft.hunt import Catch, Hunt
from codegym.foundry.draft.trial import Journal
from codegym.foundry.forge.anchor import Anchors
from codegym.foundry.forge.cast import Mould
from codegym.foundry.forge.chain import Part, chain_drafts, subtasks_of
from codegym.foundry.forge.history import HistoryHunt
from codegym.foundry.forge.survey import MOST_SECONDS, Survey, survey
from codegym.foundry.forge.write import draft_suite, publish, suite_folder, write_forged
from codegym.foundry.repository.equip import Equipment, equipped
from codegym.foundry.repository.project import Project
from codegym.progress.protocol import Progress, silent
from codegym.sandbox.backend import backend as backend_named
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import Backend, Tree
from codegym.suite import Manifest, Suite
from codegym.task import Frozen, Limits, Task
from codegym.tree import store_tree

OPERATORS = ("mutation", "removal", "combined", "history", "chain")
"""What makes tasks, in the order in which it is tried."""

_ENDS = {"mutation": 0.4, "removal": 0.6, "combined": 0.7, "history": 1.0, "chain": math.inf}
"""By which share of the time given each operator has to end."""


_LEAST = 30.0
"""Seconds that the survey has, however few there are."""
_TRIAL = 120.0
"""Seconds that a trial takes at most where only tests that reach the change are run."""


@dataclass(frozen=True)
class Wishes:
    """What a suite should be: its name, where it goes, which operators may make how many tasks each.

    ``seconds`` bounds the time of the survey, and that in which drafts are tried (0: nothing does); certifying
    them comes after it. The image gets what the project declares to need, where ``declared``, and ``more``.
    """

    name: str
    out: Path | None = None
    operators: tuple[str, ...] = OPERATORS
    most: int = 40
    split: str = "train"
    backend: str = "bwrap"
    workers: int = 2
    repeats: int = 3
    seconds: float = 0.0
    replace: bool = False
    declared: bool = True
    more: tuple[str, ...] = ()


class Yield(Frozen):
    """What became of one operator's drafts. ``seconds`` were spent on trying them, certifying not counted."""

    tried: int
    made: int
    certified: int
    refused: dict[str, int]
    seconds: float


class Forged(Frozen):
    """A forged suite: where it is and what came of what. ``per_minute`` counts certified tasks, over all time.

    ``pins`` are packages that were added to the image, ``missing`` requirements that could not be had,
    ``left_out`` test files that were not surveyed.
    """

    suite: str
    folder: str
    version: int
    digest: str
    origin: str
    tasks: int
    tests: int
    quarantined: tuple[str, ...]
    left_out: tuple[str, ...]
    image: str
    pins: tuple[str, ...]
    missing: tuple[str, ...]
    operators: dict[str, Yield]
    test_seconds: float
    survey_seconds: float
    certify_seconds: float
    seconds: float
    per_minute: float


@dataclass
class _Forge:
    """One repository on its way to a suite."""

    equipment: Equipment
    wishes: Wishes
    backend: Backend
    progress: Progress
    began: float
    anchors: Anchors = field(default_factory=Anchors)
    catches: dict[str, Catch] = field(default_factory=dict)
    made: dict[str, tuple[Task, Draft | None]] = field(default_factory=dict)
    certificates: dict[str, TaskCertificate] = field(default_factory=dict)
    certify_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.project = self.equipment.project
        self.surveyed_seconds = 0.0
        self.anchors.place(self.project.files)
        base = store_tree(self.project.files)
        self.tree = Tree((base,), base.name)

    def deadline(self, operator: str) -> float:
        seconds = self.wishes.seconds or math.inf
        return self.began + self.surveyed_seconds + seconds * _ENDS[operator]

    def survey(self) -> Survey:
        self.progress(f"surveying {self.project.origin.name}", 0, 1)
        seconds = min(self.wishes.seconds or MOST_SECONDS, MOST_SECONDS)
        try:
            found = survey(self.project, self.tree, self.backend, max(seconds, _LEAST))
        except TaskError as error:
            missing = ", ".join(self.equipment.missing)
            raise TaskError(f"{error} (could not be had: {missing})" if missing else str(error)) from error
        self.surveyed_seconds = time.monotonic() - self.began
        self.progress(f"surveying {self.project.origin.name}", 1, 1)
        return found

    def hunt(self, surveyed: Survey) -> Hunt:
        project = self.project
        key = digest_json(
            [self.tree.digest, image_digest(project.image), project.plan.command, list(surveyed.tests)]
        )
        journal = Journal(cache_dir() / "forge" / f"{self.wishes.name}-{key[:16]}.jsonl")
        seconds = max(20.0, 4 * surveyed.seconds)
        return Hunt(
            project.files, project.plan, project.image, self.tree, surveyed.tests, self.backend, journal,
            self.wishes.workers, min(seconds, _TRIAL) if surveyed.reach else seconds, self.progress,
        )  # fmt: skip

    def singles(self, hunt: Hunt, mould: Mould, surveyed: Survey) -> None:
        """Try mutations, removals, and combinations of what mutations were kept."""
        project, reach, bounds = self.project, surveyed.reach, Bounds()
        most, wanted = self.wishes.most, self.wishes.operators
        if reach and {"mutation", "combined"} & {*wanted}:
            drafts = mutation_drafts(project.sources, project.files, bounds, reach, most)
            self._catch(hunt, mould, "mutation", drafts)
        if "removal" in wanted:
            self._catch(hunt, mould, "removal", removal_drafts(project, bounds, reach))
        if reach and "combined" in wanted:
            noticed = [draft for draft, _ in self.catches["mutation"].kept]
            self._catch(hunt, mould, "combined", combined_drafts(noticed))
        if "mutation" not in wanted:
            self.made = {
                name: made for name, made in self.made.items() if made[0].metadata["origin"] != "mutation"
            }

    def _catch(self, hunt: Hunt, mould: Mould, operator: str, drafts: Iterable[Draft]) -> None:
        caught = hunt.run(operator, iter(drafts), self.wishes.most, self.deadline(operator))
        self.catches[operator] = caught
        self._add((mould.cast(draft, trial), draft) for draft, trial in caught.kept)

    def past(self, mould: Mould, surveyed: Survey) -> None:
        """Try the repository's commits."""
        history = self.project.origin.history
        if history is None or "history" not in self.wishes.operators:
            return
        seconds = max(30.0, 4 * surveyed.seconds)
        hunt = HistoryHunt(mould, history, self.backend, self.wishes.workers, seconds, self.progress)
        tasks = hunt.run(self.wishes.most, self.deadline("history"))
        self.catches["history"] = hunt.catch
        self._add((task, None) for task in tasks)

    def chains(self, hunt: Hunt, mould: Mould, draft_root: Path, manifest: Manifest) -> None:
        """Make chains of what is certified, and certify them."""
        if "chain" not in self.wishes.operators:
            return
        parts: list[Part] = [(task, draft) for task, draft in self.made.values() if draft and self._sound(task)]
        parts = [part for part in parts if part[1].operator != "combined"]
        caught = self.catches["chain"] = Catch()
        began = time.monotonic()
        with hunt.bench() as bench:
            for draft, chosen in chain_drafts(parts, max(1, self.wishes.most // 4)):
                caught.tried += 1
                trial = bench.tried(draft)
                subtasks = {} if trial.refused else subtasks_of(draft, chosen, trial, bench.tried)
                if subtasks:
                    self._add([(mould.cast(draft, trial, subtasks), draft)])
                else:
                    caught.refused[trial.refused or "parts depend on each other"] += 1
        caught.seconds = time.monotonic() - began
        self.certify(draft_root, manifest)

    def _add(self, made: Iterable[tuple[Task, Draft | None]]) -> None:
        self.made.update({task.id: (task, draft) for task, draft in made})

    def _sound(self, task: Task) -> bool:
        found = self.certificates.get(task.id)
        return found is not None and not found.why and found.digest == task.digest

    def certify(self, root: Path, manifest: Manifest) -> None:
        """Certify what is not yet; what has tests in quarantine loses those and is looked at once more."""
        for _ in range(2):
            tasks = [task for task, _ in self.made.values() if task.id not in self.certificates]
            if not tasks:
                return
            suite = draft_suite(root, manifest, tasks, self.anchors.kept)
            wishes = self.wishes
            found = certify(suite, wishes.backend, self.progress, wishes.workers, repeats=wishes.repeats)
            self.certify_seconds += found.seconds
            for certificate in found.results:
                self._note(certificate)

    def _note(self, certificate: TaskCertificate) -> None:
        task, draft = self.made[certificate.task]
        known = task.metadata.get("quarantined")
        if certificate.flaky and not certificate.refused and not known:
            self.made[task.id] = (without_tests(task, certificate.quarantined), draft)
        else:
            self.certificates[task.id] = certificate

    def sound(self) -> list[Task]:
        """Return the tasks that are certified."""
        return [task for task, _ in self.made.values() if self._sound(task)]

    def yields(self) -> dict[str, Yield]:
        """Return what became of each operator's drafts."""
        found: dict[str, Yield] = {}
        for operator, caught in self.catches.items():
            made = [task for task, _ in self.made.values() if task.metadata["origin"] == operator]
            refused = dict(caught.refused)
            for task in made:
                if not self._sound(task):
                    why = "not certified: " + self.certificates[task.id].why.partition(":")[0]
                    refused[why] = refused.get(why, 0) + 1
            found[operator] = Yield(
                tried=caught.tried,
                made=len(made),
                certified=sum(self._sound(task) for task in made),
                refused=refused,
                seconds=round(caught.seconds, 1),
            )
        return found


def forge(project: Project, wishes: Wishes, progress: Progress = silent) -> Forged:
    """Make a suite of certified tasks from ``project``, and write it where ``gymnasium.make`` finds it.

    Raises :class:`~codegym.errors.TaskError` if the project's tests can't be used or no task is certified,
    :class:`~codegym.errors.ConfigError` if the suite can't go where it should.
    """
    folder, version = suite_folder(wishes.name, wishes.out, replace=wishes.replace)
    folder.parent.mkdir(parents=True, exist_ok=True)
    began, backend = time.monotonic(), backend_named(wishes.backend)
    progress("finding what it needs", 0, 1)
    equipment = equipped(project, backend, wishes.more, declared=wishes.declared)
    progress("finding what it needs", 1, 1)
    forging = _Forge(equipment, wishes, backend, progress, began)
    surveyed = forging.survey()
    manifest = _manifest(project, wishes, version)
    with tempfile.TemporaryDirectory(prefix=".forge-", dir=folder.parent) as scratch:
        root = Path(scratch) / "suite"
        root.mkdir()
        _make(forging, surveyed, root, manifest)
        suite = draft_suite(root, manifest, forging.sound(), forging.anchors.kept)
        report = _report(forging, surveyed, suite, folder)
        if not suite.tasks:
            raise TaskError(f"{project.origin.said}: no task was certified. {_reasons(report)}{_advice(report)}")
        keep_certificates(suite, [forging.certificates[name] for name in suite.tasks])
        write_forged(suite, report.model_dump(mode="json"))
        publish(wishes.name, root, folder)
    return report


def _make(forging: _Forge, surveyed: Survey, root: Path, manifest: Manifest) -> None:
    mould = Mould(forging.project, forging.anchors, _limits(surveyed), forging.wishes.split)
    hunt = forging.hunt(surveyed)
    forging.singles(hunt, mould, surveyed)
    forging.past(mould, surveyed)
    forging.certify(root, manifest)
    forging.chains(hunt, mould, root, manifest)


def _limits(surveyed: Survey) -> Limits:
    """Return limits that leave the tests ten times the seconds they took here, between one minute and ten."""
    seconds = float(round(min(max(60.0, 10 * surveyed.seconds), 600.0)))
    return Limits(command_seconds=seconds, grade_seconds=seconds)


def _manifest(project: Project, wishes: Wishes, version: int) -> Manifest:
    origin = project.origin
    return Manifest(
        name=wishes.name,
        version=version,
        title=f"Forged from {origin.name}",
        description=f"Tasks made from {origin.said} by {', '.join(wishes.operators)}.",
        license=origin.license,
    )


def _report(forging: _Forge, surveyed: Survey, suite: Suite, folder: Path) -> Forged:
    seconds = time.monotonic() - forging.began
    return Forged(
        suite=suite.env_id,
        folder=str(folder),
        version=suite.manifest.version,
        digest=suite.digest,
        origin=forging.project.origin.said,
        tasks=len(suite.tasks),
        tests=len(surveyed.tests),
        quarantined=surveyed.quarantined,
        left_out=surveyed.left_out,
        image=forging.project.image,
        pins=forging.equipment.pins,
        missing=forging.equipment.missing,
        operators=forging.yields(),
        test_seconds=round(surveyed.seconds, 2),
        survey_seconds=round(forging.surveyed_seconds, 1),
        certify_seconds=round(forging.certify_seconds, 1),
        seconds=round(seconds, 1),
        per_minute=round(60 * len(suite.tasks) / seconds, 2),
    )


def _reasons(report: Forged) -> str:
    told = [
        f"{operator}: {found.tried} tried, {', '.join(f'{why} {count}' for why, count in found.refused.items())}"
        for operator, found in report.operators.items()
        if found.tried
    ]
    return "; ".join(told) or "Nothing was tried: give more --seconds or other --operators"


def _advice(report: Forged) -> str:
    """Return what to try where nothing came out."""
    left = len(report.left_out)
    named = f"; {left} test files were left out ({', '.join(report.left_out[:3])}, …)" if left else ""
    return f"{named}. Give more --seconds, or none, or name the tests that matter with --test-command"
