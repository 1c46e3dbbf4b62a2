"""Edits replace bytes of a file."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegym.grade.form.edit import Edit, Text, apply_edits, overlap

SPANS = st.tuples(st.integers(0, 20), st.integers(0, 5)).map(lambda span: Edit(span[0], sum(span), "XYZ"))


@given(st.lists(SPANS, max_size=4), st.lists(SPANS, max_size=4))
def test_edits_that_do_not_overlap_can_be_made_together(one: list[Edit], other: list[Edit]) -> None:
    content = bytes(range(97, 123))
    if overlap(one, other):
        return
    changed = apply_edits(content, [*one, *other])
    assert len(changed) == 26 + sum(3 - (edit.end - edit.start) for edit in (*one, *other))
    touched = {n for edit in (*one, *other) for n in range(edit.start, edit.end)}
    assert changed.replace(b"XYZ", b"") == bytes(c for n, c in enumerate(content) if n not in touched)


def test_overlaps() -> None:
    assert overlap([Edit(0, 3, "")], [Edit(2, 4, "")])
    assert overlap([Edit(1, 1, "a")], [Edit(1, 1, "b")])
    assert not overlap([Edit(0, 3, "")], [Edit(3, 4, "")])
    with pytest.raises(ValueError, match="byte 2"):
        apply_edits(b"abcd", [Edit(0, 3, ""), Edit(2, 4, "")])


@pytest.mark.parametrize(
    "text", ["x = 'é' + f(1)\n", "\ufeffx = 1\ny = 'ü'\n", "x = 1\r\ny = f(\r\n'a')\r\n", "\f\nx = 1\n"]
)
def test_places_of_a_module_are_bytes(text: str) -> None:
    content = text.encode()
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Constant):
            assert ast.literal_eval(Text(content).source_of(node).decode()) == node.value
