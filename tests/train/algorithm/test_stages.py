"""Stages of a step: what workers did, on average, adds up to the wall time."""

from __future__ import annotations

import pytest

from codegym.episode import Episode, StopReason
from codegym.train.algorithm.stages import Stages, stages_of


def episode(**timings: float) -> Episode:
    names = dict.fromkeys(("id", "suite", "task", "task_digest", "policy"), "x")
    return Episode(**names, seed=0, stop=StopReason.SUBMITTED, timings=timings)


def test_the_stages_of_two_workers_add_up_to_the_wall_time() -> None:
    played = [episode(reset=0.5, tools=1.5, grade=2.0), episode(reset=0.5, tools=3.5, grade=0.0), episode()]
    stages = stages_of(played, answering=1.0, workers=2, wall=6.0)
    assert stages == Stages(generate=0.5, sandbox=3.0, grade=1.0, wait=1.5)
    assert stages.all == pytest.approx(6.0)
