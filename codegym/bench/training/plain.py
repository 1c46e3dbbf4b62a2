"""The other side of the bench: TRL's own ``GRPOTrainer`` with ``environment_factory``, over the same env.

TRL makes a tool of every public method of the environment, calls the tools of all episodes one after the other,
then asks the model for the next turn of all of them, and at the end asks one environment after the other for its
reward.

A tokenizer tells TRL how a tool call is written by its ``response_template``. In the line dialect an answer is a
call, ``w 3 return x``, and the answer that submits is the one that calls nothing more, so TRL ends the episode
there and asks for the reward, which submits and grades. The chat template is given the two roles that TRL needs;
what it renders of an episode is, id for id, what codegym's side renders.

The answers are known in advance, as on our side: the model computes and samples every token of ``generate``, and a
logits processor leaves the id of the answer as the only one that can be drawn.
"""

from __future__ import annotations

import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import LogitsProcessor, LogitsProcessorList, PrinterCallback
from trl import GRPOConfig, GRPOTrainer

from codegym.bench.training.clock import StepClock
from codegym.bench.training.cost import Played
from codegym.bench.training.lines import SUBMIT, Lines
from codegym.policy.chat import ChatFormat
from codegym.rollout.job import job_seed
from codegym.train.algorithm.protocol import RunContext
from codegym.train.model.load import load_policy
from codegym.train.model.tiny import ANSWER, END, OBSERVATION

TEMPLATE = (
    "{# no place for a system prompt #}{% for m in messages %}{% if m.role == 'assistant' %}"
    + ANSWER
    + "{{ m.content }}{% for call in m.tool_calls or [] %}{{ call.function.name }}"
    + "{{ call.function.arguments | tojson }}{% endfor %}"
    + END
    + "{% elif m.role in ('user', 'tool') %}"
    + OBSERVATION
    + "{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}"
    + ANSWER
    + "{% endif %}"
)
"""The template of tiny models, with tools' results as observations. Calls are rendered because TRL checks for it;
in episodes the ids of answers stay as they were sampled.
"""

RESPONSE = {
    "defaults": {"role": "assistant"},
    "start_anchor": ANSWER,
    "fields": {
        "tool_calls": {
            "open_pattern": rf"^(?P<verb>[^{SUBMIT}])",
            "close": END,
            "repeats": True,
            "content": "text",
            "transform": {
                "type": "function",
                "function": {"name": "act", "arguments": {"verb": "{verb}", "rest": "{content}"}},
            },
        },
        "content": {"close": END, "content": "text"},
    },
}
"""How TRL reads an answer: the letter of a verb, the rest of the line, the end; any letter but the last call's."""


@dataclass
class Stopwatch:
    """Seconds by stage since they were last cleared; ids sampled and rewards earned so far."""

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    sampled: int = 0
    reward: float = 0.0

    def time(self, stage: str, act: Callable[[], Any]) -> Any:
        """Return what ``act`` returns, and add the time that it takes to ``stage``."""
        began = time.monotonic()
        result = act()
        self.seconds[stage] += time.monotonic() - began
        return result


@dataclass
class PlainSide:
    """What the environments of one trainer share: the env's settings, the attempts so far, the clock."""

    context: RunContext
    lines: Lines
    watch: Stopwatch = field(default_factory=Stopwatch)
    attempts: Counter[str] = field(default_factory=Counter)


