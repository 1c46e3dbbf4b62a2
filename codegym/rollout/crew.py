"""The threads of a rollout: each keeps an env, takes jobs, and hands each to the player.

A job that the machine fails is tried again with the same seed in a fresh env (:mod:`codegym.rollout.retry`), and
then becomes an episode without a reward. A task that fails twice by itself, with its own solution in place, is
quarantined: its episodes are not played for the rest of the run. Any other exception stops the run and is raised
in the caller's thread. Threads are daemons, and are closed from :mod:`atexit` at the latest, so that a program
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

from codegym.deadline import Ledger
from codegym.env import CodeEnv
from codegym.episode import Episode
from codegym.errors import GradeError
from codegym.policy.protocol import Policy
from codegym.rollout.job import Job
from codegym.rollout.log import EpisodeLog
from codegym.rollout.player import Closable, Player, StoppedError
from codegym.rollout.record import record_failure
from codegym.rollout.retry import MACHINE_FAILURES, GaveUpError, Retry, is_of_task

PATIENCE_SECONDS = 0.5
"""How long threads get to end by themselves before their boxes are closed all the same."""

CLOSING_SECONDS = 2.0
"""How long threads get to end after their boxes were closed."""

STRIKES = 2
"""How often a task has to fail by itself before it is quarantined."""

_log = logging.getLogger(__name__)


@dataclass
class Worker:
    """A thread, and what has to be closed if the thread must end at once."""

    thread: threading.Thread
    env: CodeEnv | None = None
    opened: list[Closable] = field(default_factory=list)

    def close_all(self) -> None:
        """Close the env and whatever the player opened. A failure to close is logged."""
        opened, self.opened = self.opened, []
        env, self.env = self.env, None
        for closable in (env, *reversed(opened)):
            try:
                if closable:
                    closable.close()
            except MACHINE_FAILURES as error:
                _log.warning("can't close %s: %s", type(closable).__name__, error)


@dataclass
class Crew:
    """The threads of one rollout.

    ``done`` carries episodes, an exception that a thread ended with, and ``None`` for each thread that ended.
    """

    jobs: SimpleQueue[Job]
    player: Player
    policy: Policy
    make_env: Callable[[], CodeEnv]
    log: EpisodeLog | None
    retry: Retry
    workers: list[Worker] = field(default_factory=list)
    done: SimpleQueue[Episode | BaseException | None] = field(default_factory=SimpleQueue)
    halted: threading.Event = field(default_factory=threading.Event)
    strikes: Counter[str] = field(default_factory=Counter)
    quarantined: dict[str, GradeError] = field(default_factory=dict)

    def work(self, workers: int, stop: threading.Event | None) -> Iterator[Episode]:
        """Start the threads and yield their episodes, until all threads have ended or ``stop`` is set."""
        left = min(workers, self.jobs.qsize())
        for number in range(left):
            self._start(f"codegym-rollout-{number}")
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
        """End every thread. If one does not end by itself, the env and all else that it has open are closed."""
        self.halted.set()
        threads = [worker.thread for worker in self.workers]
        _join(threads, PATIENCE_SECONDS)
        stuck = [worker for worker in self.workers if worker.thread.is_alive()]
        closers = [threading.Thread(target=worker.close_all, daemon=True) for worker in stuck]
        for closer in closers:
            closer.start()
        _join([*closers, *threads], CLOSING_SECONDS)

    def _start(self, name: str) -> None:
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
            worker.close_all()
            self.done.put(None)

    def _take(self) -> Iterator[Job]:
        while not self.halted.is_set():
            try:
                yield self.jobs.get_nowait()
            except Empty:
                return

    def _attempt(self, job: Job, worker: Worker) -> Episode:
        """Play until there is an episode or :class:`Retry` gives up. Raises :class:`StoppedError`."""
        used: list[tuple[CodeEnv, Ledger]] = []

        def failed(error: Exception) -> None:
            self._count_strike(job, error)
            worker.close_all()

        def attempt() -> Episode:
            env = worker.env = worker.env or self.make_env()
            used.append((env, Ledger()))
            if job.task in self.quarantined:
                return record_failure(job, self.policy, *used[-1], [self.quarantined[job.task]])
            return self._play(job, worker, *used[-1])

        try:
            return self.retry.run(attempt, failed=failed, wait=self._wait)
        except GaveUpError as error:
            self._wait(0)
            if not used:
                raise error.errors[-1] from None
            return record_failure(job, self.policy, *used[-1], error.errors)

    def _wait(self, seconds: float) -> None:
        """Wait. Raises :class:`StoppedError` if the run is ended, which explains any failure."""
        if self.halted.wait(seconds):
            raise StoppedError

    def _count_strike(self, job: Job, error: Exception) -> None:
        if not isinstance(error, GradeError) or not is_of_task(error):
            return
        self.strikes[job.task] += 1
        if self.strikes[job.task] >= STRIKES and job.task not in self.quarantined:
            self.quarantined[job.task] = error
            _log.warning("task %s is quarantined: %s", job.task, error)

    def _play(self, job: Job, worker: Worker, env: CodeEnv, ledger: Ledger) -> Episode:
        worker.opened.clear()
        return self.player(
            job, self.policy, env, stopping=self.halted.is_set, opened=worker.opened.append, ledger=ledger
        )


def _join(threads: Iterable[threading.Thread], seconds: float) -> None:
    """Wait for threads to end, up to ``seconds`` in all."""
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
