"""CodeEnv: one Gymnasium environment for every suite.

The agent says one action a turn as text, in a dialect; it is shown what came of it. When it submits, or a
budget runs out, its patch is taken from the box, graded in a fresh one, and the reward computed. What the
agent does wrong is an observation; trouble with the machine is an exception and never a reward.

Same seed, same actions: same observations.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from inspect import signature
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.error import ResetNeeded
from pydantic import ValidationError

from codegym.catalog import cache_dir
from codegym.deadline import Ledger, current_ledger, keeping
from codegym.episode import Outcome, Step, StopReason, Verdict
from codegym.errors import CodegymError, ConfigError, GradeError, TaskError, unknown, wrong_fields
from codegym.grade.grade import extract_patch, grade
from codegym.harness.cache import ResultCache
from codegym.reward import RewardSpec, components, subtask_verdicts
from codegym.sandbox.backend import pooled
from codegym.sandbox.protocol import Backend, Lists
from codegym.space import PrintableText
from codegym.suite import Suite, load_suite
from codegym.task import Limits, Task
from codegym.tool.call import Malformed, ToolResult
from codegym.tool.compact.opening import brief_instruction
from codegym.tool.cut import cut, printable, whole
from codegym.tool.dialect import Dialect
from codegym.tool.dialect import dialect as dialect_named
from codegym.tool.tools import TOOLS, toolset
from codegym.tool.workbench import Workbench

OBSERVATION_CHARS = 16_384
"""Observations are cut to this length; a tool's own output is cut to about half of it."""

ACTION_CHARS = 65_536
"""Longer actions are malformed."""


@dataclass
class _Play:
    """An episode that is under way."""

    task: Task
    limits: Limits
    bench: Workbench
    started: float
    ledger: Ledger
    steps: list[Step] = field(default_factory=list)

    def seconds_left(self) -> float:
        return self.limits.episode_seconds - (time.monotonic() - self.started)


