"""Makes a suite of certified tasks from a repository.

Operators propose drafts, and boxes try them. A draft that breaks the right tests becomes a task, and a task that
gets no certificate is left out. All of it is counted per operator, which shows what a repository yields and where
the time went.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.errors import TaskError
from codegym.foundry.certify.store import keep_certificates
from codegym.foundry.describe.describe import Describer
from codegym.foundry.describe.observe import Observer
from codegym.foundry.draft.setup import Resources, TrialSetup
from codegym.foundry.draft.trial import TRIAL_VERSION, Journal
from codegym.foundry.forge.anchor import Anchors
from codegym.foundry.forge.commit_image import CommitImages
from codegym.foundry.forge.make_task import TaskTemplate
from codegym.foundry.forge.operators import OperatorInputs, add_chains, add_commits, add_mutations, add_slowdowns
from codegym.foundry.forge.options import ForgeOptions
from codegym.foundry.forge.report import ForgeReport, why_empty
from codegym.foundry.forge.survey import MOST_SECONDS, Survey, survey
from codegym.foundry.forge.work import SuiteWork
from codegym.foundry.forge.write import publish, suite_folder, write_forged
from codegym.foundry.holdout.guard import Guard
from codegym.foundry.repository.calls import CallGraph
from codegym.foundry.repository.equip import Equipment, equipped
from codegym.foundry.repository.project import Project
from codegym.foundry.repository.reach import Reach
from codegym.foundry.repository.results import with_results
from codegym.foundry.stoppable import StoppableBackend
from codegym.harness.cache import harness_digest
from codegym.progress.protocol import Progress, silent
from codegym.sandbox.backend import backend
from codegym.sandbox.host.lease import draft_folder
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import Tree
from codegym.suite import Manifest, Suite
from codegym.task import Limits
from codegym.tree import store_tree

_SHORTEST_SURVEY = 30.0
"""Seconds that the survey has, even if the user gives less time to it."""
_SHORTEST_TRIAL = 20.0
"""Seconds that one trial may take, however quick the tests are."""
_LONGEST_TRIAL = 120.0
"""Seconds that one trial may take if it runs only the tests that reach the change."""


def forge(project: Project, options: ForgeOptions, progress: Progress = silent) -> ForgeReport:
    """Make a suite of certified tasks from ``project``, and write it where ``gymnasium.make`` finds it.

    Raises :class:`~codegym.errors.TaskError` if the project's tests can't be used or no task is certified,
    :class:`~codegym.errors.ConfigError` if the suite can't be written to its folder.
    """
    began = time.monotonic()
    folder, version = suite_folder(options.name, options.out, replace=options.replace)
    folder.parent.mkdir(parents=True, exist_ok=True)
    resources = Resources(StoppableBackend(backend(options.backend)), options.workers, progress)
    prepared = _prepare(project, options, resources)
    with draft_folder(folder.parent) as scratch:
        root = scratch / "suite"
        root.mkdir()
        work = SuiteWork(root, _manifest(project, options, version), Anchors())
        inputs = _inputs(prepared, work.anchors, options, resources)
        with inputs.describer.observer:
            add_mutations(work, inputs)
            add_slowdowns(work, inputs)
            add_commits(work, inputs)
            work.certify(options, progress)
            add_chains(work, inputs)
        work.certify(options, progress)
        suite = work.suite()
        if not suite.tasks:
            why = why_empty(work.yields(), prepared.survey.left_out)
            raise TaskError(f"{project.origin.label}: no task was certified. {why}")
        report = _report(work, suite, prepared, folder=folder, began=began)
        keep_certificates(suite, [work.certificates[name] for name in suite.tasks])
        write_forged(suite, report.model_dump(mode="json"))
        publish(options.name, root, folder)
    return report


@dataclass(frozen=True)
class _Prepared:
    """A project with the image that it needs, its stored tree and its survey.

    ``base`` is the project before anything was added to its image. ``ready`` is the time
    (monotonic) at which all that was done.
    """

    base: Project
    equipment: Equipment
    tree: Tree
    survey: Survey
    ready: float

    @property
    def project(self) -> Project:
        return self.equipment.project


def _prepare(project: Project, options: ForgeOptions, resources: Resources) -> _Prepared:
    """Make the image that ``project`` needs, and survey its tests in it."""
    resources.progress("finding what it needs", 0, 1)
    equipment = equipped(project, resources.backend, options.more, declared=options.declared)
    resources.progress("finding what it needs", 1, 1)
    layer = store_tree(equipment.project.files)
    tree = Tree((layer,), layer.name)
    label = f"surveying {project.origin.name}"
    resources.progress(label, 0, 1)
    reporting = with_results(equipment.project, tree, resources.backend, _survey_seconds(options))
    equipment = replace(equipment, project=reporting)
    surveyed = _survey(equipment, tree, options, resources)
    ready = time.monotonic()
    resources.progress(label, 1, 1)
    return _Prepared(project, equipment, tree, surveyed, ready)


def _survey(equipment: Equipment, tree: Tree, options: ForgeOptions, resources: Resources) -> Survey:
    """Survey the project's tests. An error also names the requirements that could not be installed."""
    try:
        return survey(equipment.project, tree, resources.backend, _survey_seconds(options))
    except TaskError as error:
        missing = ", ".join(equipment.missing)
        raise TaskError(f"{error} (could not be installed: {missing})" if missing else str(error)) from error


