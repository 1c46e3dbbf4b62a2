"""Many episodes at once: threads that each keep an env, a policy that answers in batches, one log.

The engine is handed a player and knows no strategy. A thread that waits for a slow test costs nothing and delays
no other thread. :mod:`codegym.rollout.crew` deals with failures.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from queue import SimpleQueue

from codegym.env import CodeEnv
from codegym.episode import Episode, is_graded
from codegym.policy.protocol import Policy
from codegym.rollout.crew import Crew
from codegym.rollout.job import Job, by_turns
from codegym.rollout.log import EpisodeLog
from codegym.rollout.player import Player
from codegym.rollout.retry import Retry


def rollout(
    jobs: Iterable[Job],
    player: Player,
    policy: Policy,
    make_env: Callable[[], CodeEnv],
    *,
    workers: int,
    log: EpisodeLog | None = None,
    retries: int = Retry.times,
    progress: Callable[[Episode], None] | None = None,
    stop: threading.Event | None = None,
) -> Generator[Episode, None, None]:
    """Let ``player`` make an episode for every job, and yield each when it ends, in the order of their ends.

    Jobs for which ``log`` has a graded episode of this policy are not played again: these episodes come first.
    Every other episode is in the log before it is yielded. ``progress`` is called in the caller's thread. An
    episode that the machine fails ``1 + retries`` times is yielded with ``StopReason.INFRA_ERROR``.

    Setting ``stop`` ends the iteration within seconds; so does closing the generator, or an exception (Ctrl-C) in
    it. Episodes in progress are then dropped, and all envs and conversations closed; the policy and the log stay
    open. Raises whatever a thread raised, unless it is a failure of the machine.
    """
    report = progress or (lambda _: None)
    all_jobs = list(jobs)
    recorded: set[Job] = set()
    for episode in _recorded(set(all_jobs), policy, log):
        recorded.add(Job.of(episode))
        report(episode)
        yield episode
    left: SimpleQueue[Job] = SimpleQueue()
    for job in by_turns(job for job in all_jobs if job not in recorded):
        left.put(job)
    crew = Crew(left, player, policy, make_env, log, Retry(retries))
    atexit.register(crew.halt)
    try:
        for episode in crew.work(workers, stop):
            report(episode)
            yield episode
    finally:
        crew.halt()
        atexit.unregister(crew.halt)


def _recorded(missing: set[Job], policy: Policy, log: EpisodeLog | None) -> Iterator[Episode]:
    for episode in log.episodes() if log else ():
        job = Job.of(episode)
        if job in missing and is_graded(episode) and episode.policy == policy.name:
            missing.discard(job)
            yield episode
