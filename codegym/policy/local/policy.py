"""A transformers model in this process, answering many episodes at once.

One background thread owns the model: it answers all waiting conversations as one batch, then the next batch. A
conversation that waits for a slow test does not delay the others. Token ids and the log-probabilities with which
they were sampled are kept unchanged.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from safetensors import SafetensorError

from codegym.errors import ConfigError, PolicyError
from codegym.policy.chat import ChatFormat
from codegym.policy.local.generate import Generation, Generator
from codegym.policy.protocol import Opening, Reply
from codegym.tokens import Tokens, TokenSequence, TurnSpan

_UNLOADABLE: tuple[type[Exception], ...] = (
    *(OSError, ValueError, RuntimeError, AssertionError, LookupError, TypeError, AttributeError),
    *(ImportError, SafetensorError),
)
"""The exceptions of transformers for model files that are missing, broken, or of an unknown kind."""


@dataclass(frozen=True)
class Sampling:
    """The settings of generation.

    ``context`` limits the ids of an episode, ``answer`` those of one answer, ``batch`` the conversations that are
    answered at once. ``threads`` is the number of CPU threads (0: torch's default). On a small machine choose 1,
    so that sandboxes can run at the same time.
    """

    temperature: float = 1.0
    answer: int = 64
    context: int = 1024
    batch: int = 64
    threads: int = 0


class LocalPolicy:
    """Answers with ``model`` (a causal language model of transformers) and its tokenizer's chat template.

    ``version`` is the number of the weights during training, otherwise ``None``; every turn is recorded with it.
    Raises :class:`~codegym.errors.ConfigError` for a template that can't be used turn by turn, or none at all.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        name: str,
        sampling: Sampling | None = None,
        version: int | None = None,
    ) -> None:
        self.name = name
        self.version = version
        self.chat = ChatFormat(tokenizer)
        self.chat.check()
        self.sampling = sampling or Sampling()
        self._generator = Generator(model, self.chat.eos_id, self.sampling.temperature)
        self._waiting: list[tuple[Generation, Future[None]]] = []
        self._change = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._serve, name="codegym-generate", daemon=True)
        self._thread.start()

    @classmethod
    def load(cls, path: str, *, name: str = "", sampling: Sampling | None = None, device: str = "cpu") -> Self:
        """Load a model and its tokenizer from a folder, or by name from the hub.

        Raises :class:`PolicyError`, and :class:`ConfigError` like the constructor.
        """
        model, tokenizer = load_model(path, device=device)
        return cls(model.eval(), tokenizer, name=name or Path(path).name, sampling=sampling)

    def begin(self, opening: Opening) -> LocalConversation:
        """Start one episode."""
        return LocalConversation(self, opening, self.chat.opening_ids(opening))

    def answer(self, request: Generation) -> None:
        """Sample the answer of ``request``; blocks until its batch is complete. Raises :class:`PolicyError`."""
        future: Future[None] = Future()
        with self._change:
            if not self._open:
                raise PolicyError(f"policy {self.name} is closed")
            self._waiting.append((request, future))
            self._change.notify()
        future.result()

    def close(self) -> None:
        """Stop the thread at the next token; waiting requests raise :class:`PolicyError`."""
        with self._change:
            self._open = False
            self._change.notify()
        self._thread.join()

    def _serve(self) -> None:
        if self.sampling.threads:
            torch.set_num_threads(self.sampling.threads)
        while batch := self._next_batch():
            try:
                self._generator.answer([request for request, _ in batch], lambda: self._open)
            except Exception as error:  # noqa: BLE001 - raised again in the threads that wait for an answer
                failure = _failure(self.name, error)
                for _, future in batch:
                    future.set_exception(failure)
            else:
                for _, future in batch:
                    future.set_result(None)

    def _next_batch(self) -> list[tuple[Generation, Future[None]]]:
        """Wait for requests and return those of one kind: all openings, or all continuations; empty at the end."""
        with self._change:
            self._change.wait_for(lambda: self._waiting or not self._open)
            if not self._waiting:
                return []
            fresh = not self._waiting[0][0].cached
            batch = [item for item in self._waiting if (not item[0].cached) is fresh][: self.sampling.batch]
            self._waiting = [item for item in self._waiting if item not in batch]
            return batch


