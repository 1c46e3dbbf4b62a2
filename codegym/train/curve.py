"""A phase of GRPO over its steps: what its episodes solved, how they went, and how much its groups teach."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from codegym.board.stats import count_episodes, task_values
from codegym.episode import Episode, is_graded
from codegym.episode_file import read_episodes
from codegym.errors import ConfigError
from codegym.rollout.metrics import TEST_TOOLS
from codegym.task import Frozen
from codegym.train.folder import PhaseFolder


class Point(Frozen):
    """Some consecutive steps: the numbers of the first and the last, and means over their graded episodes.

    Rates are fractions. ``pass_k`` is pass@k for the k of the groups. ``teaching`` is the share of groups whose
    rewards differ, ``patches`` the number of different patches in a group. ``malformed`` is the share of turns
    that no tool could read; ``turns`` and ``tests`` are per episode. ``entropy`` is in nats per token of the
    groups that teach, as TRL logs it; ``None`` if none did.
    """

    first: int
    last: int
    episodes: int
    k: int
    pass_1: float
    pass_k: float
    teaching: float
    patches: float
    malformed: float
    turns: float
    tests: float
    entropy: float | None = None


def curve(phase: PhaseFolder, points: int = 10) -> list[Point]:
    """Return a finished or running phase in at most ``points`` parts of as many steps each.

    Raises :class:`ConfigError` if the phase has no graded episodes of a policy that was being trained.
    """
    by_step: dict[int, list[Episode]] = defaultdict(list)
    for episode in read_episodes(phase.episodes):
        version = _version(episode)
        if version is not None and is_graded(episode):
            by_step[version].append(episode)
    if not by_step:
        raise ConfigError(f"{phase.path} has no graded episodes of a policy in training: name a run with GRPO")
    steps = sorted(by_step)
    size = -(-len(steps) // points)
    entropies = _entropies(phase)
    parts = [steps[at : at + size] for at in range(0, len(steps), size)]
    ends = [part[0] for part in parts[1:]] + [math.inf]
    return [
        _point(part, [by_step[step] for step in part], [n for at, n in entropies.items() if part[0] < at <= end])
        for part, end in zip(parts, ends, strict=True)
    ]


def _version(episode: Episode) -> int | None:
    turns = [turn for each in (episode.tokens.sequences if episode.tokens else ()) for turn in each.turns]
    return turns[0].version if turns else None


def _point(steps: Sequence[int], played: Iterable[Sequence[Episode]], entropies: Sequence[float]) -> Point:
    groups = [group for episodes in played for group in _groups(episodes)]
    episodes = [episode for group in groups for episode in group]
    turns = [step for episode in episodes for step in episode.steps]
    k = max(map(len, groups))
    return Point(
        first=steps[0],
        last=steps[-1],
        episodes=len(episodes),
        k=k,
        pass_1=fmean(_pass_at(group, 1) for group in groups),
        pass_k=fmean(_pass_at(group, min(k, len(group))) for group in groups),
        teaching=fmean(len({episode.reward for episode in group}) > 1 for group in groups),
        patches=fmean(len({episode.patch for episode in group}) for group in groups),
        malformed=fmean(step.tool is None for step in turns) if turns else 0.0,
        turns=len(turns) / len(episodes),
        tests=sum(step.tool in TEST_TOOLS for step in turns) / len(episodes),
        entropy=fmean(entropies) if entropies else None,
    )


def _groups(episodes: Iterable[Episode]) -> list[list[Episode]]:
    by_task: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        by_task[episode.task].append(episode)
    return list(by_task.values())


def _pass_at(group: Sequence[Episode], k: int) -> float:
    (value,) = task_values(count_episodes(group).counts, k).values()
    return value


def _entropies(phase: PhaseFolder) -> dict[int, float]:
    """Return the entropies that TRL logged, by the number of the step after them (1 for the first)."""
    if not phase.metrics.exists():
        return {}
    lines: list[dict[str, Any]] = [json.loads(line) for line in phase.metrics.read_text().splitlines()]
    return {line["step"]: line["entropy"] for line in lines if "entropy" in line}
