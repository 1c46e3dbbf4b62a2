"""Options for answers reach every kind of policy that has a model, and no other."""

import pytest

from codegym.errors import ConfigError
from codegym.policy.answers import AnswerOptions
from codegym.policy.lookup import make_policy

GIVEN = AnswerOptions(temperature=0.5, answer_tokens=30)


def test_answers_come_before_the_settings_of_a_policy() -> None:
    local = GIVEN.applied({"kind": "local", "path": "m", "sampling": {"answer": 1, "batch": 2}})
    assert local["sampling"] == {"answer": 30, "batch": 2, "temperature": 0.5}
    endpoint = GIVEN.applied({"kind": "endpoint", "max_tokens": 1, "model": "m"})
    assert endpoint == {"kind": "endpoint", "model": "m", "max_tokens": 30, "temperature": 0.5}
    assert AnswerOptions().applied({"kind": "gold"}) == {"kind": "gold"}


def test_a_policy_without_a_model_takes_none() -> None:
    with pytest.raises(ConfigError, match="policy gold has no model, and takes no --temperature, --answer-tokens"):
        make_policy("gold", GIVEN)
