"""``codegym bench kill``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

from rich.text import Text
from typer import Exit, Option

from codegym.cli.exits import FOUND_A_PROBLEM
from codegym.cli.output import Json, give
from codegym.progress.bars import bars
from codegym.rollout.job import make_jobs
from codegym.suite import load_suite

if TYPE_CHECKING:
    from codegym.bench.kill import KillReport

_RUN = "from codegym.cli.app import app; app()"


def verb(
    suite: Annotated[str, Option(help="The suite whose tasks are played.")] = "kata",
    *,
    episodes: Annotated[int, Option(min=1, help="Episodes, rounded up to the same number per task.")] = 1000,
    every: Annotated[float, Option(min=0.5, help="Episodes between two kills, on average.")] = 8.0,
    policy: Annotated[str, Option(help="Who plays: random, gold, noop.")] = "random",
    workers: Annotated[int, Option(min=1, help="Episodes at once, in each of the two runs.")] = 4,
    sandbox: Annotated[str, Option(help="Where the episodes run: bwrap or docker.")] = "bwrap",
    seed: Annotated[int, Option(help="Decides the episodes, what is killed, and when.")] = 0,
    as_json: Json = False,
) -> None:
    """Kill a run and its boxes at random moments until its episodes are done; check that nothing stays or is lost.

    Half of the kills hit the run itself (which is started again with --resume), half one of its boxes: the keeper,
    bubblewrap or the runner, or a container's first process. What was killed must leave nothing within 10 s of
    the next start or reaper pass, the log must hold each episode once, and a second run beside it must end
    undisturbed. Needs control groups. Exits with 1 if a promise was broken.

    Examples:

    - `codegym bench kill`
    - `codegym bench kill --episodes 100 --sandbox docker --json`
    """
    tasks = list(load_suite(suite).tasks)
    samples = -(-episodes // len(tasks))
    options = {"policy": policy, "samples": samples, "workers": workers, "sandbox": sandbox, "seed": seed}

    def argv(folder: Path) -> list[str]:
        words = [f"--{name}={value}" for name, value in (options | {"out": folder}).items()]
        return [sys.executable, "-c", _RUN, "run", suite, *words, "--resume"]

    with TemporaryDirectory(prefix="codegym-kill-") as folder, bars() as progress:
        jobs = frozenset(make_jobs(tasks, samples, seed))
        kill = import_module("codegym.bench.kill")  # docker-py is slow to import
        test = kill.KillTest(argv, jobs, Path(folder), docker=sandbox.startswith("docker"), every=every, seed=seed)
        report: KillReport = kill.run_kill_test(
            test, lambda so_far: progress("episodes", so_far.episodes, len(jobs), _kills(so_far))
        )
    give(asdict(report), Text(_text(report)), as_json=as_json)
    raise Exit(FOUND_A_PROBLEM if report.wrong else 0)


def _kills(report: KillReport) -> str:
    return ", ".join(f"{count} {role}" for role, count in sorted(report.kills.items())) or "no kill yet"


def _text(report: KillReport) -> str:
    lines = [
        f"{report.episodes} episodes done once, in {report.starts} starts; killed: {_kills(report)}",
        f"spoiled, as infrastructure errors, and made again: {report.spoiled}",
        f"the slowest to be gone took {report.slowest:.2f} s; in the run beside it {report.beside} episodes",
        *(f"WRONG: {line}" for line in report.wrong),
    ]
    return "\n".join(lines)