class PlainEnv:
    """An env as ``environment_factory`` wants it: ``reset``, ``get_reward``, and one method that is a tool."""

    def __init__(self, side: PlainSide) -> None:
        self._side = side
        self._env = side.context.make_env()
        self._lines: Iterator[str] = iter(())

    def reset(self, task: str, **_: object) -> str:
        """Start an episode and return the observation, which TRL adds to the user's message."""
        sample = self._side.attempts[task]
        self._side.attempts[task] += 1
        self._lines = iter(self._side.lines.of(task, sample))
        seed = job_seed(self._side.context.config.seed, task, sample)
        reset = partial(self._env.reset, seed=seed, options={"task": task})
        observation: str = self._side.watch.time("sandbox", reset)[0]
        return observation

    def act(self, verb: str, rest: str = "") -> str:
        """Carry out one action.

        Args:
            verb: The letter of the verb.
            rest: The rest of the line, without the space before it.
        """
        line = f"{verb} {rest}".rstrip()
        observation: str = self._side.watch.time("sandbox", lambda: self._env.step(line))[0]
        return observation

    def get_reward(self) -> float:
        """Submit, and return the reward of the grade."""
        reward = float(self._side.watch.time("grade", lambda: self._env.step(SUBMIT))[1])
        self._side.watch.reward += reward
        return reward

    def _next_line(self) -> str:
        return next(self._lines)


class OnlyAnswers(LogitsProcessor):  # type: ignore[misc]  # transformers is not typed
    """Leaves one id per row that can be drawn: that of its answer, and the end afterwards."""

    def __init__(self, answers: list[list[int]], end_id: int) -> None:
        width = max(map(len, answers))
        self._ids = torch.tensor([row + [end_id] * (width - len(row)) for row in answers])
        self._column = 0

    def __call__(self, _ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return ``scores`` with minus infinity for all other ids."""
        chosen = self._ids[:, self._column, None].to(scores.device)
        self._column += 1
        return torch.full_like(scores, -torch.inf).scatter(1, chosen, 0.0)


def time_plain(context: RunContext, args: GRPOConfig, lines: Lines, model: Path) -> Played:
    """Train with TRL alone, and return what was measured."""
    policy, tokenizer = load_policy(context.config.policy, model, trainable=True)
    tokenizer.chat_template, tokenizer.response_template = TEMPLATE, RESPONSE
    side = PlainSide(context, lines)
    clock = StepClock(lambda wall: _stages(side.watch, wall))
    envs: list[PlainEnv] = []

    def make_env() -> PlainEnv:
        envs.append(PlainEnv(side))
        return envs[-1]

    try:
        trainer = _trainer(policy, tokenizer, args, list(lines.by_task), make_env=make_env, clock=clock)
        _play_lines(policy, trainer, side, ChatFormat(tokenizer))
        trainer.train()
    finally:
        for env in envs:
            env._env.close()  # a public method would be a tool
    count = side.attempts.total()
    return Played(clock.steps, sampled=side.watch.sampled / count, solved=side.watch.reward / count)


def _trainer(
    policy: Any,
    tokenizer: Any,
    args: GRPOConfig,
    tasks: list[str],
    *,
    make_env: Callable[[], PlainEnv],
    clock: StepClock,
) -> GRPOTrainer:
    rows = [{"prompt": [{"role": "user", "content": ""}], "task": task} for task in tasks]
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # environment_factory is experimental
        trainer = GRPOTrainer(
            model=policy,
            args=args,
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            environment_factory=make_env,
            callbacks=[clock],
        )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _play_lines(policy: Any, trainer: GRPOTrainer, side: PlainSide, chat: ChatFormat) -> None:
    """Let ``policy.generate`` answer with the next line of each of the trainer's environments."""
    plain = policy.generate

    def generate(**inputs: Any) -> Any:
        answers = [[*chat.ids(env._next_line()), chat.end_id] for env in trainer.environments]
        side.watch.sampled += sum(map(len, answers))
        only = LogitsProcessorList([OnlyAnswers(answers, chat.end_id)])
        return side.watch.time("generate", lambda: plain(**inputs, logits_processor=only))

    policy.generate = generate


def _stages(watch: Stopwatch, wall: float) -> dict[str, float]:
    stages = {stage: watch.seconds[stage] for stage in ("generate", "sandbox", "grade")}
    watch.seconds.clear()
    return stages | {"optimise": wall - sum(stages.values())}