class CodeEnv(gymnasium.Env[str, str]):
    """Puts an agent in front of a repository.

    ``suite`` is a suite or its name; ``split`` and ``task`` narrow what :meth:`reset` picks from. ``sandbox``
    names a backend, ``dialect`` how actions are said, ``tools`` which tools are offered (all that the dialect
    has). ``reward`` weighs :data:`codegym.reward.COMPONENTS`; the default is 1 for resolved. ``cache`` keeps
    results of tests by digest: ``True`` in the cache folder, ``None`` or ``False`` nowhere. ``limits`` replaces
    single limits of the tasks, ``max_turns`` their ``turns``.

    Raises :class:`~codegym.errors.ConfigError` or :class:`~codegym.errors.TaskError`, with the nearest match,
    for names that do not exist.

    A backend that is named serves boxes from the process's pool (:mod:`codegym.sandbox.pool.pool`), for episodes
    and for grading; one that is given as an object is used as it is.
    """

    metadata = {"render_modes": ["ansi", "human"], "render_fps": 4}  # noqa: RUF012 - declared like this by gymnasium.Env

    def __init__(
        self,
        suite: str | Suite,
        split: str | None = None,
        task: str | None = None,
        *,
        sandbox: str | Backend = "bwrap",
        dialect: str | Dialect = "tagged",
        tools: Sequence[str] | None = None,
        reward: RewardSpec | Mapping[str, float] | None = None,
        cache: ResultCache | bool | None = True,
        limits: Mapping[str, float] | None = None,
        max_turns: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.render_mode = _render_mode(render_mode)
        self.dialect = dialect_named(dialect) if isinstance(dialect, str) else dialect
        self.tools = self.dialect.offers(TOOLS if tools is None else toolset(tuple(tools)))
        self.backend = pooled(sandbox) if isinstance(sandbox, str) else sandbox
        self.reward = _reward(reward)
        self.cache = _cache(cache)
        self._limits = _limit_changes(limits, max_turns)
        self.suite = load_suite(suite) if isinstance(suite, str) else suite
        self._tasks = self._choose(split, task)
        self.observation_space = PrintableText(OBSERVATION_CHARS)
        self.action_space = PrintableText(ACTION_CHARS)
        self._play: _Play | None = None
        self._shown = ""
        self.left_behind: tuple[str, ...] = ()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Open a box with a task's repository and return the instruction.

        The task is ``options["task"]``, else drawn with the env's random numbers. ``info`` holds ``task``,
        ``task_digest``, ``env_id``, ``turns``, and what a policy has to be told: ``system``, the prompt, and
        ``tools``, their JSON schemas. Raises :class:`ConfigError`, :class:`TaskError` or :class:`SandboxError`.
        """
        super().reset(seed=seed)
        self.close()
        task = self._pick(options or {})
        limits = _changed(task.limits, self._limits)
        ledger = current_ledger() or Ledger()
        with keeping(ledger), ledger.timed("reset"):
            box = self.backend.open(self.suite.tree(task), task.image, limits)
        bench = Workbench(box, self.suite, task, self.cache)
        self._play = _Play(task, limits, bench, time.monotonic(), ledger)
        observation = self._observe(ToolResult(task.instruction, brief_instruction(task.instruction)))
        self._show(observation)
        return observation, self._opening_info(task, limits)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Do what ``action`` says. The reward is 0 until the episode ends.

        ``info`` holds ``tool`` (``None``: malformed), ``ok``, ``cached`` and ``turn``; at the end also ``stop``,
        ``patch``, ``verdict``, ``reward_components``, ``grade_seconds`` and ``deadlines`` (which time limits
        applied, and fired: :mod:`codegym.deadline`). Where the machine failed, raises :class:`SandboxError` or
        :class:`GradeError`: the episode is then over and has no reward.
        """
        play, action = self._running(), whole(action)
        started, left = time.monotonic(), play.seconds_left()
        try:
            with keeping(play.ledger):
                tool, result = self._act(play, action)
        except CodegymError:
            self.close()
            raise
        observation = self._observe(result)
        seconds = time.monotonic() - started
        play.ledger.note("step", max(0.0, left), seconds, fired=seconds >= left)
        play.steps.append(
            Step(action=action, tool=tool, observation=observation, seconds=seconds, cached=result.cached)
        )
        info: dict[str, Any] = {"tool": tool, "ok": result.ok, "cached": result.cached, "turn": len(play.steps)}
        self._show(f"> {printable(action)}\n{observation}")
        stop = _stop(play, result)
        if stop is None:
            return observation, 0.0, False, False, info
        reward, ending = self._finish(play, stop)
        return observation, reward, stop is StopReason.SUBMITTED, stop is not StopReason.SUBMITTED, info | ending

    def truncate(self, stop: StopReason) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """End the episode for a reason that the env can't see, such as a full context; graded like any other."""
        reward, ending = self._finish(self._running(), stop)
        return "", reward, False, True, ending

    def fork(self) -> CodeEnv:
        """Return an independent env at the same step: same files, same steps so far, same turns and seconds left.

        What either does from now on is its own; both have to be closed. Processes are not carried over: those of
        commands have ended, and services (a warm test server) are started again when needed; the fork's
        ``left_behind`` lists their command lines. Raises :class:`ResetNeeded`, :class:`SandboxError`.
        """
        play = self._running()
        box = play.bench.box
        services = box.services() if isinstance(box, Lists) else ()
        other = copy(self)
        other._play = replace(play, bench=play.bench.fork(), ledger=play.ledger.copy(), steps=[*play.steps])
        other._np_random = deepcopy(self._np_random)
        other.left_behind = services
        return other

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the episode that is under way. Raises :class:`ResetNeeded`."""
        return tuple(self._running().steps)

    @property
    def task(self) -> Task:
        """The task of the episode that is under way. Raises :class:`ResetNeeded`."""
        return self._running().task

    def render(self) -> str | None:
        """Return (``ansi``) or print (``human``) the last action and what came of it."""
        if self.render_mode == "human":
            sys.stdout.write(self._shown + "\n")
            sys.stdout.flush()
            return None
        return self._shown if self.render_mode == "ansi" else None

    def close(self) -> None:
        """Free the box of an unfinished episode. Closing twice is fine, and so is a reset afterwards."""
        play, self._play = self._play, None
        if play is not None:
            play.bench.box.close()

    def _running(self) -> _Play:
        if self._play is None:
            raise ResetNeeded("no episode is under way: call reset() first")
        return self._play

    def _choose(self, split: str | None, task: str | None) -> tuple[Task, ...]:
        tasks = self.suite.split(split)
        if task is not None:
            tasks = (_named(tasks, task, self.suite, split),)
        if not tasks:
            raise TaskError(f"suite {self.suite.name!r} has no tasks in split {split!r}")
        self._split = split
        return tasks

    def _pick(self, options: Mapping[str, Any]) -> Task:
        for name in options:
            if name != "task":
                raise ConfigError(unknown("reset option", name, ["task"]))
        if "task" in options:
            return _named(self._tasks, str(options["task"]), self.suite, self._split)
        return self._tasks[int(self.np_random.integers(len(self._tasks)))]

    def _opening_info(self, task: Task, limits: Limits) -> dict[str, Any]:
        return {
            "task": task.id,
            "task_digest": task.digest,
            "env_id": self.suite.env_id,
            "turns": limits.turns,
            "system": self.dialect.system(self.tools),
            "tools": [tool.schema() for tool in self.tools],
        }

    def _act(self, play: _Play, action: str) -> tuple[str | None, ToolResult]:
        if len(action) > ACTION_CHARS:
            return None, ToolResult(f"That action is longer than {ACTION_CHARS} characters.", "too long", ok=False)
        call = self.dialect.parse(action)
        if isinstance(call, Malformed):
            return None, ToolResult(call.explanation, ok=False)
        offered = {tool.name: tool for tool in self.tools}
        if call.tool not in offered:
            return None, ToolResult(unknown("tool", call.tool, offered), f"no tool {call.tool}", ok=False)
        play.bench.seconds = max(0.1, min(play.limits.command_seconds, play.seconds_left()))
        return call.tool, offered[call.tool](play.bench, call.arguments)

    def _observe(self, result: ToolResult) -> str:
        return cut(printable(self.dialect.render(result)), OBSERVATION_CHARS - 200)

    def _finish(self, play: _Play, stop: StopReason) -> tuple[float, dict[str, Any]]:
        try:
            patch = extract_patch(play.bench.box, self.suite, play.task)
        finally:
            self.close()
        started = time.monotonic()
        limited = play.task.model_copy(update={"limits": play.limits})
        limit, played = play.limits.episode_seconds, started - play.started
        play.ledger.note("episode", limit, played, fired=stop is StopReason.TIME_LIMIT)
        with keeping(None):
            verdict = grade(self.suite, limited, patch, backend=self.backend, cache=self.cache)
        seconds = time.monotonic() - started
        play.ledger.note("grade", play.limits.grade_seconds, seconds, fired=_too_slow(verdict))
        measured, reward = self._score(play, patch, verdict)
        return reward, {
            "stop": stop.value,
            "patch": patch,
            "verdict": verdict,
            "reward_components": measured,
            "grade_seconds": seconds,
            "deadlines": play.ledger.entries(),
        }

    def _score(self, play: _Play, patch: str, verdict: Verdict) -> tuple[dict[str, float], float]:
        measured = components(play.steps, patch, verdict, subtask_verdicts(play.task, verdict))
        reward = self.reward.scalar(measured)
        if measured is None or reward is None or verdict.outcome is Outcome.INFRA_ERROR:
            raise GradeError(f"the episode could not be graded: {verdict.detail}")
        return measured, reward

    def _show(self, text: str) -> None:
        self._shown = text
        if self.render_mode == "human":
            self.render()


def make_env(**options: Any) -> CodeEnv:
    """Make a :class:`CodeEnv`; Gymnasium's entry point. Raises :class:`ConfigError` for an unknown option."""
    known = [name for name in signature(CodeEnv.__init__).parameters if name != "self"]
    for name in options:
        if name not in known:
            raise ConfigError(unknown("option of CodeEnv", name, known))
    return CodeEnv(**options)


def _stop(play: _Play, result: ToolResult) -> StopReason | None:
    if result.done:
        return StopReason.SUBMITTED
    if play.seconds_left() <= 0:
        return StopReason.TIME_LIMIT
    return StopReason.TURN_LIMIT if len(play.steps) >= play.limits.turns else None


def _too_slow(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.TIMEOUT and not verdict.cached


def _named(tasks: Sequence[Task], task_id: str, suite: Suite, split: str | None) -> Task:
    for task in tasks:
        if task.id == task_id:
            return task
    if task_id in suite.refused:
        return suite.task(task_id)
    where = f"task of suite {suite.name}" + (f", split {split}," if split else "")
    raise TaskError(unknown(where, task_id, [task.id for task in tasks]))


def _render_mode(mode: str | None) -> str | None:
    known = CodeEnv.metadata["render_modes"]
    if mode is not None and mode not in known:
        raise ConfigError(unknown("render mode", mode, known))
    return mode


def _reward(reward: RewardSpec | Mapping[str, float] | None) -> RewardSpec:
    if isinstance(reward, RewardSpec):
        return reward
    try:
        return RewardSpec() if reward is None else RewardSpec(weights=dict(reward))
    except ValidationError as error:
        raise ConfigError(f"reward: {wrong_fields(error)}") from error


def _cache(cache: ResultCache | bool | None) -> ResultCache | None:
    if isinstance(cache, ResultCache):
        return cache
    return _shared_cache(cache_dir() / "results") if cache else None


@lru_cache
def _shared_cache(folder: Path) -> ResultCache:
    """One for all envs of a process, so that those at work on the same tree wait for one another."""
    return ResultCache(folder)


def _limit_changes(limits: Mapping[str, float] | None, max_turns: int | None) -> dict[str, float]:
    changes = dict(limits or {}) | ({} if max_turns is None else {"turns": max_turns})
    for name in changes:
        if name not in Limits.model_fields:
            raise ConfigError(unknown("limit", name, Limits.model_fields))
    _changed(Limits(), changes)
    return changes


def _changed(limits: Limits, changes: Mapping[str, float]) -> Limits:
    try:
        return Limits.model_validate(limits.model_dump() | dict(changes))
    except ValidationError as error:
        raise ConfigError(f"limit {wrong_fields(error)}") from error