@dataclass
class LocalConversation:
    """One episode's ids, and its slot of keys and values."""

    policy: LocalPolicy
    opening: Opening
    prompt_ids: list[int]
    ids: list[int] = field(default_factory=list)
    mask: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    turns: list[TurnSpan] = field(default_factory=list)
    requests: int = 0

    def __post_init__(self) -> None:
        self._request = Generation([], 0, np.random.default_rng(self.opening.seed))

    def reply(self, observation: str | None) -> Reply:
        """Return the model's answer; ``finished`` is false if the context is full."""
        if observation is not None:
            ended = bool(self.ids) and self.ids[-1] == self.policy.chat.eos_id
            self._extend(self.policy.chat.observation_ids(observation, ended=ended), 0)
        remaining = self.policy.sampling.context - len(self.prompt_ids) - len(self.ids)
        if remaining < 1:
            return Reply("", finished=False)
        start, version = len(self.ids), self.policy.version
        sampled = self._sample(min(remaining, self.policy.sampling.answer))
        ended = sampled[-1] == self.policy.chat.eos_id
        text = self.policy.chat.answer(sampled[:-1] if ended else sampled)
        reply = Reply(text, finished=ended or remaining > len(sampled))
        step = len(self.turns) if reply.finished or text else None
        self.turns.append(TurnSpan(start=start, end=len(self.ids), version=version, step=step))
        return reply

    def tokens(self) -> Tokens:
        """Return one sequence: all ids up to the last sampled one."""
        end = self.turns[-1].end if self.turns else 0
        sequence = TokenSequence(
            prompt_ids=tuple(self.prompt_ids),
            completion_ids=tuple(self.ids[:end]),
            mask=tuple(self.mask[:end]),
            logprobs=tuple(self.logprobs[:end]),
            turns=tuple(self.turns),
        )
        return Tokens(sequences=(sequence,))

    def usage(self) -> dict[str, int]:
        """Return token counts so far."""
        total = len(self.prompt_ids) + len(self.ids)
        return {
            "prompt_tokens": total - sum(self.mask),
            "completion_tokens": sum(self.mask),
            "requests": self.requests,
        }

    def close(self) -> None:
        """Free the slot."""
        self._request.slot = ()

    def _sample(self, most: int) -> list[int]:
        request = self._request
        request.ids, request.max_new = [*self.prompt_ids, *self.ids], most
        request.sampled, request.logprobs = [], []
        self.policy.answer(request)
        self.requests += 1
        self._extend(request.sampled, 1, request.logprobs)
        return request.sampled

    def _extend(self, ids: list[int], sampled: int, logprobs: list[float] | None = None) -> None:
        self.ids += ids
        self.mask += [sampled] * len(ids)
        self.logprobs += logprobs or [0.0] * len(ids)


def load_model(path: str, *, dtype: Any = "auto", device: str = "cpu") -> tuple[Any, Any]:
    """Load a model onto a device, and its tokenizer.

    Raises :class:`PolicyError`, or :class:`ConfigError` for its chat template; both name the path.
    """
    import transformers  # noqa: PLC0415 - heavy, and only this function needs it

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path)
        ChatFormat(tokenizer).check()
        model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=dtype)
        return model.to(device), tokenizer
    except ConfigError as error:
        raise ConfigError(f"model {path!r}: {error}") from error
    except _UNLOADABLE as error:
        hint = "" if Path(path).is_dir() else " (not a folder here, so a name on the hub)"
        raise PolicyError(f"can't load a model from {path!r}{hint} to {device}: {error}") from error


def _failure(name: str, error: Exception) -> Exception:
    """Return the exception for waiting threads: a :class:`PolicyError` if the model failed, a bug unchanged."""
    if not isinstance(error, RuntimeError | ValueError | IndexError):
        return error
    failure = PolicyError(f"policy {name} could not generate: {error}")
    failure.__cause__ = error
    return failure
