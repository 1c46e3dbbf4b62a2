"""Real errors of real servers: those that say that the context is full, and those that only sound like it."""

import json
from pathlib import Path
from typing import Any

import pytest

from codegym.policy.endpoint.context_full import is_context_full

CASES: dict[str, list[list[Any]]] = json.loads(Path(__file__).with_name("context_errors.json").read_text())
"""``full`` and ``other``: a server or what it is about, the HTTP status, the body (a text, or JSON)."""


def _each(kind: str) -> list[Any]:
    return [pytest.param(status, body, id=name) for name, status, body in CASES[kind]]


def _written(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)


@pytest.mark.parametrize(("status", "body"), _each("full"))
def test_a_full_context_is_understood(status: int, body: Any) -> None:
    assert is_context_full(status, _written(body))
    wrapped = {"error": {"message": f"Provider returned error: {_written(body)}", "code": status}}
    assert is_context_full(status, json.dumps(wrapped))


@pytest.mark.parametrize(("status", "body"), _each("other"))
def test_other_trouble_is_not_a_full_context(status: int, body: Any) -> None:
    assert not is_context_full(status, _written(body))


def test_bodies_that_are_no_errors_at_all() -> None:
    for body in ("[" * 100_000, "null", "1", '"', "\ud83d", '{"error": ' * 5000):
        assert not is_context_full(400, body)
