"""A transformers model in this process, answering many episodes at once.

One background thread owns the model: it answers all waiting conversations as one batch, then the next batch. A
conversation that waits for a slow test does not delay the others. Token ids and the log-probabilities with which
they were sampled are kept unchanged.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

import torch

from codegym.errors import PolicyError
from codegym.policy.chat import ChatFormat
from codegym.policy.local.conversation import LocalConversation
from codegym.policy.local.generate import Generation, Generator
from codegym.policy.local.load import load_model
from codegym.policy.local.sampling import Sampling, end_ids
from codegym.policy.protocol import Opening


class LocalPolicy:
    """AnswerOptions with ``model`` (a causal language model of transformers) and its tokenizer's chat template.

    ``version`` is the number of the weights during training, otherwise ``None``; every turn is recorded with it.
    ``answering_seconds`` are the seconds that requests were in a batch being sampled, summed over requests: how
    long their episodes waited for the model itself, and not for their turn.
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
        self.answering_seconds = 0.0
        self.sampling = (sampling or Sampling()).fitted(model)
        self.chat = ChatFormat(tokenizer)
        self.chat.check(keep_turns=self.sampling.keep_turns)
        self._generator = Generator(model, end_ids(model) | self.chat.end_ids, self.sampling.draw())
        self._waiting: list[tuple[Generation, Future[None]]] = []
        self._change = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._serve, name="codegym-generate", daemon=True)
        self._thread.start()

    @classmethod
    def load(
        cls,
        path: str,
        *,
        name: str = "",
        sampling: Sampling | None = None,
        device: str = "cpu",
        dtype: str = "auto",
    ) -> Self:
        """Load a model and its tokenizer; ``path`` is as :func:`~codegym.policy.local.load.load_model` takes it.

        Raises :class:`PolicyError`, and :class:`ConfigError` like the constructor.
        """
        model, tokenizer = load_model(path, device=device, dtype=dtype)
        return cls(model.eval(), tokenizer, name=name or Path(path).stem, sampling=sampling)

    def notes(self, dialect: str) -> list[str]:
        """Return what a user should know of how the model is asked, one sentence each."""
        sampling = self.sampling
        limits = f"context of {sampling.context} tokens, answers of at most {sampling.answer}"
        drawn = f"temperature {sampling.temperature:g}, top-p {sampling.top_p:g}, top-k {sampling.top_k}"
        return [f"{limits}, {drawn}", *self.chat.notes(dialect)]

    def begin(self, opening: Opening) -> LocalConversation:
        """Start one episode."""
        return LocalConversation(self.chat, self.sampling, opening, self.answer, lambda: self.version)

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
            began = time.monotonic()
            try:
                self._generator.answer([request for request, _ in batch], lambda: self._open)
            except Exception as error:  # noqa: BLE001 - raised again in the threads that wait for an answer
                failure = _failure(self.name, error)
                for _, future in batch:
                    future.set_exception(failure)
            else:
                self.answering_seconds += len(batch) * (time.monotonic() - began)
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


def _failure(name: str, error: Exception) -> Exception:
    """Return the exception for waiting threads: a :class:`PolicyError` if the model failed, a bug unchanged."""
    if not isinstance(error, RuntimeError | ValueError | IndexError):
        return error
    failure = PolicyError(f"policy {name} could not generate: {error}")
    failure.__cause__ = error
    return failure
