"""The report on a suite: what its tasks are, how hard and how alike they are, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from codegym.board.interval import Clusters
from codegym.board.stats import estimate
from codegym.certificate import TaskCertificate
from codegym.cluster import cluster_count, shared_clusters
from codegym.difficulty import Difficulty, TaskAttempts, difficulties, read_attempts
from codegym.inspection.duplicates import TwinGroup, surplus, twin_groups
from codegym.inspection.facts import TaskFacts, facts_of
from codegym.inspection.reach import SuiteReach, reach_of
from codegym.inspection.reading import TaskReading, drawn, reading_of
from codegym.inspection.refusals import Refusal, refusals_of
from codegym.progress.protocol import Progress, silent
from codegym.suite import Suite, claimed_suite, read_certificates
from codegym.task import Frozen, Task

SIZES = {
    "patch_lines": "lines that the solution adds and removes",
    "function_lines": "lines of the functions that it changes",
    "deciding": "tests that decide",
    "fail_to_pass": "of these, tests that fail before",
    "visible": "tests that the agent can run",
    "hidden": "deciding tests that it can't run",
}
"""Maps each measured size of a task to its name with its unit."""


class SizeSummary(Frozen):
    """A size over the tasks for which it is known: the smallest, the median, the 90th percentile, the largest."""

    tasks: int
    least: int
    median: int
    p90: int
    most: int


class PolicySummary(Frozen):
    """A policy whose attempts tell how hard tasks are: its mean solve rate over tasks, and the 95 % interval."""

    policy: str
    policy_digest: str
    tasks: int
    attempts: int
    rate: float
    ci95: tuple[float, float]


class SuiteReport(Frozen):
    """A suite in numbers, and some of its tasks in full.

    ``tasks`` is the number of (listed) tasks, ``inspected`` of how many the report is, and ``clusters`` how many
    clusters these are. ``surplus`` tasks would go if one of each set of near-duplicates stayed. ``certified``
    tasks have a certificate; ``unproven`` maps those with deciding tests that can't be examined to the number of
    these tests.
    """

    suite: str
    title: str
    digest: str
    tasks: int
    inspected: int
    clusters: int
    seed: int
    certified: int
    sizes: dict[str, SizeSummary]
    policies: tuple[PolicySummary, ...]
    reach: SuiteReach
    duplicates: tuple[TwinGroup, ...]
    surplus: int
    refusals: tuple[Refusal, ...]
    unproven: dict[str, int]
    rows: tuple[TaskFacts, ...]
    reading: tuple[TaskReading, ...]

    def counts(self, name: str) -> dict[str, int]:
        """Return how many tasks have each value of a field of :class:`TaskFacts`, the most frequent first."""
        counts = Counter(str(getattr(row, name)) for row in self.rows)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def values(self, size: str) -> list[int]:
        """Return a size of every task for which it is known."""
        return [value for row in self.rows if (value := getattr(row, size)) is not None]


def inspect_suite(
    suite: Suite, *, sample: int = 0, seed: int = 0, read: int = 10, progress: Progress = silent
) -> SuiteReport:
    """Return the report on ``sample`` tasks of ``suite`` (0: all), spread over it; ``read`` of them in full."""
    ids = _spread(list(suite.tasks), sample)
    certificates = read_certificates(claimed_suite(suite.name))
    attempts = read_attempts(suite)
    measured = difficulties(attempts)
    tasks: dict[str, Task] = {}
    facts: dict[str, TaskFacts] = {}
    for number, task_id in enumerate(ids, 1):
        task = tasks[task_id] = suite.tasks[task_id]
        facts[task_id] = facts_of(suite, task, certificates.get(task_id), measured.get(task_id, Difficulty()))
        progress(f"reading {suite.name}", number, len(ids))
    clusters = shared_clusters(suite, ids)
    groups = twin_groups(tasks.values(), {name: row.functions for name, row in facts.items()})
    return SuiteReport(
        suite=suite.env_id,
        title=suite.manifest.title,
        digest=suite.digest,
        tasks=len(suite.tasks),
        inspected=len(ids),
        clusters=cluster_count(len(ids), clusters),
        seed=seed,
        certified=sum(task_id in certificates for task_id in ids),
        sizes={name: summary for name in SIZES if (summary := _summary(facts.values(), name))},
        policies=_policies([record for record in attempts if record.task in facts], clusters),
        reach=reach_of(suite, list(tasks.values()), facts),
        duplicates=groups,
        surplus=surplus(groups),
        refusals=refusals_of(suite, tasks.values()),
        unproven=_unproven(tasks, certificates),
        rows=tuple(facts.values()),
        reading=tuple(reading_of(suite, tasks[task_id]) for task_id in drawn(ids, read, seed)),
    )


def _spread(ids: list[str], sample: int) -> list[str]:
    count = min(sample or len(ids), len(ids))
    return [ids[i * len(ids) // count] for i in range(count)]


def _summary(facts: Iterable[TaskFacts], name: str) -> SizeSummary | None:
    values = sorted(value for row in facts if (value := getattr(row, name)) is not None)
    if not values:
        return None
    last = len(values) - 1
    at = {"least": 0, "median": last // 2, "p90": round(0.9 * last), "most": last}
    return SizeSummary(tasks=len(values), **{key: values[place] for key, place in at.items()})


def _policies(records: list[TaskAttempts], clusters: Clusters) -> tuple[PolicySummary, ...]:
    summaries = []
    for policy, digest in sorted({(record.policy, record.policy_digest) for record in records}):
        own = [record for record in records if (record.policy, record.policy_digest) == (policy, digest)]
        score = estimate({record.task: (record.attempts, record.solved) for record in own}, 1, clusters=clusters)
        if score:
            summaries.append(
                PolicySummary(
                    policy=policy,
                    policy_digest=digest,
                    tasks=score.tasks,
                    attempts=sum(record.attempts for record in own),
                    rate=score.value,
                    ci95=score.ci95,
                )
            )
    return tuple(summaries)


def _unproven(tasks: dict[str, Task], certificates: dict[str, TaskCertificate]) -> dict[str, int]:
    counts = {
        task_id: len({*certificates[task_id].unproven} & {*task.tests.deciding})
        for task_id, task in tasks.items()
        if task_id in certificates
    }
    return {task_id: count for task_id, count in counts.items() if count}
