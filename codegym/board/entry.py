"""One row of a board: a policy's scores, and enough to compute every number in it again.

An entry has the digests of what was scored, the counts behind its estimates, and the digest of the episodes behind
the counts. :func:`verify` recomputes all of it from those episodes: an entry that was edited by hand, or whose
episodes were, does not verify.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from codegym.board.definition import Board
from codegym.board.interval import Clusters, Estimate
from codegym.board.stats import NO_CLUSTERS, Counts, count_episodes, estimate
from codegym.cluster import cluster_count
from codegym.digest import digest_json
from codegym.episode import Episode, Outcome, is_graded, too_many_lost
from codegym.errors import ConfigError, wrong_fields
from codegym.task import Frozen

UNVERIFIED = frozenset({"suite_digest", "clusters", "seeds", "wall_seconds", "created"})
"""Fields that can't be computed from an entry's episodes; all others can. ``clusters`` follows from the suite."""


def _possible(count: tuple[int, int]) -> tuple[int, int]:
    attempts, resolved = count
    if not 0 <= resolved <= attempts:
        raise ValueError(f"{resolved} of {attempts} attempts can't be resolved")
    return count


Count = Annotated[tuple[int, int], AfterValidator(_possible)]
"""Graded attempts, and how many of them were resolved."""
ScoreName = Annotated[str, Field(pattern=r"^pass[@^][1-9][0-9]{0,5}$")]


class Score(Frozen):
    """A fraction between 0 and 1, its 95 % interval (over clusters), and how many tasks it averages over."""

    value: float
    ci95: tuple[float, float]
    tasks: int


class Entry(Frozen):
    """A policy's result on a board.

    ``counts`` maps task ids to (graded attempts, resolved ones). ``clusters`` maps tasks that share a cluster with
    another one to its name (:mod:`codegym.cluster`). ``scores`` maps names (``pass@1``, ``pass^8``…) to scores;
    one is missing if no task has k graded attempts. All are missing, and ``mean_reward`` is ``None``, if
    :func:`~codegym.episode.too_many_lost`. ``tasks_digest`` is over the digests of the tasks attempted.
    ``mean_reward`` is over graded episodes. ``tokens`` and ``seconds`` are sums over episodes (seconds by phase;
    episodes run at the same time); ``wall_seconds`` is how long the evaluation took. ``unproven`` counts resolved
    attempts with tests that could not be examined.
    """

    board: str
    policy: str
    suite: str
    suite_digest: str
    split: str | None
    tasks: int
    tasks_digest: str
    samples_per_task: int
    counts: dict[str, Count]
    clusters: dict[str, str] = Field(default_factory=dict, exclude_if=lambda clusters: not clusters)
    scores: dict[ScoreName, Score]
    mean_reward: float | None
    outcomes: dict[str, int]
    tokens: dict[str, int]
    seconds: dict[str, float]
    wall_seconds: float | None = None
    infra_errors: int
    unproven: int = Field(0, exclude_if=lambda count: not count)
    seeds: tuple[int, ...]
    versions: dict[str, str] = Field(default_factory=dict)
    episodes_digest: str
    created: str = ""

    @property
    def episodes(self) -> int:
        """The number of attempts, lost ones included."""
        return sum(self.outcomes.values())

    @property
    def cluster_count(self) -> int:
        """The number of clusters of tasks, which intervals resample."""
        return cluster_count(len(self.counts), self.clusters)

    @property
    def has_scores(self) -> bool:
        """Whether enough attempts were graded for any score."""
        return not too_many_lost(self.infra_errors, self.episodes)

    def lost(self) -> str:
        """Return a note on lost episodes, ``12 of 40 episodes were lost``, or nothing if none were."""
        return f"{self.infra_errors} of {self.episodes} episodes were lost" if self.infra_errors else ""

    def score(self, name: str) -> Score | None:
        """Return a score by name (``pass@1``), or ``None`` if it is undefined."""
        return self.scores.get(name) if self.has_scores else None

    def summary(self) -> dict[str, Any]:
        """Return ``{"pass@1": …, "pass@8": …, "ci95": [low, high]}``: values by name, the interval of pass@1."""
        first, scores = self.score("pass@1"), self.scores if self.has_scores else {}
        values: dict[str, Any] = {name: score.value for name, score in scores.items()}
        return values | {"ci95": list(first.ci95) if first else None}


def make_entry(
    board: Board,
    episodes: Iterable[Episode],
    *,
    suite_digest: str,
    clusters: Clusters = NO_CLUSTERS,
    seeds: Sequence[int] = (0,),
    wall_seconds: float | None = None,
    created: str = "",
) -> Entry:
    """Make an entry of ``episodes``, which are of one policy, on the board's suite.

    Of several episodes of the same attempt only the one that :func:`one_per_attempt` returns counts. ``created``
    is an ISO date. Raises :class:`ConfigError` if there are no episodes, or they are of several policies or of
    another suite.
    """
    attempts = one_per_attempt(episodes)
    policy = _only("policy", {episode.policy for episode in attempts})
    if _only("suite", {episode.suite for episode in attempts}) != board.suite:
        raise ConfigError(
            f"board {board.name!r} ranks suite {board.suite!r}, the episodes are of {attempts[0].suite!r}"
        )
    tally = count_episodes(attempts)
    rewards = [episode.reward for episode in attempts if is_graded(episode) and episode.reward is not None]
    is_scored = not too_many_lost(tally.infra_errors, len(attempts))
    return Entry(
        board=board.name,
        policy=policy,
        suite=board.suite,
        suite_digest=suite_digest,
        split=board.split,
        tasks=len(tally.counts),
        tasks_digest=_tasks_digest(attempts),
        samples_per_task=max(Counter(episode.task for episode in attempts).values()),
        counts=tally.counts,
        clusters=dict(clusters),
        scores=scores_of(tally.counts, board.ks, clusters) if is_scored else {},
        mean_reward=sum(rewards) / len(rewards) if rewards and is_scored else None,
        infra_errors=tally.infra_errors,
        unproven=sum(_is_unproven(episode) for episode in attempts),
        **_totals(attempts),
        wall_seconds=wall_seconds,
        seeds=tuple(seeds),
        episodes_digest=digest_json([digest_json(episode.model_dump(mode="json")) for episode in attempts]),
        created=created,
    )


def _is_unproven(episode: Episode) -> bool:
    """Return whether an attempt was resolved by tests of which some could not be examined."""
    verdict = episode.verdict
    return verdict is not None and verdict.outcome is Outcome.RESOLVED and verdict.unproven > 0


def one_per_attempt(episodes: Iterable[Episode]) -> list[Episode]:
    """Return one episode per attempt, ordered by task, sample and seed.

    A resumed run tries attempts again that infrastructure spoiled. The first graded episode of an attempt is
    returned, so that another try can never pick a better result; for lack of one it is the attempt's last.
    """
    attempts: dict[tuple[str, int, int], Episode] = {}
    for episode in episodes:
        job = (episode.task, episode.sample, episode.seed)
        if job not in attempts or not is_graded(attempts[job]):
            attempts[job] = episode
    return [attempts[job] for job in sorted(attempts)]


def verify(entry: Entry, episodes: Iterable[Episode], board: Board, clusters: Clusters | None = None) -> list[str]:
    """Recompute ``entry`` from its episodes; return what does not agree, one line each (empty: verified).

    Fields that can't be computed from episodes (:data:`UNVERIFIED`) are not compared, except ``clusters`` if the
    suite's own are given.
    """
    fields = {name: getattr(entry, name) for name in UNVERIFIED}
    fields |= {} if clusters is None else {"clusters": clusters}
    recomputed = make_entry(board, episodes, **fields)
    values, claims = recomputed.model_dump(mode="json"), entry.model_dump(mode="json")
    return [
        f"{name}: the entry says {_brief(claims.get(name))}, the episodes say {_brief(values.get(name))}"
        for name in values | claims
        if not _agree(values.get(name), claims.get(name))
    ]


def write_entry(folder: Path, entry: Entry) -> Path:
    """Write ``entries/<policy>.json`` below a board's folder; replace the policy's earlier one."""
    path = folder / "entries" / f"{slug(entry.policy)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(entry.model_dump_json(indent=1) + "\n")
    return path


def read_entries(folder: Path) -> list[Entry]:
    """Read a board's entries, by file name. Raises :class:`ConfigError` naming the file that is wrong."""
    return [read_entry(path) for path in sorted(folder.glob("entries/*.json"))]


