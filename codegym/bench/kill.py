"""Kills a run and its boxes at random moments until all the run's episodes are done, and checks what remains.

It kills the run itself, or a process that keeps one of its boxes alive. After each kill, everything that belonged
to the killed run or box must disappear in time; the log must never lose an episode; and in the end it must have
each episode once. A second run goes on in the same cache and must not be disturbed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from codegym.bench.holding import Holding
from codegym.digest import digest_bytes
from codegym.episode import Episode, is_graded
from codegym.errors import SandboxError
from codegym.rollout.job import Job
from codegym.sandbox.docker.census import reap as reap_docker
from codegym.sandbox.host.cgroup import cgroup_roots
from codegym.sandbox.host.lease import reap

GONE_SECONDS = 10.0
"""How long anything may remain after the next start or reaper pass."""
OWNED_SECONDS = 60.0
"""How long a box without its runner may remain whose owner lives: that may be grading in another box."""

_LOOK_SECONDS = 0.05
_START_SECONDS = 120.0
_SOON = 0.25
"""The share of kills soon after the start, at most ``_SOON_SECONDS`` later."""
_SOON_SECONDS = 3.0
_EPISODE_SECONDS = 0.3
"""About the duration of an episode: other kills wait a random part of it."""
_SPOILED = 3
"""The exit code of a run with infrastructure errors among its episodes."""


@dataclass(frozen=True)
class KillTest:
    """The settings of a kill test.

    ``argv(folder)`` is the command that starts or resumes a run of ``jobs`` with its log in ``folder``. ``every``
    is the average number of episodes between two kills; ``seed`` decides what is killed, and when.
    """

    argv: Callable[[Path], list[str]]
    jobs: frozenset[Job]
    folder: Path
    docker: bool
    every: float
    seed: int


@dataclass
class KillReport:
    """The result of a kill test. ``wrong`` has one line per broken promise.

    ``episodes`` and ``starts`` are of the attacked run; ``kills`` counts kills by role; ``spoiled`` counts
    episodes that kills ruined and that were played again. ``slowest`` is the longest time, in seconds, until
    everything killed had disappeared. ``beside`` counts the episodes of the second run, which is not attacked.
    """

    episodes: int = 0
    starts: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    spoiled: int = 0
    slowest: float = 0.0
    beside: int = 0
    wrong: list[str] = field(default_factory=list)

    def count_kill(self, role: str) -> None:
        """Count one kill of ``role``."""
        self.kills[role] = self.kills.get(role, 0) + 1


class Log:
    """A run's log, read from outside: complete lines, which must never change or disappear."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "episodes-0.jsonl"
        self._read = 0
        self._digests: list[str] = []
        self.episodes: list[Episode] = []

    def refresh(self) -> int:
        """Read the new lines, and return the number of episodes."""
        for line in self._lines(self._read):
            self._read += len(line)
            self._digests.append(digest_bytes(line))
            self.episodes.append(Episode.from_json_line(line))
        return len(self.episodes)

    def is_whole(self) -> bool:
        """Return whether all lines read so far are still unchanged."""
        return [digest_bytes(line) for line in self._lines(0)][: len(self._digests)] == self._digests

    def _lines(self, start: int) -> Iterator[bytes]:
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(start)
                yield from (line for line in file if line.endswith(b"\n"))


def run_kill_test(test: KillTest, progress: Callable[[KillReport], None]) -> KillReport:
    """Kill and resume the run until all jobs are done; ``progress`` gets the report so far.

    Raises :class:`SandboxError` if there are no control groups, or if a run ends with an error of its own.
    """
    if not cgroup_roots():
        raise SandboxError("without control groups the owner of a process is unknown: run this as root")
    report = KillReport()
    beside = SecondRun(test, report)
    try:
        AttackedRun(test, report, beside, progress).complete()
        beside.end()
    finally:
        beside.kill()
    return report


class SecondRun:
    """A second run in the same cache. It is restarted when it ends, and must end without an error each time."""

    def __init__(self, test: KillTest, report: KillReport) -> None:
        self._test, self._report = test, report
        self._runs = 0
        self._start()

    def restart_if_ended(self) -> None:
        """Start it again if it has ended."""
        if self._run.poll() is not None:
            self.end()
            self._start()

    def end(self) -> None:
        """Wait until it ends by itself; report an error."""
        if code := self._run.wait():
            self._report.wrong.append(f"the second run ended with {code}: {_tail(self._errors)}")
        self._report.beside += Log(self._folder).refresh()

    def kill(self) -> None:
        """Kill it."""
        self._run.kill()
        self._run.wait()

    def _start(self) -> None:
        self._runs += 1
        self._folder = self._test.folder / f"beside-{self._runs}"
        self._errors = self._folder.with_suffix(".err")
        self._run = _start(self._test.argv(self._folder), self._errors)


