"""Tries the drafts of each operator, and adds the tasks that result to the suite that is being made."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from codegym.foundry.counted.slow_drafts import SLOWDOWN, slow_drafts
from codegym.foundry.counted.slow_trial import SlowTrial, SlowTrials, SlowVariety
from codegym.foundry.describe.describe import Describer, VisibleTests
from codegym.foundry.draft.bounds import Bounds
from codegym.foundry.draft.combined import combined_drafts, parts_alone, why_not_whole
from codegym.foundry.draft.draft import Draft, mutation_drafts
from codegym.foundry.draft.in_threads import TrialCounts, Try, try_in_threads
from codegym.foundry.draft.removed import removal_drafts
from codegym.foundry.draft.setup import Resources, TrialSetup
from codegym.foundry.draft.trial import Journal, Trial
from codegym.foundry.draft.try_drafts import TrialBox, TriedDraft, try_drafts
from codegym.foundry.forge.chain import chain_drafts, subtasks_of
from codegym.foundry.forge.commit_image import CommitImages
from codegym.foundry.forge.history import CommitTrials, try_commits
from codegym.foundry.forge.make_task import TaskTemplate, make_task
from codegym.foundry.forge.options import ForgeOptions
from codegym.foundry.forge.slow_task import slow_task
from codegym.foundry.forge.work import SuiteWork
from codegym.foundry.limits import FORGE_LIMITS
from codegym.foundry.repository.calls import CallGraph
from codegym.foundry.repository.reach import Reach
from codegym.task import Task

_COMMIT_SECONDS = 30.0
"""Seconds that one run of a commit's tests may take, however quick the tests of the newest commit are."""


@dataclass(frozen=True)
class OperatorInputs:
    """What every operator needs. ``start`` is the time (monotonic) at which trials began."""

    template: TaskTemplate
    describer: Describer
    images: CommitImages
    setup: TrialSetup
    reach: Reach | None
    graph: CallGraph
    test_seconds: float
    journal: Journal
    resources: Resources
    options: ForgeOptions
    start: float


def add_mutations(work: SuiteWork, inputs: OperatorInputs) -> None:
    """Add tasks of one mutation, tasks of a removed body, and tasks that combine mutations of the first kind."""
    project, reach, bounds = inputs.template.project, inputs.reach, Bounds()
    most, operators = inputs.options.most, inputs.options.operators
    mutations: list[TriedDraft] = []
    if reach and {"mutation", "combined"} & {*operators}:
        drafts = mutation_drafts(project.sources, project.files, bounds, reach, graph=inputs.graph, most=most)
        mutations = _add_drafts(work, inputs, "mutation", drafts)
        if "mutation" not in operators:
            work.remove_operator("mutation")
    if "removal" in operators:
        _add_drafts(work, inputs, "removal", removal_drafts(project, bounds, reach))
    if reach and "combined" in operators:
        _add_drafts(work, inputs, "combined", combined_drafts(mutations, bounds, graph=inputs.graph, most=most))


def _add_drafts(
    work: SuiteWork, inputs: OperatorInputs, operator: str, drafts: Iterable[Draft]
) -> list[TriedDraft]:
    """Try ``drafts``, add the resulting tasks, and return the drafts that make tasks."""
    successes, work.counts[operator] = try_drafts(
        iter(drafts),
        inputs.setup,
        resources=inputs.resources,
        journal=inputs.journal,
        variety=work.variety,
        label=operator,
        most=inputs.options.most,
        deadline=inputs.options.deadline(operator, inputs.start),
        why_not=why_not_whole if operator == "combined" else lambda _draft, _try: "",
    )
    for tried in successes:
        task = make_task(tried, inputs.template, instruction=_instruction(inputs, tried))
        work.add(_with_facts(task, tried, inputs), tried)
    return successes


def _instruction(inputs: OperatorInputs, tried: TriedDraft) -> str:
    trial = tried.trial
    visible = VisibleTests(trial.visible_failures, trial.visible_passes, trial.messages)
    return inputs.describer.instruction(tried.draft, visible)


