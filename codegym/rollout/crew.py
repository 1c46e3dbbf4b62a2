"""The threads of a rollout, and the one place that catches.

Trouble with the box, the grader or the policy is tried again with the same seed in a fresh env, and then
becomes an episode without a reward. A task that is found twice to fail by itself, with its own solution in place,
is quarantined: for the rest of the run its episodes are not played. A bug in our own code stops the run and is
raised where the caller can see it. Threads are daemons, and closed from :mod:`atexit` at the latest: a program
that ends leaves no box behind.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from codegym.deadline import Ledger
from codegym.env import CodeEnv
from codegym.episode import Episode, Outcome, StopReason, Verdict
from codegym.errors import GradeError, PolicyError, SandboxError, failure_of
from codegym.failure import Owner
from codegym.policy.protocol import Conversation, Policy
from codegym.rollout.job import Job
from codegym.rollout.log import EpisodeLog
from codegym.rollout.play import Stopped, identity, play

INFRASTRUCTURE = (SandboxError, GradeError, PolicyError, OSError)
"""Trouble that says nothing about the agent."""

PATIENCE = 0.5
"""Seconds that threads get to end by themselves before their boxes are closed under them."""

_log = logging.getLogger(__name__)


@dataclass
class Worker:
    """A thread, and what is closed under it if it must end at once."""

    thread: threading.Thread
    env: CodeEnv | None = None
    conversation: Conversation | None = None

    def let_go(self) -> None:
        """Close the env and the conversation, if there are any. A box that can't be closed is logged."""
        conversation, self.conversation = self.conversation, None
        env, self.env = self.env, None
        for held in (env, conversation):
            try:
                if held:
                    held.close()
            except INFRASTRUCTURE as error:
                _log.warning("can't close %s: %s", type(held).__name__, error)


@dataclass
class Crew:
    """The threads of one rollout. ``done`` carries episodes, a thread's exception, and ``None`` as one ends."""

    jobs: SimpleQueue[Job]
    policy: Policy
    make_env: Callable[[], CodeEnv]
    log: EpisodeLog | None
    retries: int
    workers: list[Worker] = field(default_factory=list)
    done: SimpleQueue[Episode | BaseException | None] = field(default_factory=SimpleQueue)
    halted: threading.Event = field(default_factory=threading.Event)
    strikes: Counter[str] = field(default_factory=Counter)
    quarantined: dict[str, GradeError] = field(default_factory=dict)

    def work(self, workers: int, stop: threading.Event | None) -> Iterator[Episode]:
        """Start the threads and yield what they bring, until all have ended or ``stop`` is set."""
        left = min(workers, self.jobs.qsize())
        for number in range(left):
            self._hire(f"codegym-rollout-{number}")
        while left and not (stop and stop.is_set()):
            try:
                result = self.done.get(timeout=0.2)
            except Empty:
                continue
            if isinstance(result, Episode):
                yield result
            elif result is None:
                left -= 1
            else:
                raise result

    def halt(self) -> None:
        """End every thread; one that doesn't end by itself has its conversation and box closed under it."""
        self.halted.set()
        threads = [worker.thread for worker in self.workers]
        _join(threads, PATIENCE)
        stuck = [worker for worker in self.workers if worker.thread.is_alive()]
        closers = [threading.Thread(target=worker.let_go, daemon=True) for worker in stuck]
        for closer in closers:
            closer.start()
        _join([*closers, *threads], 4 * PATIENCE)

    def _hire(self, name: str) -> None:
        worker = Worker(threading.Thread(target=lambda: self._run(worker), name=name, daemon=True))
        self.workers.append(worker)
        worker.thread.start()

    def _run(self, worker: Worker) -> None:
        try:
            for job in self._take():
                episode = self._attempt(job, worker)
                if self.log:
                    self.log.append(episode)
                self.done.put(episode)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self.done.put(error)
        finally:
            worker.let_go()
            self.done.put(None)

    def _take(self) -> Iterator[Job]:
        while not self.halted.is_set():
            try:
                yield self.jobs.get_nowait()
            except Empty:
                return

    def _attempt(self, job: Job, worker: Worker) -> Episode:
        """Play until an episode is graded or the retries are used up. Raises :class:`Stopped`."""
        errors: list[Exception] = []
        for trial in range(1 + self.retries):
            ledger = Ledger()
            env = worker.env = worker.env or self.make_env()
            if job.task in self.quarantined:
                return _spoiled(identity(job, self.policy, env), [self.quarantined[job.task]], ledger)
            try:
                return self._play(job, worker, env, ledger)
            except INFRASTRUCTURE as error:
                errors.append(error)
                self._quarantine(job, error)
            worker.let_go()
            if self.halted.wait(min(5.0, 0.1 * 4**trial) if trial < self.retries else 0):
                raise Stopped
        return _spoiled(identity(job, self.policy, env), errors, ledger)

    def _quarantine(self, job: Job, error: Exception) -> None:
        if not isinstance(error, GradeError) or error.failure.owner is not Owner.TASK:
            return
        self.strikes[job.task] += 1
        if self.strikes[job.task] > 1 and job.task not in self.quarantined:
            self.quarantined[job.task] = error
            _log.warning("task %s is quarantined: %s", job.task, error)

    def _play(self, job: Job, worker: Worker, env: CodeEnv, ledger: Ledger) -> Episode:
        def started(conversation: Conversation) -> None:
            worker.conversation = conversation

        return play(job, self.policy, env, stopping=self.halted.is_set, started=started, ledger=ledger)


def _join(threads: Iterable[threading.Thread], seconds: float) -> None:
    """Wait for threads to end, up to ``seconds`` in all."""
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _spoiled(known: dict[str, Any], errors: list[Exception], ledger: Ledger) -> Episode:
    """Return the record of a job that infrastructure kept from being done; its verdict names the last error.

    ``ledger`` is the last attempt's.
    """
    told = [f"{type(error).__name__}: {error}" for error in errors]
    failure = None if isinstance(errors[-1], PolicyError) else failure_of(errors[-1])
    verdict = Verdict(outcome=Outcome.INFRA_ERROR, detail=told[-1], failure=failure)
    return Episode(
        **known,
        stop=StopReason.INFRA_ERROR,
        verdict=verdict,
        error="\n".join(dict.fromkeys(told)),
        deadlines=ledger.entries(),
    )
