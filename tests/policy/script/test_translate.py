"""Recorded episodes are played again in another dialect."""

import pytest

from codegym.episode import Step
from codegym.policy.script.translate import call_of
from codegym.tool.call import Call
from codegym.tool.dialect import DIALECTS

VIEW, RUN = Call("view", {"path": "a.py"}), Call("shell", {"command": "ls"})


@pytest.mark.parametrize(("dialect", "call"), [("native", VIEW), ("tagged", VIEW), ("shell", RUN)])
def test_a_call_is_read_in_any_dialect(dialect: str, call: Call) -> None:
    assert call_of(Step(action=DIALECTS[dialect].format(call), tool=call.tool, observation="")) == call


def test_what_was_malformed_is_left_out() -> None:
    assert call_of(Step(action="I would rather not.", tool=None, observation="")) is None
