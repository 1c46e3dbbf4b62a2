"""Tries candidates in several threads until enough of them succeed, and counts why the others are refused."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from codegym.foundry.draft.setup import Resources
from codegym.foundry.stoppable import StoppableBackend

C = TypeVar("C")
R = TypeVar("R")

Try = Callable[[C], R | str]
"""Returns a candidate's result, or the reason why it is refused."""


@dataclass(frozen=True)
class TrialCounts:
    """How many candidates were tried, how many were refused for each reason, and the seconds that it took."""

    tried: int
    refused: Mapping[str, int]
    seconds: float


def try_in_threads(
    candidates: Iterator[C],
    open_worker: Callable[[], AbstractContextManager[Try[C, R]]],
    bounds_of: Callable[[C], Sequence[tuple[str, int]]],
    *,
    resources: Resources,
    label: str,
    most: int,
    deadline: float,
) -> tuple[list[tuple[C, R]], TrialCounts]:
    """Try ``candidates`` until ``most`` succeeded, none is left, or the clock (monotonic) reaches ``deadline``.

    Each thread enters ``open_worker`` once and uses what it gives. ``bounds_of`` returns pairs of a key and of
    how many candidates with that key may succeed; a candidate that would exceed a bound is passed over.
    ``label`` names the work for whoever watches the progress. Returns the candidates that succeeded, each with
    its result, in the order in which they did.
    """
    lock, stopped, began = threading.Lock(), threading.Event(), time.monotonic()
    succeeded: list[tuple[C, R]] = []
    refused, used, tried = Counter[str](), Counter[str](), 0

    def fits(candidate: C) -> bool:
        return all(used[key] < bound for key, bound in bounds_of(candidate))

    def take() -> C | None:
        with lock:
            if len(succeeded) >= most or time.monotonic() > deadline or stopped.is_set():
                return None
            return next((candidate for candidate in candidates if fits(candidate)), None)

    def record(candidate: C, result: R | str) -> None:
        nonlocal tried
        with lock:
            tried += 1
            if isinstance(result, str):
                refused[result] += 1
            elif len(succeeded) < most and fits(candidate):
                succeeded.append((candidate, result))
                used.update(key for key, _ in bounds_of(candidate))
            resources.progress(f"trying {label}", len(succeeded), most)

    def work() -> None:
        with open_worker() as attempt:
            while (candidate := take()) is not None:
                record(candidate, attempt(candidate))

    _run_threads(resources, work, stopped)
    return succeeded, TrialCounts(tried, dict(refused), time.monotonic() - began)


def _run_threads(resources: Resources, work: Callable[[], None], stopped: threading.Event) -> None:
    """Run ``work`` in one thread per worker until all have ended. Sets ``stopped`` after an error or Ctrl-C too.

    Ctrl-C closes the boxes in which the threads wait, if the backend can do that.
    """
    with ThreadPoolExecutor(resources.workers) as pool:
        try:
            for done in as_completed([pool.submit(work) for _ in range(resources.workers)]):
                done.result()
        except KeyboardInterrupt:
            stopped.set()
            if isinstance(resources.backend, StoppableBackend):
                resources.backend.stop()
            raise
        finally:
            stopped.set()