def slug(name: str) -> str:
    """Return ``name`` as a file name: lower case, everything but letters, digits, dots and dashes as a dash."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "policy"


def read_entry(path: Path) -> Entry:
    """Read one entry. Raises :class:`ConfigError` naming the file if it is none, or can't be read."""
    try:
        return Entry.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: not a board entry: {wrong_fields(error)}") from error


def scores_of(counts: Counts, ks: Iterable[int], clusters: Clusters) -> dict[str, Score]:
    """Return pass@k for each k, and pass^k above 1, by name; without those for which no task has k attempts."""
    estimates: dict[str, Estimate | None] = {}
    for k in sorted(set(ks)):
        estimates[f"pass@{k}"] = estimate(counts, k, clusters=clusters)
        if k > 1:
            estimates[f"pass^{k}"] = estimate(counts, k, "^", clusters=clusters)
    return {
        name: Score(value=score.value, ci95=score.ci95, tasks=score.tasks)
        for name, score in estimates.items()
        if score
    }


def _tasks_digest(episodes: Iterable[Episode]) -> str:
    digests: dict[str, str] = {}
    for episode in episodes:
        if digests.setdefault(episode.task, episode.task_digest) != episode.task_digest:
            raise ConfigError(f"task {episode.task!r} changed between these episodes: use a new folder")
    return digest_json(digests)


def _totals(episodes: Iterable[Episode]) -> dict[str, Any]:
    tokens: Counter[str] = Counter()
    seconds: dict[str, float] = {}
    outcomes: Counter[str] = Counter()
    versions: dict[str, set[str]] = {}
    for episode in episodes:
        tokens.update(episode.usage)
        outcomes[episode.verdict.outcome.value if episode.verdict else "infra_error"] += 1
        for phase, spent in episode.timings.items():
            seconds[phase] = seconds.get(phase, 0.0) + spent
        for name, version in episode.versions.items():
            versions.setdefault(name, set()).add(version)
    return {
        "tokens": dict(sorted(tokens.items())),
        "seconds": {phase: round(spent, 3) for phase, spent in sorted(seconds.items())},
        "outcomes": dict(sorted(outcomes.items())),
        "versions": {name: ", ".join(sorted(values)) for name, values in sorted(versions.items())},
    }


def _only(noun: str, names: set[str]) -> str:
    if len(names) != 1:
        raise ConfigError(f"an entry is made from the episodes of one {noun}, found {sorted(names) or 'none'}")
    return names.pop()


def _agree(one: object, other: object) -> bool:
    """Compare JSON values; numbers may differ in the last digits, as sums do between versions of numpy."""
    if isinstance(one, float) and isinstance(other, (int, float)):
        return abs(one - other) < 1e-9 * max(1.0, abs(one))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_agree(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_agree, one, other))
    return one == other


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
