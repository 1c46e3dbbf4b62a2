"""Runs that are killed, and whose boxes are, at random moments, until all their episodes are done.

Killed are the run itself, and the processes that keep one of its boxes up. After each kill everything of what was
killed must be gone in time; the log must hold every episode that it ever held; and in the end each episode is
there once. Beside it another run goes on in the same cache, which must notice nothing.
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
"""How long anything may stay after the next start or reaper pass."""

_LOOK_SECONDS = 0.05
_START_SECONDS = 120.0
_SOON, _SOON_SECONDS, _EPISODE_SECONDS = 0.25, 3.0, 0.3
_SPOILED = 3
"""What a run exits with some of whose episodes were spoiled."""


@dataclass(frozen=True)
class Attack:
    """What is attacked: ``argv(folder)`` starts, or goes on with, a run of ``jobs`` whose log is in that folder.

    ``every`` is how many episodes are done between two kills on average; ``seed`` decides what is killed when.
    """

    argv: Callable[[Path], list[str]]
    jobs: frozenset[Job]
    folder: Path
    docker: bool
    every: float
    seed: int


@dataclass
class Report:
    """What came of it. ``slowest`` is in seconds; ``wrong`` holds a line for each promise that was broken.

    ``spoiled`` counts records of attempts that were lost to kills and made again, ``beside`` the episodes of the
    run that nobody attacked.
    """

    episodes: int = 0
    starts: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    spoiled: int = 0
    slowest: float = 0.0
    beside: int = 0
    wrong: list[str] = field(default_factory=list)

    def killed(self, role: str) -> None:
        """Count a kill."""
        self.kills[role] = self.kills.get(role, 0) + 1


class Log:
    """A run's log as an outsider reads it: whole lines, none of which may ever change or go."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "episodes-0.jsonl"
        self._read = 0
        self._digests: list[str] = []
        self.episodes: list[Episode] = []

    def refresh(self) -> int:
        """Read what was added, and return how many episodes there are."""
        for line in self._lines(self._read):
            self._read += len(line)
            self._digests.append(digest_bytes(line))
            self.episodes.append(Episode.from_json_line(line))
        return len(self.episodes)

    def is_whole(self) -> bool:
        """Return whether every line that was ever read is there as it was."""
        return [digest_bytes(line) for line in self._lines(0)][: len(self._digests)] == self._digests

    def _lines(self, start: int) -> Iterator[bytes]:
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(start)
                yield from (line for line in file if line.endswith(b"\n"))


def besiege(attack: Attack, told: Callable[[Report], None]) -> Report:
    """Attack until all is done, and return what came of it; ``told`` hears how it goes.

    Raises :class:`SandboxError` where one run's processes can't be told from another's, or a run can't go on.
    """
    if not cgroup_roots():
        raise SandboxError("without control groups nobody can tell whose a process is: run this as root")
    report = Report()
    beside = Beside(attack, report)
    try:
        Siege(attack, report, beside, told).carry_out()
        beside.end()
    finally:
        beside.kill()
    return report


class Beside:
    """Another run in the same cache, started anew when it ends; it must end well each time."""

    def __init__(self, attack: Attack, report: Report) -> None:
        self._attack, self._report = attack, report
        self._runs = 0
        self._start()

    def look(self) -> None:
        """See that it goes on."""
        if self._run.poll() is not None:
            self.end()
            self._start()

    def end(self) -> None:
        """Wait until it ends by itself."""
        if code := self._run.wait():
            self._report.wrong.append(f"the run beside ended with {code}: {_tail(self._errors)}")
        self._report.beside += Log(self._folder).refresh()

    def kill(self) -> None:
        """End it at once."""
        self._run.kill()
        self._run.wait()

    def _start(self) -> None:
        self._runs += 1
        self._folder = self._attack.folder / f"beside-{self._runs}"
        self._errors = self._folder.with_suffix(".err")
        self._run = _started(self._attack.argv(self._folder), self._errors)