class AttackedRun:
    """The run that is killed and resumed."""

    def __init__(
        self, test: KillTest, report: KillReport, beside: SecondRun, progress: Callable[[KillReport], None]
    ) -> None:
        self._test, self._report, self._beside, self._progress = test, report, beside, progress
        self._random = Random(test.seed)  # noqa: S311 - not for secrets
        self._folder = test.folder / "attacked"
        self._errors = self._folder.with_suffix(".err")
        self._log = Log(self._folder)
        self._dead: Holding | None = None

    def complete(self) -> None:
        """Resume the run after each kill until it ends by itself with all jobs done."""
        while not self._run_until_killed():
            if self._dead and self._random.random() < 0.5:
                self._reap()
                self._check_dead()
        self._reap()
        self._count()

    def _run_until_killed(self) -> bool:
        """Start the run and wait until it is killed or ends; return whether all jobs are done."""
        self._report.starts += 1
        before = sum(self._report.kills.values())
        run = _start(self._test.argv(self._folder), self._errors)
        try:
            self._check_after_start(run)
            while self._wait_randomly(run) and self._kill_run_or_box(run):
                pass
        finally:
            run.kill()
            run.wait()
        self._log.refresh()
        if not self._log.is_whole():
            self._report.wrong.append(f"the log lost a line after {len(self._log.episodes)} episodes")
        was_killed = sum(self._report.kills.values()) > before
        if run.returncode and not (was_killed and run.returncode in (-signal.SIGKILL, _SPOILED)):
            raise SandboxError(f"the run ended with {run.returncode}: {_tail(self._errors)}")
        return run.returncode == 0

    def _check_after_start(self, run: subprocess.Popen[bytes]) -> None:
        """Wait for the run's lease, before which it cleans up; then nothing of the killed run may remain."""
        deadline = time.monotonic() + _START_SECONDS
        while self._dead and run.poll() is None and time.monotonic() < deadline and not self._holding(run):
            time.sleep(_LOOK_SECONDS)
        self._check_dead()

    def _check_dead(self) -> None:
        if self._dead:
            self._check_gone(self._dead.leftovers, "a run that was killed")
        self._dead = None

    def _wait_randomly(self, run: subprocess.Popen[bytes]) -> bool:
        """Wait until a random moment, sometimes while the run starts; return whether the run is still alive."""
        is_at_start = self._random.random() < _SOON
        pause = self._random.uniform(0, _SOON_SECONDS if is_at_start else _EPISODE_SECONDS)
        target = self._log.refresh() + (0 if is_at_start else self._random.uniform(0, 2 * self._test.every))
        while run.poll() is None and (count := self._log.refresh()) < target:
            self._beside.restart_if_ended()
            if count > self._report.episodes:
                self._report.episodes = count
                self._progress(self._report)
            time.sleep(_LOOK_SECONDS)
        time.sleep(pause)
        return run.poll() is None

    def _kill_run_or_box(self, run: subprocess.Popen[bytes]) -> bool:
        """Kill the run, or a process that keeps one of its boxes alive; return whether the run is still alive."""
        holding = self._holding(run)
        victims = holding.victims() if holding and self._random.random() < 0.5 else []
        if not holding or not victims:
            if holding:
                holding.record_containers()
            run.kill()
            self._dead = holding
            self._report.count_kill("run")
            return False
        role = self._random.choice(sorted({victim.role for victim in victims}))
        victim = self._random.choice([victim for victim in victims if victim.role == role])
        with suppress(ProcessLookupError):  # its box was closed meanwhile
            os.kill(victim.pid, signal.SIGKILL)
            self._report.count_kill(role)
        self._check_gone(
            lambda: holding.leftovers_of(victim.box), f"a box whose {role} was killed", 1, OWNED_SECONDS
        )
        return True

    def _holding(self, run: subprocess.Popen[bytes]) -> Holding | None:
        return Holding.of(run.pid, docker=self._test.docker)

    def _check_gone(
        self, look: Callable[[], set[str]], what: str, passes: int = 0, seconds: float = GONE_SECONDS
    ) -> None:
        """Call ``look`` until it returns nothing; report what remains after ``seconds`` and reaper passes."""
        start = time.monotonic()
        while (leftovers := look()) and time.monotonic() < start + seconds:
            time.sleep(_LOOK_SECONDS)
        if leftovers and passes:
            self._reap()
            self._check_gone(look, what, passes - 1, seconds)
            return
        self._report.slowest = max(self._report.slowest, round(time.monotonic() - start, 2))
        if leftovers:
            self._report.wrong.append(f"{what} left {', '.join(sorted(leftovers)[:5])}")

    def _reap(self) -> None:
        reap()
        if self._test.docker:
            reap_docker(_START_SECONDS)

    def _count(self) -> None:
        """Compare the log with the jobs."""
        counts = Counter(Job.of(episode) for episode in self._log.episodes if is_graded(episode))
        repeated, missing = [job for job in counts if counts[job] > 1], self._test.jobs - counts.keys()
        self._report.episodes = len(counts)
        self._report.spoiled = len(self._log.episodes) - counts.total()
        self._report.wrong += [f"done twice: {job}" for job in repeated] + [f"not done: {job}" for job in missing]


def _start(argv: list[str], errors: Path) -> subprocess.Popen[bytes]:
    with errors.open("wb") as file:
        return subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=file)


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-500:].strip()
