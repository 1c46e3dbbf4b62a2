"""One episode with a model in this process: its ids exactly as sampled, turn by turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from codegym.policy.chat import ChatFormat
from codegym.policy.local.generate import Generation
from codegym.policy.local.sampling import Sampling
from codegym.policy.protocol import Opening, Reply
from codegym.policy.template import Messages, is_continued
from codegym.tokens import Tokens, TokenSequence, TurnSpan


@dataclass
class Sequence:
    """The ids of a sequence so far; see :class:`~codegym.tokens.TokenSequence`."""

    prompt_ids: list[int]
    ids: list[int] = field(default_factory=list)
    mask: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    turns: list[TurnSpan] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.prompt_ids) + len(self.ids)

    def extend(self, ids: list[int], logprobs: list[float] | None = None) -> None:
        """Append observed ids, or sampled ones with their ``logprobs``."""
        self.ids += ids
        self.mask += [0 if logprobs is None else 1] * len(ids)
        self.logprobs += [0.0] * len(ids) if logprobs is None else logprobs

    def frozen(self) -> TokenSequence:
        """Return all ids up to the last sampled one."""
        end = self.turns[-1].end if self.turns else 0
        return TokenSequence(
            prompt_ids=tuple(self.prompt_ids),
            completion_ids=tuple(self.ids[:end]),
            mask=tuple(self.mask[:end]),
            logprobs=tuple(self.logprobs[:end]),
            turns=tuple(self.turns),
        )


@dataclass
class LocalConversation:
    """One episode. ``sample`` fills in a request; ``version`` returns the number of the weights."""

    chat: ChatFormat
    sampling: Sampling
    opening: Opening
    sample: Callable[[Generation], None]
    version: Callable[[], int | None]
    sequences: list[Sequence] = field(default_factory=list)
    requests: int = 0

    def __post_init__(self) -> None:
        self._messages, self._tools = self.chat.opening(self.opening)
        self._text = self.chat.template.render(self._messages, self._tools)
        self._answer = ""
        self._steps = 0
        self.sequences.append(Sequence(self.chat.ids(self._text)))
        self._request = Generation([], 0, np.random.default_rng(self.opening.seed))

    @property
    def now(self) -> Sequence:
        """The sequence that grows."""
        return self.sequences[-1]

    def reply(self, observation: str | None) -> Reply:
        """Return the model's answer; ``finished`` is false if the context is full."""
        if observation is not None:
            self._observe(observation)
        remaining = (self.sampling.context or 0) - len(self.now)
        if remaining < 1:
            return Reply("", finished=False)
        start, version = len(self.now.ids), self.version()
        ended = self._sample(min(remaining, self.sampling.answer or remaining))
        sampled = self.now.ids[start:]
        answer_ids = sampled[:-1] if ended else sampled
        self._answer, text = self.chat.text(answer_ids), self.chat.answer(answer_ids)
        reply = Reply(text, finished=ended or remaining > len(sampled))
        step = self._steps if reply.finished or text else None
        self._steps += 1
        self.now.turns.append(TurnSpan(start=start, end=len(self.now.ids), version=version, step=step))
        return reply

    def tokens(self) -> Tokens:
        """Return the sequences: one, unless the chat template rewrote earlier turns."""
        return Tokens(sequences=tuple(sequence.frozen() for sequence in self.sequences))

    def usage(self) -> dict[str, int]:
        """Return token counts so far, and how often the chat template rewrote earlier turns, if it did."""
        total, sampled = sum(map(len, self.sequences)), sum(sum(one.mask) for one in self.sequences)
        counts = {"prompt_tokens": total - sampled, "completion_tokens": sampled, "requests": self.requests}
        rewrites = len(self.sequences) - 1
        return counts | ({"rewrites": rewrites} if rewrites else {})

    def close(self) -> None:
        """Free the slot."""
        self._request.slot = ()

    def _observe(self, observation: str) -> None:
        role = self.chat.role(self.opening, self._answer)
        if self.sampling.keep_turns or self._is_continued(observation, role):
            ended = self.now.ids[-1:] == [self.chat.end_id]
            self.now.extend(self.chat.observation_ids(observation, ended=ended, role=role))
        else:
            self.sequences.append(Sequence(self.chat.ids(self._text)))
            self._request.slot, self._request.cached = (), 0

    def _is_continued(self, observation: str, role: str) -> bool:
        """Render the whole conversation; return whether the template leaves the earlier turns as they are."""
        expected = self._text + self._answer + self.chat.observation_text(observation, role)
        more: Messages = [{"role": "assistant", "content": self._answer}, {"role": role, "content": observation}]
        self._messages += more
        self._text = self.chat.template.render(self._messages, self._tools)
        return self.chat.template.around(role) is not None and is_continued(expected, self._text)

    def _sample(self, most: int) -> bool:
        """Append an answer of at most so many ids; return whether it came to its end."""
        request = self._request
        request.ids, request.max_new = [*self.now.prompt_ids, *self.now.ids], most
        request.sampled, request.logprobs = [], []
        self.sample(request)
        self.requests += 1
        self.now.extend(request.sampled, request.logprobs)
        return request.ended
