"""Tries candidates in several threads until enough of them succeed, and counts why the others are refused."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from codegym.foundry.draft.setup import Resources
from codegym.foundry.stoppable import StoppableBackend

C = TypeVar("C")
R = TypeVar("R")

Try = Callable[[C], R | str]
"""Returns a candidate's result, or the reason why it is refused."""

SURPLUS = "enough without it"
"""Why a candidate that would succeed is refused: another thread's was the last one asked for."""

C_contra = TypeVar("C_contra", contravariant=True)
R_contra = TypeVar("R_contra", contravariant=True)


class Admission(Protocol[C_contra, R_contra]):
    """Decides which candidates are tried, and which results are kept. It is called by one thread at a time."""

    def objection(self, candidate: C_contra, /) -> str:
        """Return why a candidate is passed over, or an empty text if it is to be tried."""
        ...

    def admit(self, candidate: C_contra, result: R_contra, /) -> str:
        """Keep a result and return an empty text, or return why it is refused."""
        ...


class AdmitAll:
    """Admits every candidate and every result."""

    def objection(self, _candidate: object, /) -> str:
        """Return no objection."""
        return ""

    def admit(self, _candidate: object, _result: object, /) -> str:
        """Return no objection."""
        return ""


@dataclass(frozen=True)
class TrialCounts:
    """How many candidates were tried, how many were refused for each reason, and the seconds that it took.

    Candidates that were passed over without a trial are counted among the refused ones only.
    """

    tried: int
    refused: Mapping[str, int]
    seconds: float


def try_in_threads(
    candidates: Iterator[C],
    open_worker: Callable[[], AbstractContextManager[Try[C, R]]],
    admission: Admission[C, R],
    *,
    resources: Resources,
    label: str,
    most: int,
    deadline: float,
) -> tuple[list[tuple[C, R]], TrialCounts]:
    """Try ``candidates`` until ``most`` succeeded, none is left, or the clock (monotonic) reaches ``deadline``.

    Each thread enters ``open_worker`` once and uses what it gives. ``admission`` may pass over a candidate before
    it is tried, or refuse its result. ``label`` names the work for whoever watches the progress. Returns the
    candidates that succeeded, each with its result, in the order in which they did.
    """
    lock, stopped, began = threading.Lock(), threading.Event(), time.monotonic()
    succeeded: list[tuple[C, R]] = []
    refused, tried = Counter[str](), 0

    def take() -> C | None:
        with lock:
            if len(succeeded) >= most or time.monotonic() > deadline or stopped.is_set():
                return None
            for candidate in candidates:
                objection = admission.objection(candidate)
                if not objection:
                    return candidate
                refused[objection] += 1
            return None

    def record(candidate: C, result: R | str) -> None:
        nonlocal tried
        with lock:
            tried += 1
            if isinstance(result, str):
                refused[result] += 1
            elif len(succeeded) >= most:
                refused[SURPLUS] += 1
            elif objection := admission.admit(candidate, result):
                refused[objection] += 1
            else:
                succeeded.append((candidate, result))
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
