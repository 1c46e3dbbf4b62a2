"""What every attempt answers, so that both sides of the bench play the same episodes.

Every task is first played by the script ``repair``. Even attempts answer what it answered, and solve the task; in
odd ones each edit adds a comment instead, so that the same tests run on a tree of their own and fail. So every
group teaches something, which is the most that the optimiser can have to do. The tests are run again until the
episode has the number of turns that was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from codegym.bench.training.cost import Setup
from codegym.env import CodeEnv
from codegym.episode import Episode, is_resolved
from codegym.errors import ConfigError
from codegym.policy.script.repair import repair
from codegym.rollout.job import Job
from codegym.rollout.play import play

SUBMIT = "q"
"""The last answer of every attempt, in the line dialect."""

_TEST = "t"
_EDIT = re.compile(r"[rwa] (\d+)( .*)?")


@dataclass(frozen=True)
class Lines:
    """The answers of every attempt at each task, in the line dialect; the last one submits.

    Attempts a ``group`` apart are the same, so that all steps are.
    """

    by_task: Mapping[str, Sequence[str]]
    group: int

    def of(self, task: str, sample: int) -> list[str]:
        """Return the answers of one attempt."""
        right, number = self.by_task[task], sample % self.group
        return list(right) if number % 2 == 0 else [_spoilt(line, number) for line in right]


def choose_lines(env: CodeEnv, tasks: Sequence[str], count: int, setup: Setup) -> Lines:
    """Return the answers for the first ``count`` of ``tasks`` that ``repair`` solves in few enough turns.

    Raises :class:`ConfigError` if there are fewer.
    """
    chosen = dict(islice(_solved(env, tasks, setup.turns), count))
    if len(chosen) < count:
        raise ConfigError(
            f"the script repair solves {len(chosen)} tasks in {setup.turns} turns, and {count} are needed: "
            "allow more turns, or choose another split"
        )
    return Lines(chosen, setup.group)


def _solved(env: CodeEnv, tasks: Sequence[str], turns: int) -> Iterator[tuple[str, list[str]]]:
    policy = repair()
    for task in tasks:
        episode = play(Job(task, 0, 0), policy, env)
        lines = [step.action for step in episode.steps]
        if is_resolved(episode) and _is_plain(episode) and len(lines) <= turns:
            yield task, [*lines[:-1], *[_TEST] * (turns - len(lines)), SUBMIT]


def _is_plain(episode: Episode) -> bool:
    return episode.steps[-1].action == SUBMIT and any(_EDIT.fullmatch(step.action) for step in episode.steps)


def _spoilt(line: str, sample: int) -> str:
    edit = _EDIT.fullmatch(line)
    return f"a {edit[1]} # {sample}" if edit else line
