import pytest
from tinyini import IniError, parse

BOAT = """\
; settings of the Petrel
name = Petrel

[Autopilot]
Mode = compass    # or "wind"
gain = 0.8
greeting = "Aye; \\"captain\\""
"""


def test_a_boat():
    assert parse(BOAT) == {
        "": {"name": "Petrel"},
        "Autopilot": {"mode": "compass", "gain": "0.8", "greeting": 'Aye; "captain"'},
    }


def test_a_value_over_two_lines():
    assert parse("route = Oban\n  Tobermory\n") == {"": {"route": "Oban\nTobermory"}}


def test_errors_know_their_line():
    with pytest.raises(IniError) as caught:
        parse("a = 1\n\nnonsense\n")
    assert caught.value.line == 3
