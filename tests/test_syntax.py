"""Texts that threads parse at the same time are all parsed."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor

import pytest

from codegym.syntax import literal_value, parse_expression, parse_module

SOURCE = "def f(x):\n" + "".join(f"    x = [{n}, (x, {{'a': [x, {n}]}})]\n" for n in range(400))


def test_threads_that_parse_at_once_do_not_disturb_each_other() -> None:
    with ThreadPoolExecutor(8) as pool:
        lines = pool.map(lambda _: parse_module(SOURCE).body[0].end_lineno, range(80))
        assert set(lines) == {401}


def test_what_is_returned_is_what_ast_returns() -> None:
    assert ast.dump(parse_module(b"x = 1\n")) == ast.dump(ast.parse("x = 1\n"))
    assert isinstance(parse_expression("f(1)").body, ast.Call)
    assert literal_value("  [1, 'a']") == [1, "a"]
    with pytest.raises(ValueError, match="malformed"):
        literal_value("f()")
    with pytest.raises(SyntaxError):
        parse_expression("x = 1")
