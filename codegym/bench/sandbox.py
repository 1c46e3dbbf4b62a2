"""How quick, how small and how tidy sandboxes are: ours and, beside them in the same run, those of peers.

The rows are those that decide what a training run costs: a fresh workspace, a command, commands a second with
many boxes, forks, restores, memory, a test run, and what stays behind. Every time is a median with its 95th
percentile, in milliseconds.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from codegym.bench.orphan import Orphans, orphans
from codegym.bench.room import IMAGE, LIMITS, Room, Subject, Waiting, check
from codegym.bench.subjects import subject
from codegym.bench.timing import Timing, repeat, timing
from codegym.bench.trace import Trace
from codegym.errors import CodegymError
from codegym.harness.framework.pytest import Question, run_pytest
from codegym.harness.warm import run_pytest_warm
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import Sandbox, Tree
from codegym.task import TestPlan

_COMMANDS = 10


@dataclass(frozen=True)
class Effort:
    """How much is measured. ``times``: how often what is quick is done; ``slow``: what takes a new container."""

    times: int = 200
    slow: int = 20
    boxes: int = 16
    rounds: int = 6
    crowd: int = 256


@dataclass
class Result:
    """What was measured of one subject; ``trouble`` says why the rest is missing."""

    name: str
    note: str = ""
    rows: dict[str, Timing | float | Orphans] = field(default_factory=dict)
    trouble: str = ""


def measure(name: str, tree: Tree, effort: Effort, told: Callable[[str], None]) -> Result:
    """Measure one subject, saying by ``told`` what comes next. What fails ends it, and is noted."""
    result = Result(name)
    try:
        made = subject(name, tree)
        result.note = made.note
        steps = {**_rooms(made, tree, effort), **(_boxes(made.backend, tree, effort) if made.backend else {})}
        for row, step in steps.items():
            told(f"{name}: {row}")
            result.rows[row] = step()
    except (CodegymError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        result.trouble = " ".join(str(error).split())[:300]
    return result


_Step = Callable[[], Timing | float | Orphans]


def _rooms(made: Subject, tree: Tree, effort: Effort) -> dict[str, _Step]:
    """Return what can be measured of anything that gives rooms."""
    return {
        "new workspace": lambda: repeat(effort.slow, made.fresh, lambda room: room.close()),
        "run true": lambda: _command(made.fresh(), effort.times),
        f"commands/s, {effort.boxes} boxes": lambda: _rate(made, tree, effort),
        "left after kill -9": lambda: orphans(made, tree.layers[0]),
    }


def _boxes(name: str, tree: Tree, effort: Effort) -> dict[str, _Step]:
    """Return what can be measured of our own."""
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


def _command(room: Room, times: int) -> Timing:
    try:
        check(room.run("true"))
        return repeat(times, lambda: check(room.run("true")))
    finally:
        room.close()


def _rate(made: Subject, tree: Tree, effort: Effort) -> float:
    """Return the commands a second of many boxes at once, each a fresh workspace and ten commands, and again."""
    if made.backend is None:
        return _crew(made.fresh, effort.boxes, 1)
    with Waiting(made.backend, tree, effort.boxes) as waiting:
        return _crew(waiting.room, effort.boxes, effort.rounds)


def _crew(fresh: Callable[[], Room], boxes: int, rounds: int) -> float:
    def work(_: int) -> None:
        for _ in range(rounds):
            room = fresh()
            for _ in range(_COMMANDS):
                check(room.run("true"))
            room.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(boxes) as threads:
        list(threads.map(work, range(boxes)))
    return round(boxes * rounds * _COMMANDS / (time.perf_counter() - began), 1)


def _pooled(name: str, tree: Tree, times: int, *, turnover: bool) -> Timing:
    """Time a box from the pool; with ``turnover``, also giving the last one back, which cleans and checks it."""
    seconds = []
    with Waiting(name, tree, 1) as waiting:
        room = waiting.room()
        for _ in range(times):
            check(room.run("sh", "-c", "echo x > new; rm -f test_small.py; echo y > /tmp/y"))
            began = time.perf_counter()
            room.close()
            closed = time.perf_counter()
            room = waiting.room()
            seconds.append(time.perf_counter() - (began if turnover else closed))
        room.close()
    return timing(seconds)


def _in_box(name: str, tree: Tree, act: Callable[[Sandbox], Timing]) -> Timing:
    with backend(name).open(tree, IMAGE, LIMITS) as box:
        return act(box)


def _forks(name: str, tree: Tree, times: int) -> Timing:
    with Waiting(name, tree, 2) as waiting:
        box = waiting.room().box
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
    """Return the memory that an idle box takes, of many that are open at once, each having run a command."""
    opened: list[Sandbox] = []
    before = Trace.now()
    try:
        for _ in range(boxes):
            opened.append(backend(name).open(tree, IMAGE, LIMITS))
            check(opened[-1].exec(["true"]).exit_code)
        made = Trace.now().since(before, os.getpid(), containers=name != "bwrap")
        return round(made.resident_mb() / boxes, 2)
    finally:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda box: box.close(), opened))
