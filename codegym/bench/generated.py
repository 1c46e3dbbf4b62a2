"""Measures a generated suite: what a task costs, and how many tasks a loop over one-token swaps solves.

The loop is the check that there is something to learn. It tries the mutations of :mod:`codegym.mutate` on the
faulty module, runs the visible tests on each, and submits the first that passes. A suite that it solves asks for
no skill.

The programs executed here, in this process, are the generator's own, and mutations of them.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from codegym.bench.timing import Timing, timing
from codegym.env import CodeEnv
from codegym.errors import ConfigError
from codegym.generator.stream import Stream
from codegym.mutate import apply, mutations
from codegym.patch import apply_patch
from codegym.progress.protocol import Progress, silent
from codegym.suite import Suite
from codegym.task import Frozen, PatchSource, Task

_SECONDS = 0.25
"""A mutation whose tests take longer does not pass: it may never end."""


class _TookTooLong(BaseException):
    """Raised in a mutation that does not end."""


class LevelCost(Frozen):
    """The measurements of one level.

    ``make`` is milliseconds of processor time that making a task takes, ``reset`` milliseconds of wall time of
    opening a new one in a box. The shares are of ``tasks``: solved by a loop with one try, with ``tries``, with
    all swaps.
    """

    level: int
    tasks: int
    make: Timing
    reset: Timing
    swaps: int
    tries: int
    solved_by_one: float
    solved_by_tries: float
    solved_by_any: float


def measure_levels(
    suite: Suite, sandbox: str, *, split: str, count: int, tries: int, progress: Progress = silent
) -> Iterator[LevelCost]:
    """Measure ``count`` tasks of each level. Raises :class:`ConfigError` if the suite is not a generated one."""
    if suite.generated is None:
        raise ConfigError(f"suite {suite.name!r} is not generated: it has no families.toml")
    levels = suite.generated.catalogue.library.levels
    for level in levels:
        progress("measuring levels", level - 1, len(levels))
        yield _measure_level(suite, sandbox, f"{split}-d{level}", count, tries)


def _measure_level(suite: Suite, sandbox: str, split: str, count: int, tries: int) -> LevelCost:
    ids = suite.split(split).ids[:count]
    seconds, tasks = [], []
    for task_id in ids:
        start = time.process_time()
        tasks.append(suite.task(task_id))
        seconds.append(time.process_time() - start)
    solving = [_solving_tries(task) for task in tasks]
    return LevelCost(
        level=int(split[-1]),
        tasks=len(tasks),
        make=timing(seconds),
        reset=_reset_times(suite, sandbox, split, count),
        swaps=sorted(total for total, _ in solving)[len(solving) // 2],
        tries=tries,
        solved_by_one=_share(solving, 1),
        solved_by_tries=_share(solving, tries),
        solved_by_any=_share(solving, None),
    )


def _reset_times(suite: Suite, sandbox: str, split: str, count: int) -> Timing:
    """Time resets to new tasks, after one that is not timed."""
    env = CodeEnv(suite, split, sandbox=sandbox)
    seconds = []
    for seed in range(count + 1):
        start = time.perf_counter()
        env.reset(seed=seed)
        seconds.append(time.perf_counter() - start)
    env.close()
    return timing(seconds[1:])


def _share(solving: Sequence[tuple[int, int | None]], tries: int | None) -> float:
    solved = [at for _, at in solving if at is not None and (tries is None or at < tries)]
    return round(len(solved) / len(solving), 3)


def _solving_tries(task: Task) -> tuple[int, int | None]:
    """Return how many swaps there are, and which try of a loop in random order solves the task, from 0.

    It is ``None`` if the loop submits a swap that only the visible tests pass, or if none passes.
    """
    files = {path: file.content.decode() for path, file in apply_patch(task.setup_patch, _no_file).items() if file}
    module = next(text for path, text in files.items() if not path.startswith("tests/"))
    visible = next(text for path, text in files.items() if path.startswith("tests/"))
    swaps = Stream(f"swaps of {task.id}").shuffled(mutations(module))
    for number, swap in enumerate(swaps):
        source = apply(module, swap)
        if _passes(source, visible):
            return len(swaps), number if _passes(source, _hidden(task)) else None
    return len(swaps), None


def _hidden(task: Task) -> str:
    if not isinstance(task.tests.hidden, PatchSource):
        raise ConfigError(f"{task.id} has no hidden tests")
    (file,) = apply_patch(task.tests.hidden.patch, _no_file).values()
    return file.content.decode() if file else ""


def _no_file(_path: str) -> None:
    return None


def _passes(source: str, tests: str) -> bool:
    names: dict[str, Any] = {}
    checks = "".join(tests.splitlines(keepends=True)[1:])  # the first line imports the module
    try:
        with _limited(_SECONDS):
            exec(compile(source, "swap", "exec"), names)  # noqa: S102 - a mutation of the generator's program
            exec(compile(checks, "tests", "exec"), names)  # noqa: S102 - the generator's tests
            for name in [name for name in names if name.startswith("test_")]:
                names[name]()
    except (Exception, _TookTooLong):  # noqa: BLE001 - whatever a mutation raises, it does not pass
        return False
    return True


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
