"""Words that are the same in every run."""

from __future__ import annotations

import pytest

from codegym.harness.text import brief, steady


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("<object at 0x7f3a2b4c5d60>", "<object at 0x…>"),
        ("assert <A obj...x7f3a2b4c5d60> == 1", "assert <A obj...…> == 1"),
        ("<f at ...0x7f3a2b4c>", "<f at ...0x…>"),
        ("flags 0xff and x1 and max12345678", "flags 0xff and x1 and max12345678"),
        ("ended in 0.13s", "ended in …"),
        ("/tmp/pytest-of-me/3/a.txt: gone", "/tmp/…: gone"),
        ("\x1b[31mred\x1b[0m", "red"),
    ],
)
def test_steady(text: str, same: str) -> None:
    assert steady(text) == same


def test_brief_is_short() -> None:
    assert brief("\n\na\nb\nc") == "a\nb"
    assert len(brief("x" * 1000)) == 300
