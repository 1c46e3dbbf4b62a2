"""Openings for policies that need no env."""

from collections.abc import Callable

import pytest

from codegym.policy.protocol import Opening
from codegym.task import FolderSource, Task, TestPlan
from codegym.tool.dialect import dialect
from codegym.tool.tools import TOOLS


@pytest.fixture
def opening() -> Callable[..., Opening]:
    def make(gold_patch: str = "", speech: str = "native", seed: int = 3) -> Opening:
        task = Task(
            id="t",
            instruction="Repair it.",
            source=FolderSource(path="t", digest="0"),
            tests=TestPlan(framework="pytest", fail_to_pass=("a.py::t",)),
            image="python",
            gold_patch=gold_patch,
        )
        spoken = dialect(speech)
        tools = spoken.offers(TOOLS)
        schemas = [tool.schema() for tool in tools]
        return Opening(task, spoken.system(tools), "Repair it.", seed, schemas, speech)

    return make
