"""Attempts at tasks, from policies that are played for it and from what was recorded before.

Both are the same: a folder of episodes is read, whoever played them. Attempts that the machine lost are left out,
and a policy that lost so many that it has no score on a board adds nothing here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegym.board.entry import Entry, read_entries
from codegym.board.stats import is_resolved
from codegym.difficulty import TaskAttempts, keep_attempts, read_attempts, wilson
from codegym.digest import digest_json
from codegym.episode import Episode, is_graded, too_many_lost
from codegym.episode_file import read_episodes
from codegym.errors import ConfigError
from codegym.suite import Suite

BASELINES = ("random", "guess")
"""The scripted policies that are played if none is named."""
KNOWS_THE_SOLUTION = ("gold", "repair")
"""Policies whose attempts say nothing about how hard a task is."""
_FACTS = ("dialect", "max_turns", "limits")
"""What ``setting.json`` records of a policy that decides how well it plays; the seed does not."""


@dataclass(frozen=True)
class PlayedPolicy:
    """One policy's attempts in one folder: ``records`` of graded attempts by task, and how many were lost.

    ``others`` counts episodes of other suites or other versions of a task. ``is_scored`` is false if so many were
    lost that none counts.
    """

    policy: str
    policy_digest: str
    records: tuple[TaskAttempts, ...]
    lost: int = 0
    others: int = 0
    is_scored: bool = True


def count_folders(suite: Suite, folders: Iterable[Path]) -> list[PlayedPolicy]:
    """Add the attempts in ``folders`` to those kept beside the suite; return them by folder and policy.

    Raises :class:`ConfigError` as :func:`attempts_in` does.
    """
    policies: list[PlayedPolicy] = []
    for folder in folders:
        played = attempts_in(folder, suite, read_attempts(suite))
        keep_attempts(suite, [record for one in played for record in one.records])
        policies += played
    return policies


def attempts_in(path: Path, suite: Suite, earlier: Iterable[TaskAttempts] = ()) -> list[PlayedPolicy]:
    """Return the attempts at tasks of ``suite`` in a file of episodes or below a folder, by policy.

    If a folder has no episodes, its board entries are read (``entries/*.json``). Episodes that ``earlier`` records
    count are left out. Raises :class:`ConfigError` if there are neither, or something can't be read.
    """
    before = {(r.policy, r.policy_digest, source) for r in earlier for source in r.sources}
    logs = sorted({log.parent for log in path.rglob("episodes-*.jsonl")}) if path.is_dir() else [path]
    if not logs:
        entries = read_entries(path)
        if not entries:
            raise ConfigError(f"no episodes and no entries/ below {str(path)!r}: give a run's folder or a board's")
        return [_of_entry(entry, suite) for entry in entries if entry.policy not in KNOWS_THE_SOLUTION]
    played: dict[tuple[str, str], list[Episode]] = defaultdict(list)
    for log in logs:
        for episode, digest in _with_policies(log):
            played[episode.policy, digest].append(episode)
    return [_of_episodes(*key, episodes, suite, before) for key, episodes in sorted(played.items())]


def _with_policies(log: Path) -> Iterator[tuple[Episode, str]]:
    """Yield the episodes of one log, each with the digest of the policy that played it."""
    path = (log if log.is_dir() else log.parent) / "setting.json"
    recorded: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text()) if path.is_file() else {}
    for episode in read_episodes(log):
        if episode.policy not in KNOWS_THE_SOLUTION:
            facts = {"dialect": episode.versions.get("dialect"), **recorded.get(episode.policy, {})}
            yield episode, _policy_digest(episode.policy, facts)


def _policy_digest(policy: str, facts: Mapping[str, Any]) -> str:
    return digest_json([policy, {name: facts.get(name) for name in _FACTS}])


def _of_episodes(
    policy: str,
    policy_digest: str,
    episodes: list[Episode],
    suite: Suite,
    before: set[tuple[str, str, str]],
) -> PlayedPolicy:
    """Count one policy's episodes. Of several tries of an attempt the first graded one counts."""
    first: dict[str, Episode] = {}
    for episode in episodes:
        if _is_of(episode, suite) and (episode.id not in first or not is_graded(first[episode.id])):
            first[episode.id] = episode
    graded = [episode for episode in first.values() if is_graded(episode)]
    lost = len(first) - len(graded)
    others = sum(not _is_of(episode, suite) for episode in episodes)
    if too_many_lost(lost, len(first)):
        return PlayedPolicy(policy, policy_digest, (), lost, others, is_scored=False)
    by_task: dict[str, list[Episode]] = defaultdict(list)
    for episode in graded:
        if (policy, policy_digest, episode.id) not in before:
            by_task[episode.task].append(episode)
    records = tuple(_record(policy_digest, group) for _, group in sorted(by_task.items()))
    return PlayedPolicy(policy, policy_digest, records, lost, others)


def _is_of(episode: Episode, suite: Suite) -> bool:
    task = suite.tasks.get(episode.task) if episode.suite == suite.name else None
    return task is not None and task.digest == episode.task_digest


def _record(policy_digest: str, episodes: list[Episode]) -> TaskAttempts:
    """Return the record of one policy's graded episodes of one task."""
    first, solved = episodes[0], sum(map(is_resolved, episodes))
    return TaskAttempts(
        task=first.task,
        digest=first.task_digest,
        policy=first.policy,
        policy_digest=policy_digest,
        attempts=len(episodes),
        solved=solved,
        interval=wilson(len(episodes), solved),
        sources=tuple(episode.id for episode in episodes),
    )


def _of_entry(entry: Entry, suite: Suite) -> PlayedPolicy:
    """Count a board entry, which names no tasks' digests: it has to be of this very suite."""
    digest = _policy_digest(entry.policy, entry.versions)
    if entry.suite != suite.name or entry.suite_digest != suite.digest:
        return PlayedPolicy(entry.policy, digest, (), entry.infra_errors, others=entry.episodes)
    records = tuple(
        TaskAttempts(
            task=task,
            digest=suite.task(task).digest,
            policy=entry.policy,
            policy_digest=digest,
            attempts=attempts,
            solved=solved,
            interval=wilson(attempts, solved),
            sources=(f"entry:{entry.episodes_digest}",),
        )
        for task, (attempts, solved) in entry.counts.items()
        if attempts
    )
    scored = entry.has_scores
    return PlayedPolicy(entry.policy, digest, records if scored else (), entry.infra_errors, is_scored=scored)