def _with_facts(task: Task, tried: TriedDraft, inputs: OperatorInputs) -> Task:
    """Return a task with what was measured of its bugs.

    ``distance`` is the number of calls from a failing test to the farthest bug. ``needs_all`` counts the tests
    that every bug of a combined task breaks.
    """
    failed, facts = tried.trial.failed, dict(task.metadata)
    distances = [inputs.graph.distance(located.place, failed) for located in tried.draft.mutations]
    if distance := max((each for each in distances if each), default=0):
        facts["distance"] = distance
    if tried.draft.operator == "combined":
        alone = [inputs.journal.get(part.key) or Trial() for part in parts_alone(tried.draft)]
        facts["needs_all"] = len(set(failed).intersection(*(trial.failed for trial in alone)))
    return task.model_copy(update={"metadata": facts})


def add_slowdowns(work: SuiteWork, inputs: OperatorInputs) -> None:
    """Add tasks of functions that do the same with more work, if the reach of the tests is known."""
    if inputs.reach is None or SLOWDOWN not in inputs.options.operators:
        return
    trials, backend = SlowTrials(inputs.setup), inputs.resources.backend

    @contextmanager
    def open_worker() -> Iterator[Try[Draft, SlowTrial]]:
        with backend.open(inputs.setup.tree, inputs.setup.image, FORGE_LIMITS) as box:
            yield lambda draft: trials.attempt(box, draft)

    successes, work.counts[SLOWDOWN] = try_in_threads(
        slow_drafts(inputs.template.project, Bounds(), inputs.reach),
        open_worker,
        SlowVariety(work.variety),
        resources=inputs.resources,
        label=SLOWDOWN,
        most=max(1, inputs.options.most // 4),
        deadline=inputs.options.deadline(SLOWDOWN, inputs.start),
    )
    for draft, trial in successes:
        work.add(slow_task(draft, trial, inputs.template))


def add_commits(work: SuiteWork, inputs: OperatorInputs) -> None:
    """Add tasks of past commits, if the project comes from a git repository."""
    history = inputs.template.project.origin.history
    if history is None or "history" not in inputs.options.operators:
        return
    trials = CommitTrials(
        history=history,
        template=inputs.template,
        anchors=work.anchors,
        images=inputs.images,
        issues=inputs.options.issues,
        backend=inputs.resources.backend,
        seconds=max(_COMMIT_SECONDS, 4 * inputs.test_seconds),
    )
    tasks, work.counts["history"] = try_commits(
        trials,
        resources=inputs.resources,
        most=inputs.options.most,
        deadline=inputs.options.deadline("history", inputs.start),
    )
    for task in tasks:
        work.add(task)


def add_chains(work: SuiteWork, inputs: OperatorInputs) -> None:
    """Add chains of tasks that are certified."""
    if "chain" not in inputs.options.operators:
        return
    began, tried, refused = time.monotonic(), 0, Counter[str]()
    most = max(1, inputs.options.most // 4)
    with TrialBox(inputs.setup, inputs.resources.backend, inputs.journal) as box:
        for chain, parts in chain_drafts(work.chain_parts(), most):
            if objection := work.variety.objection(chain):
                refused[objection] += 1
                continue
            tried += 1
            trial = box.try_draft(chain)
            subtasks = {} if trial.refused else subtasks_of(chain, parts, trial, box.try_draft)
            why = trial.refused or ("" if subtasks else "parts depend on each other")
            if objection := why or work.variety.admit(chain, trial):
                refused[objection] += 1
            else:
                tried_chain = TriedDraft(chain, trial)
                text = _instruction(inputs, tried_chain)
                work.add(make_task(tried_chain, inputs.template, instruction=text, subtasks=subtasks), tried_chain)
    work.counts["chain"] = TrialCounts(tried, dict(refused), time.monotonic() - began)
