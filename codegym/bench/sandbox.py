"""Measures the speed, size and leftovers of sandboxes: of ours and, in the same run, of other projects'.

The rows decide the cost of a training run: a fresh workspace, a command, commands per second with many boxes,
forks, restores, memory, a test run, and what remains after a kill. Every time is a median with its 95th
percentile, in milliseconds.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from codegym.bench.contenders import find_contender
from codegym.bench.orphan import Orphans, orphans
from codegym.bench.timing import Timing, repeat, timing
from codegym.bench.trace import Trace
from codegym.bench.workspace import IMAGE, LIMITS, BenchWorkspace, Contender, WarmPool, check
from codegym.errors import CodegymError
from codegym.harness.framework.pytest import Question, run_pytest
from codegym.harness.warm import run_pytest_warm
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import Sandbox, Tree
from codegym.task import TestPlan

_COMMANDS = 10


@dataclass(frozen=True)
class Effort:
    """The number of repetitions.

    ``times`` is for quick operations, ``slow`` for those that need a new container. ``boxes`` run at once, each
    for ``rounds`` workspaces. ``crowd`` is the number of idle boxes whose memory is measured.
    """

    times: int = 200
    slow: int = 20
    boxes: int = 16
    rounds: int = 6
    crowd: int = 256


@dataclass
class Result:
    """The results of one contender; ``trouble`` is the reason if some are missing."""

    name: str
    note: str = ""
    rows: dict[str, Timing | float | Orphans] = field(default_factory=dict)
    trouble: str = ""


def measure(name: str, tree: Tree, effort: Effort, notice: Callable[[str], None]) -> Result:
    """Measure one contender; ``notice`` gets the name of each step. The first failure ends the measurement."""
    result = Result(name)
    try:
        contender = find_contender(name, tree)
        result.note = contender.note
        steps = _workspace_steps(contender, tree, effort)
        steps |= _box_steps(contender.backend, tree, effort) if contender.backend else {}
        for row, step in steps.items():
            notice(f"{name}: {row}")
            result.rows[row] = step()
    except (CodegymError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        result.trouble = " ".join(str(error).split())[:300]
    return result


_Step = Callable[[], Timing | float | Orphans]


def _workspace_steps(contender: Contender, tree: Tree, effort: Effort) -> dict[str, _Step]:
    """Return the measurements of any contender, by row."""
    return {
        "new workspace": lambda: repeat(effort.slow, contender.fresh, lambda workspace: workspace.close()),
        "run true": lambda: _command(contender.fresh(), effort.times),
        f"commands/s, {effort.boxes} boxes": lambda: _rate(contender, tree, effort),
        "left after kill -9": lambda: orphans(contender, tree.layers[0]),
    }


def _box_steps(name: str, tree: Tree, effort: Effort) -> dict[str, _Step]:
    """Return the measurements of our own backends only, by row."""
    crowd = effort.crowd if name == "bwrap" else effort.boxes
    return {
        "fresh workspace from the pool": lambda: _pooled(name, tree, effort.times, turnover=False),
        "the same, with the cleaning of the last": lambda: _pooled(name, tree, effort.times, turnover=True),
        "restore": lambda: _in_box(name, tree, lambda box: _restores(box, effort.times)),
        "fork into a waiting box": lambda: _forks(name, tree, effort.times),
        "fork, none waiting": lambda: _in_box(
            name, tree, lambda box: repeat(effort.slow, box.fork, lambda fork: fork.close())
        ),
        "pytest, cold": lambda: _in_box(name, tree, lambda box: repeat(effort.slow, lambda: _tests(box))),
        "pytest, warm": lambda: _in_box(name, tree, lambda box: _warm(box, effort.slow)),
        f"MB an idle box, of {crowd}": lambda: _crowd(name, tree, crowd),
    }


def _command(workspace: BenchWorkspace, times: int) -> Timing:
    try:
        check(workspace.run("true"))
        return repeat(times, lambda: check(workspace.run("true")))
    finally:
        workspace.close()


def _rate(contender: Contender, tree: Tree, effort: Effort) -> float:
    """Return commands per second with many boxes at once, each in rounds of a fresh workspace and ten commands."""
    if contender.backend is None:
        return _crew(contender.fresh, effort.boxes, 1)
    with WarmPool(contender.backend, tree, effort.boxes) as pool:
        return _crew(pool.open, effort.boxes, effort.rounds)


def _crew(fresh: Callable[[], BenchWorkspace], boxes: int, rounds: int) -> float:
    def work(_: int) -> None:
        for _ in range(rounds):
            workspace = fresh()
            for _ in range(_COMMANDS):
                check(workspace.run("true"))
            workspace.close()

    start = time.perf_counter()
    with ThreadPoolExecutor(boxes) as threads:
        list(threads.map(work, range(boxes)))
    return round(boxes * rounds * _COMMANDS / (time.perf_counter() - start), 1)


def _pooled(name: str, tree: Tree, times: int, *, turnover: bool) -> Timing:
    """Time taking a box from the pool; with ``turnover``, also the return of the last one, which cleans it."""
    seconds = []
    with WarmPool(name, tree, 1) as pool:
        workspace = pool.open()
        for _ in range(times):
            check(workspace.run("sh", "-c", "echo x > new; rm -f test_small.py; echo y > /tmp/y"))
            before_close = time.perf_counter()
            workspace.close()
            after_close = time.perf_counter()
            workspace = pool.open()
            seconds.append(time.perf_counter() - (before_close if turnover else after_close))
        workspace.close()
    return timing(seconds)


def _in_box(name: str, tree: Tree, act: Callable[[Sandbox], Timing]) -> Timing:
    with backend(name).open(tree, IMAGE, LIMITS) as box:
        return act(box)


def _forks(name: str, tree: Tree, times: int) -> Timing:
    with WarmPool(name, tree, 2) as pool:
        box = pool.open().box
        check(box.exec("echo x > new; rm -f test_small.py").exit_code)
        try:
            return repeat(times, box.fork, lambda fork: fork.close())
        finally:
            box.close()


def _restores(box: Sandbox, times: int) -> Timing:
    snapshot = box.snapshot()

    def soiled() -> Iterator[None]:
        while True:
            box.exec("echo x > new; rm -f test_small.py")
            yield

    dirt = soiled()
    next(dirt)
    return repeat(times, lambda: box.restore(snapshot), lambda _: next(dirt))


def _question() -> Question:
    tests = tuple(f"test_small.py::test_square[{n}]" for n in range(10))
    return Question(TestPlan(framework="pytest", fail_to_pass=tests), tests, 60.0)


def _tests(box: Sandbox) -> None:
    check(int(not run_pytest(box, _question()).passed(_question().ids)))


def _warm(box: Sandbox, times: int) -> Timing:
    def ask() -> None:
        run = run_pytest_warm(box, _question())
        check(int(run is None or not run.passed(_question().ids)))

    ask()
    return repeat(times, ask)


def _crowd(name: str, tree: Tree, boxes: int) -> float:
    """Return the memory of an idle box in MB, with many open at once, each after one command."""
    open_boxes: list[Sandbox] = []
    before = Trace.now()
    try:
        for _ in range(boxes):
            open_boxes.append(backend(name).open(tree, IMAGE, LIMITS))
            check(open_boxes[-1].exec(["true"]).exit_code)
        trace = Trace.now().since(before, os.getpid(), containers=name != "bwrap")
        return round(trace.resident_mb() / boxes, 2)
    finally:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda box: box.close(), open_boxes))
