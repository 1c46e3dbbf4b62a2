"""Our side of the bench: GRPO as ``codegym train`` runs it, with answers that are known in advance.

The model computes and samples every token; the id that it draws is then replaced by that of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from codegym.bench.training.clock import StepClock
from codegym.bench.training.cost import Played
from codegym.bench.training.lines import Lines
from codegym.episode import is_resolved
from codegym.policy.local.conversation import LocalConversation
from codegym.policy.local.generate import Generation, Generator
from codegym.policy.local.policy import LocalPolicy
from codegym.policy.protocol import Opening
from codegym.rollout.job import job_seed
from codegym.rollout.log import EpisodeLog
from codegym.train.algorithm.grpo import GrpoPhase
from codegym.train.algorithm.protocol import RunContext
from codegym.train.algorithm.rollouts import Rollouts
from codegym.train.algorithm.settings import GrpoSettings


@dataclass(frozen=True)
class LinesGenerator(Generator):
    """Replaces every sampled id by that of the answer in ``answers``, with its own log-probability."""

    answers: dict[Generation, list[int]] = field(default_factory=dict)

    def _sample(self, active: Sequence[Generation], logits: torch.Tensor) -> None:
        super()._sample(active, logits)
        tokens = [self.answers[request][len(request.sampled) - 1] for request in active]
        logprobs = torch.log_softmax(logits / (self.draw.temperature or 1.0), -1)
        chosen = logprobs.gather(-1, torch.tensor(tokens)[:, None])[:, 0].tolist()
        for request, token, logprob in zip(active, tokens, chosen, strict=True):
            request.sampled[-1], request.logprobs[-1] = token, logprob
            request.ended = token in self.end_ids


class LinesPolicy(LocalPolicy):
    """A local policy whose attempts answer ``lines``; ``samples`` maps a task and a seed to the attempt."""

    def __init__(self, *args: Any, lines: Lines, samples: dict[tuple[str, int], int], **options: Any) -> None:
        super().__init__(*args, **options)
        self._lines, self._samples = lines, samples
        self._answers: dict[Generation, list[int]] = {}
        own = self._generator
        self._generator = LinesGenerator(own.model, own.end_ids, own.draw, self._answers)

    def begin(self, opening: Opening) -> LocalConversation:
        """Start one episode."""
        sample = self._samples[opening.task.id, opening.seed]
        left = iter(self._lines.of(opening.task.id, sample))

        def answer(request: Generation) -> None:
            self._answers[request] = [*self.chat.ids(next(left)), self.chat.end_id]
            self.answer(request)

        return LocalConversation(self.chat, self.sampling, opening, answer, lambda: self.version)


def time_ours(context: RunContext, settings: GrpoSettings, lines: Lines, model: Path) -> Played:
    """Run the GRPO phase, and return what was measured."""
    rollouts: list[Rollouts] = []
    steps = settings.trl["max_steps"]
    count = steps * settings.trl["num_generations"]
    seed = context.config.seed
    samples = {(task, job_seed(seed, task, n)): n for task in lines.by_task for n in range(count)}

    def make_rollouts(of: RunContext, log: EpisodeLog) -> Rollouts:
        rollouts.append(Rollouts(of, log, partial(LinesPolicy, lines=lines, samples=samples)))
        return rollouts[0]

    def stages(wall: float) -> dict[str, float]:
        parts = rollouts[0].stages
        return asdict(parts) | {"optimise": wall - parts.all}

    clock = StepClock(stages)
    GrpoPhase(settings, context, make_rollouts, (clock,)).run(model)
    episodes = list(rollouts[0].log.episodes())
    return Played(
        clock.steps,
        sampled=sum(episode.usage["completion_tokens"] for episode in episodes) / len(episodes),
        solved=sum(map(is_resolved, episodes)) / len(episodes),
    )
