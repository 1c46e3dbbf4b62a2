"""What policies are tried on: openings that need no env, and a tiny model with random weights."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from codegym.policy.protocol import Opening
from codegym.task import FolderSource, Task, TestPlan
from codegym.tool.dialect import dialect
from codegym.tool.tools import TOOLS
from tests.policy.chat_server import Server, serving

Tiny = tuple[Any, Any]
"""A causal language model of transformers, and its tokenizer."""


@pytest.fixture
def opening() -> Callable[..., Opening]:
    """Make an opening of a task that exists nowhere."""

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


@pytest.fixture(scope="session")
def tiny() -> Tiny:
    """A tiny model and its tokenizer."""
    pytest.importorskip("trl", reason="needs the train extra")
    from codegym.train.config import TinySection
    from codegym.train.model.tiny import make_model, make_tokenizer

    tokenizer = make_tokenizer(["def f(a, b):\n    return a + b\n", "r 12 a => b"] * 10, 300)
    shape = TinySection(vocabulary=300, hidden_size=32, num_hidden_layers=2, intermediate_size=64)
    return make_model(shape, tokenizer, context=256, seed=0).eval(), tokenizer


@pytest.fixture
def server() -> Iterator[Server]:
    """A chat completions server."""
    with serving() as one:
        yield one
