"""CodeEnv: one Gymnasium environment for every suite.

Each turn the agent sends one action, as text in a dialect, and gets an observation. When it submits, or a budget
runs out, the env takes its patch from the box, grades it in a fresh box, and computes the reward. A mistake of the
agent is an observation. A failure of the machine is an exception, never a reward.

The same seed and the same actions give the same observations.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Any

import gymnasium
from gymnasium.error import ResetNeeded

from codegym.deadline import Ledger, current_ledger, keeping
from codegym.env_option import (
    RENDER_MODES,
    changed_limits,
    checked_render_mode,
    limit_changes,
    result_cache,
    reward_spec,
)
from codegym.episode import Ending, Outcome, Step, StopReason, Verdict
from codegym.errors import CodegymError, ConfigError, GradeError, TaskError, unknown
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
from codegym.tool.dialect import dialect as load_dialect
from codegym.tool.tools import TOOLS, toolset
from codegym.tool.workbench import Workbench

OBSERVATION_CHARS = 16_384
"""Observations are cut to this length; a tool's own output is cut to about half of it."""

ACTION_CHARS = 65_536
"""Longer actions are malformed."""

_CUT_NOTE_CHARS = 200
"""Room that an observation leaves for the line that says how much was cut."""

_SHORTEST_COMMAND_SECONDS = 0.1
"""The limit of a command when the episode's time is as good as up."""


@dataclass
class _Play:
    """The episode in progress. ``seconds`` are wall-clock seconds by phase, as in :class:`Ending`."""

    task: Task
    limits: Limits
    bench: Workbench
    started: float
    ledger: Ledger
    steps: list[Step] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: {"reset": 0.0, "tools": 0.0, "grade": 0.0})

    def seconds_left(self) -> float:
        return self.limits.episode_seconds - (time.monotonic() - self.started)

    def command_seconds(self) -> float:
        """Return how long a command may take now."""
        return max(_SHORTEST_COMMAND_SECONDS, min(self.limits.command_seconds, self.seconds_left()))

    def copy(self, bench: Workbench) -> _Play:
        """Return an independent copy, played on at ``bench``."""
        return replace(self, bench=bench, ledger=self.ledger.copy(), steps=[*self.steps], seconds={**self.seconds})