class Siege:
    """One run under attack."""

    def __init__(self, attack: Attack, report: Report, beside: Beside, told: Callable[[Report], None]) -> None:
        self._attack, self._report, self._beside, self._told = attack, report, beside, told
        self._random = Random(attack.seed)  # noqa: S311 - not for secrets
        self._folder = attack.folder / "attacked"
        self._errors = self._folder.with_suffix(".err")
        self._log = Log(self._folder)
        self._dead: Holding | None = None

    def carry_out(self) -> None:
        """Start the run again whenever it was killed, until it ends by itself with all done."""
        while not self._played():
            if self._dead and self._random.random() < 0.5:
                self._reap()
                self._bury()
        self._reap()
        self._count()

    def _played(self) -> bool:
        """Let the run go on until it is killed or ends; return whether all is done."""
        self._report.starts += 1
        before = sum(self._report.kills.values())
        run = _started(self._attack.argv(self._folder), self._errors)
        try:
            self._welcome(run)
            while self._waited(run) and self._struck(run):
                pass
        finally:
            run.kill()
            run.wait()
        self._log.refresh()
        if not self._log.is_whole():
            self._report.wrong.append(f"the log lost a line after {len(self._log.episodes)} episodes")
        struck = sum(self._report.kills.values()) > before
        if run.returncode and not (struck and run.returncode in (-signal.SIGKILL, _SPOILED)):
            raise SandboxError(f"the run ended with {run.returncode}: {_tail(self._errors)}")
        return run.returncode == 0

    def _welcome(self, run: subprocess.Popen[bytes]) -> None:
        """Once the run has a lease, and so has cleaned up, nothing of the one before may stay."""
        deadline = time.monotonic() + _START_SECONDS
        while self._dead and run.poll() is None and time.monotonic() < deadline and not self._holding(run):
            time.sleep(_LOOK_SECONDS)
        self._bury()

    def _bury(self) -> None:
        if self._dead:
            self._see_gone(self._dead.left, "a run that was killed")
        self._dead = None

    def _waited(self, run: subprocess.Popen[bytes]) -> bool:
        """Wait for a random moment, now and then while the run starts; return whether it is still there."""
        soon = self._random.random() < _SOON
        pause = self._random.uniform(0, _SOON_SECONDS if soon else _EPISODE_SECONDS)
        goal = self._log.refresh() + (0 if soon else self._random.uniform(0, 2 * self._attack.every))
        while run.poll() is None and (there := self._log.refresh()) < goal:
            self._beside.look()
            if there > self._report.episodes:
                self._report.episodes = there
                self._told(self._report)
            time.sleep(_LOOK_SECONDS)
        time.sleep(pause)
        return run.poll() is None

    def _struck(self, run: subprocess.Popen[bytes]) -> bool:
        """Kill the run, or what keeps one of its boxes up; return whether the run is still there."""
        holding = self._holding(run)
        victims = holding.victims() if holding and self._random.random() < 0.5 else []
        if not holding or not victims:
            if holding:
                holding.learn()
            run.kill()
            self._dead = holding
            self._report.killed("run")
            return False
        role = self._random.choice(sorted({victim.role for victim in victims}))
        victim = self._random.choice([victim for victim in victims if victim.role == role])
        with suppress(ProcessLookupError):  # its box was closed meanwhile
            os.kill(victim.pid, signal.SIGKILL)
            self._report.killed(role)
        self._see_gone(lambda: holding.left_of(victim.box), f"a box whose {role} was killed", passes=1)
        return True

    def _holding(self, run: subprocess.Popen[bytes]) -> Holding | None:
        return Holding.of(run.pid, docker=self._attack.docker)

    def _see_gone(self, look: Callable[[], set[str]], what: str, passes: int = 0) -> None:
        """Look until nothing is left, and note what is after ten seconds and as many after each reaper pass."""
        start = time.monotonic()
        while (left := look()) and time.monotonic() < start + GONE_SECONDS:
            time.sleep(_LOOK_SECONDS)
        if left and passes:
            self._reap()
            self._see_gone(look, what, passes - 1)
            return
        self._report.slowest = max(self._report.slowest, round(time.monotonic() - start, 2))
        if left:
            self._report.wrong.append(f"{what} left {', '.join(sorted(left)[:5])}")

    def _reap(self) -> None:
        reap()
        if self._attack.docker:
            reap_docker(_START_SECONDS)

    def _count(self) -> None:
        """Compare the log with what was to be done."""
        done = Counter(Job.of(episode) for episode in self._log.episodes if is_graded(episode))
        twice, lost = [job for job in done if done[job] > 1], self._attack.jobs - done.keys()
        self._report.episodes = len(done)
        self._report.spoiled = len(self._log.episodes) - done.total()
        self._report.wrong += [f"done twice: {job}" for job in twice] + [f"not done: {job}" for job in lost]


def _started(argv: list[str], errors: Path) -> subprocess.Popen[bytes]:
    with errors.open("wb") as file:
        return subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=file)


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-500:].strip()
