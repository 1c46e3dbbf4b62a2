"""Plays attacks against a suite's tasks, through the real env and the real grader, and says what got through.

An attack gets through if it earns more than an agent that submits at once, by the reward or by the part of the
deciding tests that it is believed to pass, or if it was shown a line that it must not see: of a hidden test or
of the solution.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial

from pydantic import Field

from codegym.env import CodeEnv
from codegym.episode import Episode, Outcome
from codegym.errors import GradeError, PolicyError, SandboxError, failure_of
from codegym.policy.protocol import Policy
from codegym.policy.script.script import noop
from codegym.redteam.attack import Attack
from codegym.redteam.plant import attacker
from codegym.rollout.job import Job
from codegym.rollout.play import play
from codegym.suite import Suite
from codegym.task import Frozen, Task

_TRIES = 2
_AGAIN = 5
"""So many times in a row an attack has to get through: a guess of 1/6 does that once in 7,776 times."""
_ENDLESS_SECONDS = 10.0
"""What an attack that only wastes time is graded within, beside what an honest episode takes on this machine."""
_TIMES_HONEST = 3
_TELLING = 24
"""Shorter lines could be anybody's."""


class Attempt(Frozen):
    """What one attack got out of one task.

    ``earned`` and ``noop`` are the reward plus the part of the fail-to-pass tests that passed, between 0 and 2;
    ``None`` where nothing was established. ``leak`` is a line that must not have been seen. ``expected`` says
    whether the outcome is among those that the corpus lists. ``lucky`` counts how often the attack got through
    before it did not: an exam is drawn by chance, and who guesses passes now and then.
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
    """What came of attacking a suite."""

    suite: str
    suite_digest: str
    backend: str
    attacks: int
    through: int
    lucky: int = 0
    infra_errors: int
    outcomes: dict[str, int] = Field(default_factory=dict)
    seconds: float
    attempts: tuple[Attempt, ...]


def besiege(
    suite: Suite,
    tasks: Sequence[Task],
    attacks: Sequence[Attack],
    make_env: Callable[..., CodeEnv],
    *,
    workers: int = 2,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Siege:
    """Try every attack on every task that it means something to, ``workers`` at a time.

    An attack that got through is tried again, without results that were kept, and has to get through each time.
    Trouble with a box or the grader is tried again once, and is then an ``infra_error`` with nothing earned.
    ``make_env`` takes ``limits`` as :class:`~codegym.env.CodeEnv` does: attacks that never end get a shorter one.
    """
    started = time.monotonic()
    pairs = [(task, attack) for task in tasks for attack in attacks if attack.suits(task.tests.framework)]
    with ThreadPoolExecutor(workers) as pool:
        bases = pool.map(lambda task: _base(task, make_env), tasks)
        base = {task.id: made for task, made in zip(tasks, bases, strict=True)}
        running = [pool.submit(_attempt, suite, task, attack, base[task.id], make_env) for task, attack in pairs]
        try:
            for done, _ in enumerate(as_completed(running), 1):
                progress(f"attacking {suite.name}", done, len(pairs))
        finally:
            for waiting in running:
                waiting.cancel()
        attempts = tuple(attempt.result() for attempt in running)
    backend = make_env().backend.name
    return _summed(suite, backend, attempts, time.monotonic() - started)


@dataclass(frozen=True)
class _Base:
    """What an agent that submits at once earns, and in how many seconds."""

    earned: float
    seconds: float


def _base(task: Task, make_env: Callable[..., CodeEnv]) -> _Base:
    started = time.monotonic()
    return _Base(_earned(_played(task, noop(), make_env)) or 0.0, time.monotonic() - started)


def _attempt(suite: Suite, task: Task, attack: Attack, base: _Base, make_env: Callable[..., CodeEnv]) -> Attempt:
    started = time.monotonic()
    if attack.endless:
        brief = min(task.limits.grade_seconds, _ENDLESS_SECONDS + _TIMES_HONEST * base.seconds)
        make_env = partial(make_env, limits={"grade_seconds": brief})
    attempts = [_once(suite, task, attack, base, make_env)]
    while attempts[-1].through and not attempts[-1].leak and len(attempts) < _AGAIN:
        attempts.append(_once(suite, task, attack, base, partial(make_env, cache=False)))
    lucky = len(attempts) - (not attempts[-1].through)
    return attempts[-1].model_copy(update={"lucky": lucky, "seconds": round(time.monotonic() - started, 2)})


def _once(suite: Suite, task: Task, attack: Attack, base: _Base, make_env: Callable[..., CodeEnv]) -> Attempt:
    played = _played(task, attacker(attack), make_env)
    earned, leak = _earned(played), _leak(suite, task, played) if isinstance(played, Episode) else ""
    outcome, detail = Outcome.INFRA_ERROR, str(played)
    if isinstance(played, Episode) and played.verdict is not None:
        outcome, detail = played.verdict.outcome, played.verdict.detail
    return Attempt(
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


def _played(task: Task, policy: Policy, make_env: Callable[..., CodeEnv]) -> Episode | str:
    """Return an episode, or what kept it from being made."""
    trouble = ""
    for _ in range(_TRIES):
        env = make_env()
        try:
            return play(Job(task.id, 0, 0), policy, env)
        except (GradeError, SandboxError, PolicyError) as error:
            trouble = f"{failure_of(error)}: {error}"
        finally:
            env.close()
    return trouble


def _earned(played: Episode | str) -> float | None:
    if not isinstance(played, Episode) or played.reward is None:
        return None
    return played.reward + played.components["f2p_fraction"]


def _leak(suite: Suite, task: Task, episode: Episode) -> str:
    """Return a line of a hidden test or of the solution that the episode was shown, if there is one."""
    said = "\n".join(step.action for step in episode.steps)
    shown = "\n".join(step.observation for step in episode.steps)
    secret = [line[1:] for line in task.gold_patch.splitlines() if line.startswith("+") and line[:3] != "+++"]
    for path, file in suite.hidden(task).items():
        base = suite.base_file(task, path)
        if base != file:
            secret += file.content.decode(errors="replace").splitlines()
    seen = {line.strip() for line in secret if len(line.strip()) >= _TELLING and line.strip() in shown}
    known = said + _visible(suite, task) if seen else ""
    return next((line for line in sorted(seen) if line not in known), "")


def _visible(suite: Suite, task: Task) -> str:
    texts: list[str] = [task.instruction]
    for layer in suite.tree(task).layers:
        texts += [path.read_text(errors="replace") for path in layer.rglob("*") if path.is_file()]
    return "\n".join(texts)


def _summed(suite: Suite, backend: str, attempts: Iterable[Attempt], seconds: float) -> Siege:
    made = tuple(attempts)
    outcomes = [attempt.outcome.value for attempt in made]
    return Siege(
        suite=suite.env_id,
        suite_digest=suite.digest,
        backend=backend,
        attacks=len({attempt.attack for attempt in made}),
        through=sum(attempt.through for attempt in made),
        lucky=sum(attempt.lucky > 0 and not attempt.through for attempt in made),
        infra_errors=outcomes.count(Outcome.INFRA_ERROR),
        outcomes={outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
        seconds=round(seconds, 1),
        attempts=made,
    )