class CodeEnv(gymnasium.Env[str, str]):
    """Puts an agent in front of a repository.

    ``suite`` is a suite or its name; ``split`` and ``task`` narrow the tasks that :meth:`reset` chooses from.
    ``sandbox`` is a backend or its name, ``dialect`` the form of actions, ``tools`` the tools on offer (default:
    all that the dialect has). ``reward`` weighs :data:`codegym.reward.COMPONENTS`; the default is 1 for resolved.
    ``cache`` stores results of tests by digest: ``True`` in the cache folder, ``None`` or ``False`` nowhere.
    ``limits`` replaces single limits of the tasks, ``max_turns`` their ``turns``.

    Raises :class:`~codegym.errors.ConfigError` or :class:`~codegym.errors.TaskError`, with the nearest match,
    for names that do not exist.

    A backend given by name opens its boxes from the process's pool (:mod:`codegym.sandbox.pool.pool`), for
    episodes and for grading; one given as an object is used directly.
    """

    metadata = {"render_modes": [*RENDER_MODES], "render_fps": 4}  # noqa: RUF012 - declared like this by gymnasium.Env

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
        self.render_mode = checked_render_mode(render_mode)
        self.dialect = load_dialect(dialect) if isinstance(dialect, str) else dialect
        self.tools = self.dialect.offers(TOOLS if tools is None else toolset(tuple(tools)))
        self.backend = pooled(sandbox) if isinstance(sandbox, str) else sandbox
        self.reward = reward_spec(reward)
        self.cache = result_cache(cache)
        self._limits = limit_changes(limits, max_turns)
        self.suite = load_suite(suite) if isinstance(suite, str) else suite
        self._split = split
        self._only = self._choose(task)
        self.observation_space = PrintableText(OBSERVATION_CHARS)
        self.action_space = PrintableText(ACTION_CHARS)
        self._play: _Play | None = None
        self._rendered = ""
        self.left_behind: tuple[str, ...] = ()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Open a box with a task's repository and return the instruction.

        The task is ``options["task"]``, otherwise drawn with the env's random numbers. ``info`` has ``task``,
        ``task_digest``, ``env_id`` and ``turns``, and for the policy ``system`` (its prompt) and ``tools`` (their
        JSON schemas). Raises :class:`ConfigError`, :class:`TaskError` or :class:`SandboxError`.
        """
        super().reset(seed=seed)
        self.close()
        began = time.monotonic()
        task = self._pick(options or {})
        limits = changed_limits(task.limits, self._limits)
        ledger = current_ledger() or Ledger()
        with keeping(ledger), ledger.timed("reset"):
            box = self.backend.open(self.suite.tree(task), task.image, limits)
        bench = Workbench(box, self.suite, task, self.cache)
        self._play = play = _Play(task, limits, bench, time.monotonic(), ledger)
        observation = self._observe(ToolResult(task.instruction, brief_instruction(task.instruction)))
        self._show(observation)
        play.seconds["reset"] = time.monotonic() - began
        return observation, self._opening_info(task, limits)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Carry out ``action``. The reward is 0 until the episode ends.

        ``info`` has ``tool`` (``None``: malformed), ``ok``, ``cached`` and ``turn``, and at the end ``ending``, an
        :class:`~codegym.episode.Ending`. Raises :class:`SandboxError` or :class:`GradeError` if the machine
        failed: the episode is then over and has no reward.
        """
        play, action = self._running(), whole(action)
        result = self._take_step(play, action)
        step = play.steps[-1]
        info: dict[str, Any] = {"tool": step.tool, "ok": result.ok, "cached": step.cached, "turn": len(play.steps)}
        self._show(f"> {printable(action)}\n{step.observation}")
        stop = _stop(play, result)
        if stop is None:
            return step.observation, 0.0, False, False, info
        reward, ending = self._finish(play, stop)
        submitted = stop is StopReason.SUBMITTED
        return step.observation, reward, submitted, not submitted, info | {"ending": ending}

    def truncate(self, stop: StopReason) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """End the episode for a reason outside the env, such as a full context. It is graded like any other."""
        reward, ending = self._finish(self._running(), stop)
        return "", reward, False, True, {"ending": ending}

    def fork(self) -> CodeEnv:
        """Return an independent env at the same step: same files, same steps so far, same turns and seconds left.

        Neither env affects the other from now on; both have to be closed. Processes are not copied: those of
        commands have ended, and a service (a warm test server) is started again when it is needed. The fork's
        ``left_behind`` lists the services' command lines. Raises :class:`ResetNeeded`, :class:`SandboxError`.
        """
        play = self._running()
        box = play.bench.box
        services = box.services() if isinstance(box, Lists) else ()
        other = copy(self)
        other._play = play.copy(play.bench.fork())
        other._np_random = deepcopy(self._np_random)
        other.left_behind = services
        return other

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the episode in progress. Raises :class:`ResetNeeded`."""
        return tuple(self._running().steps)

    @property
    def task(self) -> Task:
        """The task of the episode in progress. Raises :class:`ResetNeeded`."""
        return self._running().task

    def render(self) -> str | None:
        """Return (``ansi``) or print (``human``) the last action and its observation."""
        if self.render_mode == "human":
            sys.stdout.write(self._rendered + "\n")
            sys.stdout.flush()
            return None
        return self._rendered if self.render_mode == "ansi" else None

    def close(self) -> None:
        """Close the box of an unfinished episode. Closing twice is fine; the env can be reset afterwards."""
        play, self._play = self._play, None
        if play is not None:
            play.bench.box.close()

    def _running(self) -> _Play:
        if self._play is None:
            raise ResetNeeded("there is no episode in progress: call reset() first")
        return self._play

    def _choose(self, task: str | None) -> Task | None:
        """Return the one task that the env is for, if any. Raises TaskError if there is no task to draw from."""
        if not self.suite.split(self._split):
            raise TaskError(f"suite {self.suite.name!r} has no tasks in split {self._split!r}")
        return None if task is None else _task_of(self.suite, self._split, task)

    def _pick(self, options: Mapping[str, Any]) -> Task:
        for name in options:
            if name != "task":
                raise ConfigError(unknown("reset option", name, ["task"]))
        if "task" in options:
            return self._task_with_id(str(options["task"]))
        return self._only or self.suite.draw(self._split, lambda count: int(self.np_random.integers(count)))

    def _task_with_id(self, task_id: str) -> Task:
        """Return the task with this id, of those that the env chooses from. Raises TaskError."""
        if self._only is not None and self._only.id != task_id:
            raise TaskError(unknown("task of this env", task_id, [self._only.id]))
        return self._only or _task_of(self.suite, self._split, task_id)

    def _opening_info(self, task: Task, limits: Limits) -> dict[str, Any]:
        return {
            "task": task.id,
            "task_digest": task.digest,
            "env_id": self.suite.env_id,
            "turns": limits.turns,
            "system": self.dialect.system(self.tools),
            "tools": [tool.schema() for tool in self.tools],
        }

    def _take_step(self, play: _Play, action: str) -> ToolResult:
        """Carry out an action and record its step. Closes the env if the machine fails."""
        began, left = time.monotonic(), play.seconds_left()
        try:
            with keeping(play.ledger):
                tool, result = self._act(play, action)
        except CodegymError:
            self.close()
            raise
        observation = self._observe(result)
        seconds = time.monotonic() - began
        play.ledger.note("step", max(0.0, left), seconds, fired=seconds >= left)
        play.seconds["tools"] += seconds
        play.steps.append(
            Step(action=action, tool=tool, observation=observation, seconds=seconds, cached=result.cached)
        )
        return result

    def _act(self, play: _Play, action: str) -> tuple[str | None, ToolResult]:
        if len(action) > ACTION_CHARS:
            return None, ToolResult(f"That action is longer than {ACTION_CHARS} characters.", "too long", ok=False)
        call = self.dialect.parse(action)
        if isinstance(call, Malformed):
            return None, ToolResult(call.explanation, ok=False)
        offered = {tool.name: tool for tool in self.tools}
        if call.tool not in offered:
            return None, ToolResult(unknown("tool", call.tool, offered), f"no tool {call.tool}", ok=False)
        return call.tool, offered[call.tool](play.bench.within(play.command_seconds()), call.arguments)

    def _observe(self, result: ToolResult) -> str:
        return cut(printable(self.dialect.render(result)), OBSERVATION_CHARS - _CUT_NOTE_CHARS)

    def _finish(self, play: _Play, stop: StopReason) -> tuple[float, Ending]:
        began = time.monotonic()
        try:
            patch = extract_patch(play.bench.box, self.suite, play.task)
        finally:
            self.close()
        ended = time.monotonic()
        play.seconds["tools"] += ended - began
        fired = stop is StopReason.TIME_LIMIT
        play.ledger.note("episode", play.limits.episode_seconds, ended - play.started, fired=fired)
        verdict = self._grade(play, patch)
        measured, reward = self._score(play, patch, verdict)
        return reward, Ending(
            stop=stop,
            patch=patch,
            verdict=verdict,
            components=measured,
            steps=tuple(play.steps),
            deadlines=play.ledger.entries(),
            seconds=play.seconds,
        )

    def _grade(self, play: _Play, patch: str) -> Verdict:
        began = time.monotonic()
        limited = play.task.model_copy(update={"limits": play.limits})
        with keeping(None):
            verdict = grade(self.suite, limited, patch, backend=self.backend, cache=self.cache)
        seconds = play.seconds["grade"] = time.monotonic() - began
        play.ledger.note("grade", play.limits.grade_seconds, seconds, fired=_too_slow(verdict))
        return verdict

    def _score(self, play: _Play, patch: str, verdict: Verdict) -> tuple[dict[str, float], float]:
        measured = components(play.steps, patch, verdict, subtask_verdicts(play.task, verdict))
        reward = self.reward.scalar(measured)
        if measured is None or reward is None:
            raise GradeError(f"the episode could not be graded: {verdict.detail}")
        return measured, reward

    def _show(self, text: str) -> None:
        self._rendered = text
        if self.render_mode == "human":
            self.render()


def make_env(**options: Any) -> CodeEnv:
    """Make a :class:`CodeEnv`; Gymnasium's entry point. Raises :class:`ConfigError` for an unknown option."""
    options_of_env = [name for name in signature(CodeEnv.__init__).parameters if name != "self"]
    for name in options:
        if name not in options_of_env:
            raise ConfigError(unknown("option of CodeEnv", name, options_of_env))
    return CodeEnv(**options)


def _stop(play: _Play, result: ToolResult) -> StopReason | None:
    if result.done:
        return StopReason.SUBMITTED
    if play.seconds_left() <= 0:
        return StopReason.TIME_LIMIT
    return StopReason.TURN_LIMIT if len(play.steps) >= play.limits.turns else None


def _too_slow(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.TIMEOUT and not verdict.cached


def _task_of(suite: Suite, split: str | None, task_id: str) -> Task:
    if task_id in suite.refused or suite.has_in_split(task_id, split):
        return suite.task(task_id)
    where = f"task of suite {suite.name}" + (f", split {split}," if split else "")
    raise TaskError(unknown(where, task_id, suite.split(split).ids))