def _survey_seconds(options: ForgeOptions) -> float:
    return max(min(options.seconds or MOST_SECONDS, MOST_SECONDS), _SHORTEST_SURVEY)


def _inputs(prepared: _Prepared, anchors: Anchors, options: ForgeOptions, resources: Resources) -> OperatorInputs:
    project, surveyed = prepared.project, prepared.survey
    source, _ = anchors.source_of(project.files)
    seconds = max(_SHORTEST_TRIAL, 4 * surveyed.seconds)
    setup = TrialSetup(
        files=project.files,
        plan=project.plan,
        image=project.image,
        tree=prepared.tree,
        tests=surveyed.tests,
        seconds=min(seconds, _LONGEST_TRIAL) if surveyed.reach else seconds,
        guard=Guard(surveyed.reach, surveyed.seconds) if surveyed.reach else None,
    )
    return OperatorInputs(
        template=TaskTemplate(project, source, _limits(surveyed), options.split),
        describer=Describer(project.origin.name, Observer(project, setup, resources.backend)),
        images=CommitImages(
            prepared.base, prepared.equipment, resources.backend, options.more, declared=options.declared
        ),
        setup=setup,
        reach=surveyed.reach,
        graph=CallGraph(project.sources, project.files, surveyed.reach or Reach((), {})),
        test_seconds=surveyed.seconds,
        journal=_journal(setup, options.name),
        resources=resources,
        options=options,
        start=prepared.ready,
    )


def _journal(setup: TrialSetup, suite: str) -> Journal:
    """Return the journal of the suite's trials with this harness, tree, image, command and tests."""
    inputs = [setup.tree.digest, image_digest(setup.image), setup.plan.command, list(setup.tests)]
    key = digest_json([harness_digest(), *inputs, TRIAL_VERSION])
    return Journal(cache_dir() / "forge" / f"{suite}-{key[:16]}.jsonl")


def _limits(surveyed: Survey) -> Limits:
    """Return limits that give the tests ten times the seconds of the survey's run, from one minute to ten."""
    seconds = float(round(min(max(60.0, 10 * surveyed.seconds), 600.0)))
    return Limits(command_seconds=seconds, grade_seconds=seconds)


def _manifest(project: Project, options: ForgeOptions, version: int) -> Manifest:
    origin = project.origin
    return Manifest(
        name=options.name,
        version=version,
        title=f"Forged from {origin.name}",
        description=f"Tasks made from {origin.label} by {', '.join(options.operators)}.",
        license=origin.license,
        cluster=("package", "files", "functions"),
    )


def _report(work: SuiteWork, suite: Suite, prepared: _Prepared, *, folder: Path, began: float) -> ForgeReport:
    seconds = time.monotonic() - began
    return ForgeReport(
        suite=suite.env_id,
        folder=str(folder),
        version=suite.manifest.version,
        digest=suite.digest,
        origin=prepared.project.origin.label,
        tasks=len(suite.tasks),
        with_hidden_tests=sum(task.tests.hidden is not None for task in suite.tasks.values()),
        tests=len(prepared.survey.tests),
        failed=prepared.survey.failed,
        quarantined=prepared.survey.quarantined,
        left_out=prepared.survey.left_out,
        image=prepared.project.image,
        pins=prepared.equipment.pins,
        missing=prepared.equipment.missing,
        operators=work.yields(),
        test_seconds=round(prepared.survey.seconds, 2),
        survey_seconds=round(prepared.ready - began, 1),
        certify_seconds=round(work.certify_seconds, 1),
        seconds=round(seconds, 1),
        per_minute=round(60 * len(suite.tasks) / seconds, 2),
    )
