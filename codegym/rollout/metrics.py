"""A run in a few numbers: outcomes, rewards, costs, and how much came from the cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from pydantic import Field

from codegym.episode import Episode, Outcome, is_graded, too_many_lost
from codegym.failure import Owner
from codegym.task import Frozen

TEST_TOOLS = frozenset({"test", "locate"})
"""Tools that run tests and whose results are kept by digest."""


class RolloutMetrics(Frozen):
    """The sums of a run. Rates are fractions between 0 and 1, ``None`` if nothing was counted.

    ``episodes`` are all, ``infra_errors`` those without a reward; ``resolved``, means and rates are over the
    others. ``test_runs`` and ``verdicts`` count results of tests, ``*_cached`` those for which no test was run,
    and ``cache_hit_rate`` is over both. ``seconds`` by phase are summed over episodes that ran side by side;
    ``usage`` sums what policies counted. ``failures`` counts the gradings that did not end in order, by the owner
    and kind of the failure (``infrastructure: box``); ``quarantined`` are the tasks that failed by themselves.
    """

    episodes: int = 0
    infra_errors: int = 0
    resolved: int = 0
    resolved_rate: float | None = None
    mean_reward: float | None = None
    mean_turns: float | None = None
    test_runs: int = 0
    test_runs_cached: int = 0
    verdicts: int = 0
    verdicts_cached: int = 0
    cache_hit_rate: float | None = None
    stops: dict[str, int] = Field(default_factory=dict)
    outcomes: dict[str, int] = Field(default_factory=dict)
    failures: dict[str, int] = Field(default_factory=dict)
    quarantined: tuple[str, ...] = ()
    seconds: dict[str, float] = Field(default_factory=dict)
    usage: dict[str, int] = Field(default_factory=dict)

    def lost(self) -> str:
        """Return a note for beside a mean: ``12 of 40 episodes were lost``; empty if none were."""
        return f"{self.infra_errors} of {self.episodes} episodes were lost" if self.infra_errors else ""

    def scored(self) -> Self:
        """Return the metrics, without resolved rate and mean reward if too many episodes were lost."""
        if not too_many_lost(self.infra_errors, self.episodes):
            return self
        return self.model_copy(update={"resolved_rate": None, "mean_reward": None})


@dataclass
class Tally:
    """Counts episodes one by one, so that a run need not be kept in memory."""

    counts: Counter[str] = field(default_factory=Counter)
    stops: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    quarantined: set[str] = field(default_factory=set)
    usage: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    rewards: float = 0.0

    def add(self, episode: Episode) -> None:
        """Count one episode."""
        self.counts["episodes"] += 1
        self.stops[episode.stop] += 1
        self.usage.update(episode.usage)
        self._add_failure(episode)
        for phase, seconds in episode.timings.items():
            self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds
        if episode.reward is None or not is_graded(episode):
            self.counts["infra_errors"] += 1
            return
        self.rewards += episode.reward
        self.counts["turns"] += len(episode.steps)
        self._add_results(episode)

    def metrics(self) -> RolloutMetrics:
        """Return the numbers so far."""
        count = self.counts
        graded = count["episodes"] - count["infra_errors"]
        looked_up = count["test_runs"] + count["verdicts"]
        return RolloutMetrics(
            episodes=count["episodes"],
            infra_errors=count["infra_errors"],
            resolved=count["resolved"],
            resolved_rate=_share(count["resolved"], graded),
            mean_reward=_share(self.rewards, graded),
            mean_turns=_share(count["turns"], graded),
            test_runs=count["test_runs"],
            test_runs_cached=count["test_runs_cached"],
            verdicts=count["verdicts"],
            verdicts_cached=count["verdicts_cached"],
            cache_hit_rate=_share(count["test_runs_cached"] + count["verdicts_cached"], looked_up),
            stops=dict(sorted(self.stops.items())),
            outcomes=dict(sorted(self.outcomes.items())),
            failures=dict(sorted(self.failures.items())),
            quarantined=tuple(sorted(self.quarantined)),
            seconds={phase: round(seconds, 3) for phase, seconds in sorted(self.seconds.items())},
            usage=dict(sorted(self.usage.items())),
        )

    def note(self) -> str:
        """Return the outcomes so far in a few words, for a progress display: ``resolved 3 of 9, 1 not graded``."""
        lost = self.counts["infra_errors"]
        graded = self.counts["episodes"] - lost
        return f"resolved {self.counts['resolved']} of {graded}" + (f", {lost} not graded" if lost else "")

    def _add_failure(self, episode: Episode) -> None:
        failure = episode.verdict.failure if episode.verdict else None
        if failure is not None:
            self.failures[str(failure)] += 1
            if failure.owner is Owner.TASK:
                self.quarantined.add(episode.task)

    def _add_results(self, episode: Episode) -> None:
        runs = [step for step in episode.steps if step.tool in TEST_TOOLS]
        self.counts["test_runs"] += len(runs)
        self.counts["test_runs_cached"] += sum(step.cached for step in runs)
        if episode.verdict is not None:
            self.counts["verdicts"] += 1
            self.counts["verdicts_cached"] += episode.verdict.cached
            self.counts["resolved"] += episode.verdict.outcome is Outcome.RESOLVED
            self.outcomes[episode.verdict.outcome] += 1


def summarise(episodes: Iterable[Episode]) -> RolloutMetrics:
    """Return the metrics of ``episodes``, which may be a stream."""
    tally = Tally()
    for episode in episodes:
        tally.add(episode)
    return tally.metrics()


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
