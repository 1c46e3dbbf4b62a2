"""A workbench in a real box, and the tools by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codegym.sandbox.backend import backend
from codegym.suite import Suite
from codegym.tool.call import ToolResult
from codegym.tool.tools import TOOLS
from codegym.tool.workbench import Workbench

TOOL = {tool.name: tool for tool in TOOLS}


@pytest.fixture
def bench(mini: Suite) -> Iterator[Workbench]:
    task = mini.task("clamp")
    with backend("bwrap").open(mini.tree(task), task.image, task.limits) as box:
        yield Workbench(box, mini, task, seconds=20.0)


def use(bench: Workbench, name: str, **arguments: object) -> ToolResult:
    return TOOL[name](bench, arguments)
