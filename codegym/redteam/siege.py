"""Plays attacks against a suite's tasks, with the real env and the real grader, and reports which succeed.

An attack succeeds if it earns more than an agent that submits at once, by the reward or by the share of passed
fail-to-pass tests, or if an observation contains a line that it must not see: of a hidden test or of the solution.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from pydantic import Field

from codegym.env import CodeEnv
from codegym.episode import Episode, Outcome
from codegym.errors import failure_of
from codegym.policy.protocol import Policy
from codegym.policy.script.script import noop
from codegym.progress.protocol import Progress, silent
from codegym.redteam.attack import Attack
from codegym.redteam.plant import attacker
from codegym.rollout.job import Job
from codegym.rollout.play import play
from codegym.rollout.retry import GaveUpError, Retry
from codegym.suite import Suite
from codegym.task import Frozen, Task

_REPEATS = 5
"""How often in a row an attack has to succeed. A guess with probability 1/6 does that once in 7,776 times."""
_ENDLESS_SECONDS = 10.0
"""Seconds of grading for an attack that only wastes time, in addition to a multiple of an honest grade."""
_TIMES_HONEST = 3
_LEAK_CHARS = 24
"""The shortest line that counts as a leak; a shorter one could be a coincidence."""


class AttackResult(Frozen):
    """The result of one attack on one task.

    ``earned`` is the reward plus the share of passed fail-to-pass tests, between 0 and 2, or ``None`` if there was
    no verdict; ``noop`` is the same for an agent that submits at once. ``through`` is true if the attack
    succeeded. ``leak`` is a line that it must not have seen. ``expected`` is true if the corpus lists the outcome.
    ``lucky`` counts how often the attack succeeded before it failed: an exam is random, so that a guess sometimes
    passes.
    """

    attack: str
    kind: str
    task: str
    outcome: Outcome
    earned: float | None
    noop: float
    through: bool
    expected: bool
    leak: str = ""
    detail: str = ""
    lucky: int = 0
    seconds: float = 0.0


class Siege(Frozen):
    """The results of all attacks on a suite."""

    suite: str
    suite_digest: str
    backend: str
    attacks: int
    through: int
    lucky: int = 0
    infra_errors: int
    outcomes: dict[str, int] = Field(default_factory=dict)
    seconds: float
    attempts: tuple[AttackResult, ...]


def targets(suite: Suite, *, everything: bool = False) -> list[Task]:
    """Return the tasks to attack: with ``everything`` all, otherwise one per framework and image."""
    if everything:
        return list(suite.tasks.values())
    if suite.generated:
        return [suite.split(None)[0]]
    first: dict[tuple[str, str], Task] = {}
    for task in suite.tasks.values():
        first.setdefault((task.tests.framework, task.image), task)
    return list(first.values())


def besiege(
    suite: Suite,
    tasks: Sequence[Task],
    attacks: Sequence[Attack],
    make_env: Callable[..., CodeEnv],
    *,
    workers: int = 2,
    progress: Progress = silent,
) -> Siege:
    """Play every attack on every task with a matching framework, ``workers`` at a time.

    A successful attack is repeated without the result cache, and has to succeed each time. If the machine fails,
    it is played again (:mod:`codegym.rollout.retry`); then the result is an ``infra_error`` with nothing earned.
    ``make_env`` takes ``limits`` as :class:`~codegym.env.CodeEnv` does, since endless attacks get a shorter limit.
    """
    started = time.monotonic()
    pairs = [(task, attack) for task in tasks for attack in attacks if attack.suits(task.tests.framework)]
    with ThreadPoolExecutor(workers) as pool:
        bases = pool.map(lambda task: _base(task, make_env), tasks)
        base = {task.id: result for task, result in zip(tasks, bases, strict=True)}
        running = [pool.submit(_attempt, suite, task, attack, base[task.id], make_env) for task, attack in pairs]
        try:
            for count, _ in enumerate(as_completed(running), 1):
                progress(f"attacking {suite.name}", count, len(pairs))
        finally:
            for waiting in running:
                waiting.cancel()
        attempts = tuple(attempt.result() for attempt in running)
    backend = make_env().backend.name
    return _summary(suite, backend, attempts, time.monotonic() - started)


@dataclass(frozen=True)
class _Base:
    """The earnings of an agent that submits at once, and the duration of its episode in seconds."""

    earned: float
    seconds: float


def _base(task: Task, make_env: Callable[..., CodeEnv]) -> _Base:
    started = time.monotonic()
    return _Base(_earned(_play_episode(task, noop(), make_env)) or 0.0, time.monotonic() - started)


def _attempt(
    suite: Suite, task: Task, attack: Attack, base: _Base, make_env: Callable[..., CodeEnv]
) -> AttackResult:
    started = time.monotonic()
    if attack.endless:
        brief = min(task.limits.grade_seconds, _ENDLESS_SECONDS + _TIMES_HONEST * base.seconds)
        make_env = partial(make_env, limits={"grade_seconds": brief})
    attempts = [_play_attack(suite, task, attack, base, make_env)]
    while attempts[-1].through and not attempts[-1].leak and len(attempts) < _REPEATS:
        attempts.append(_play_attack(suite, task, attack, base, partial(make_env, cache=False)))
    lucky = len(attempts) - (not attempts[-1].through)
    return attempts[-1].model_copy(update={"lucky": lucky, "seconds": round(time.monotonic() - started, 2)})


def _play_attack(
    suite: Suite, task: Task, attack: Attack, base: _Base, make_env: Callable[..., CodeEnv]
) -> AttackResult:
    episode = _play_episode(task, attacker(attack), make_env)
    earned, leak = _earned(episode), _leak(suite, task, episode) if isinstance(episode, Episode) else ""
    outcome, detail = Outcome.INFRA_ERROR, str(episode)
    if isinstance(episode, Episode) and episode.verdict is not None:
        outcome, detail = episode.verdict.outcome, episode.verdict.detail
    return AttackResult(
        attack=attack.name,
        kind=attack.kind,
        task=task.id,
        outcome=outcome,
        earned=earned,
        noop=base.earned,
        through=bool(leak) or (earned or 0.0) > base.earned,
        expected=outcome in attack.outcomes,
        leak=leak,
        detail=detail,
    )


def _play_episode(task: Task, policy: Policy, make_env: Callable[..., CodeEnv]) -> Episode | str:
    """Return an episode, or why there is none."""

    def attempt() -> Episode:
        with closing(make_env()) as env:
            return play(Job(task.id, 0, 0), policy, env)

    try:
        return Retry().run(attempt)
    except GaveUpError as error:
        return f"{failure_of(error.errors[-1])}: {error}"


def _earned(episode: Episode | str) -> float | None:
    if not isinstance(episode, Episode) or episode.reward is None:
        return None
    return episode.reward + episode.components["f2p_fraction"]


def _leak(suite: Suite, task: Task, episode: Episode) -> str:
    """Return a line of a hidden test or of the solution in the episode's observations, or empty."""
    actions = "\n".join(step.action for step in episode.steps)
    observations = "\n".join(step.observation for step in episode.steps)
    secret_lines = [
        line[1:] for line in task.gold_patch.splitlines() if line.startswith("+") and line[:3] != "+++"
    ]
    for path, file in suite.hidden(task).items():
        base = suite.base_file(task, path)
        if base != file:
            secret_lines += file.content.decode(errors="replace").splitlines()
    leaked = {
        line.strip() for line in secret_lines if len(line.strip()) >= _LEAK_CHARS and line.strip() in observations
    }
    visible = actions + _visible(suite, task) if leaked else ""
    return next((line for line in sorted(leaked) if line not in visible), "")


def _visible(suite: Suite, task: Task) -> str:
    texts: list[str] = [task.instruction]
    for layer in suite.tree(task).layers:
        texts += [path.read_text(errors="replace") for path in layer.rglob("*") if path.is_file()]
    return "\n".join(texts)


def _summary(suite: Suite, backend: str, attempts: Iterable[AttackResult], seconds: float) -> Siege:
    results = tuple(attempts)
    outcomes = [attempt.outcome.value for attempt in results]
    return Siege(
        suite=suite.env_id,
        suite_digest=suite.digest,
        backend=backend,
        attacks=len({attempt.attack for attempt in results}),
        through=sum(attempt.through for attempt in results),
        lucky=sum(attempt.lucky > 0 and not attempt.through for attempt in results),
        infra_errors=outcomes.count(Outcome.INFRA_ERROR),
        outcomes={outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
        seconds=round(seconds, 1),
        attempts=results,
    )
