"""The compact tools on functions of many shapes: what an excerpt shows is what an edit changes."""

import pytest

from codegym.policy.script.repair import excerpt_lines
from codegym.tool.compact.suspect import Shift, Suspect
from codegym.tool.workbench import Workbench
from tests.tool.conftest import use

PATH = "src/clamp.py"
TWO = """\
def helper(value):
    copy = value
    return copy


def clamp(value, low, high):
    value = helper(value)
    if value > high:
        return value
    return max(value, low)


def after():
    return 1
"""


def look(bench: Workbench, code: str, name: str = "clamp") -> str:
    """Write a module, and put one of its functions in focus."""
    bench.box.write(PATH, code.encode())
    assert use(bench, "locate").ok
    return focus(bench, name)


def focus(bench: Workbench, name: str) -> str:
    for rank in range(1, 13):
        shown = use(bench, "focus", rank=rank).text
        if shown.startswith(f"{name}\n"):
            return shown
    raise AssertionError(f"{name} is not in the list")


def rows(bench: Workbench) -> list[str]:
    return bench.read(PATH).split("\n")


def test_undo_takes_back_what_an_edit_moved(bench: Workbench) -> None:
    before = look(bench, TWO)
    for name, arguments in (("rewrite", {"line": 5}), ("add", {"line": 5, "text": "x = 1"})):
        use(bench, name, **arguments)
        use(bench, "undo")
        assert focus(bench, "clamp") == before
        assert use(bench, "rewrite", line=6, text="def evil():").brief == "no such line"
    assert use(bench, "rewrite", line=5, text="return low").ok
    assert rows(bench)[9] == "    return low"


def test_edits_move_the_stars_and_the_functions_below(bench: Workbench) -> None:
    before = look(bench, TWO)
    focus(bench, "helper")
    use(bench, "add", line=2, text="copy += 0")
    use(bench, "rewrite", line=1, text="def helper(value, *more):")
    assert focus(bench, "helper") == (
        "helper\ndef helper(value, *more): #1\n    copy = value #2*\n    copy += 0 #3\n    return copy #4*"
    )
    assert focus(bench, "clamp") == before
    use(bench, "rewrite", line=4, text="return high")
    assert rows(bench)[9] == "        return high"


def test_undo_moves_the_list_that_locate_made_since(bench: Workbench) -> None:
    look(bench, TWO, "helper")
    use(bench, "add", line=2, text="copy += 0")
    use(bench, "locate")
    shown = focus(bench, "clamp")
    use(bench, "undo")
    assert focus(bench, "clamp") == shown
    assert len(excerpt_lines(focus(bench, "helper"))) == 3


def test_the_function_shown_last_stays_in_focus_after_undo(bench: Workbench) -> None:
    look(bench, TWO, "helper")
    use(bench, "add", line=2, text="copy += 0")
    focus(bench, "clamp")
    use(bench, "undo")
    use(bench, "rewrite", line=4, text="return high")
    assert rows(bench)[8] == "        return high"


def test_a_function_without_lines_is_gone(bench: Workbench) -> None:
    look(bench, TWO, "helper")
    for _ in range(3):
        assert use(bench, "rewrite", line=1).ok
    assert use(bench, "rewrite", line=1).brief == "no such line"
    assert use(bench, "focus", rank=2).brief == "locate again"
    for _ in range(3):
        use(bench, "undo")
    assert bench.read(PATH) == TWO
    assert len(excerpt_lines(focus(bench, "helper"))) == 3


def test_lines_in_one_text_count_one_by_one(bench: Workbench) -> None:
    before = look(bench, TWO)
    focus(bench, "helper")
    assert use(bench, "fix", line=2, old="value", new="(\n        value\r    )").ok
    assert len(rows(bench)) == len(TWO.split("\n")) + 2
    assert focus(bench, "clamp") == before


@pytest.mark.parametrize("added", [0, 1, 2, 3])
@pytest.mark.parametrize("at", range(2, 9))
def test_a_shift_and_its_opposite_cancel(at: int, added: int) -> None:
    shift = Shift("a.py", at, 1, added)
    place = Suspect("a.py", "f", first=9, last=20, hot=(11, 15), docstring=(10, 10))
    moved = place.moved(shift)
    assert (moved.first, moved.last, list(moved.hot)) == (8 + added, 19 + added, [10 + added, 14 + added])
    back = moved.moved(shift.back())
    assert (back.first, back.last, back.docstring) == (9, 20, (10, 10))
    assert Suspect("b.py", "f", 9, 20).moved(shift).first == 9
    assert place.moved(Shift("a.py", 21, 1, added)) == place.moved(Shift("b.py", 1, 1, 5))


METHOD = """\
class Range:
    def clamp(self, value, high):
{body}        if value > high:  # too large: cut
            return value
        return max(value, 0)


def clamp(value, low, high):
    return Range().clamp(value, high)
"""
LONG = METHOD.format(body="".join(f"        v{n} = {n}\n" for n in range(60)))
WITH_STRING = METHOD.format(body="        text = '''\na\n b\n'''\n")
SPACES = METHOD.format(body="")
TABS = SPACES.replace("    ", "\t")
NARROW = SPACES.replace("    ", "  ")
MODULES = [LONG, WITH_STRING, SPACES, TABS, NARROW]


@pytest.mark.parametrize("code", MODULES)
def test_a_line_written_as_it_is_shown_changes_nothing(bench: Workbench, code: str) -> None:
    shown = excerpt_lines(look(bench, code, "Range.clamp"))
    for number, text in shown.items():
        assert use(bench, "rewrite", line=number, text=text).brief == "no change"


@pytest.mark.parametrize("code", MODULES)
def test_an_edit_is_shown_as_it_was_written(bench: Workbench, code: str) -> None:
    shown = excerpt_lines(look(bench, code, "Range.clamp"))
    number, text = next((number, text) for number, text in shown.items() if "return value" in text)
    new = text.replace("value", "high")
    assert use(bench, "rewrite", line=number, text=new).ok
    assert excerpt_lines(focus(bench, "Range.clamp"))[number] == new
    assert use(bench, "test").ok
    assert use(bench, "add", line=number, text=text).ok
    assert excerpt_lines(focus(bench, "Range.clamp"))[number + 1] == text
    assert use(bench, "test").ok


@pytest.mark.parametrize("code", MODULES)
def test_a_line_added_below_a_colon_is_deeper(bench: Workbench, code: str) -> None:
    shown = excerpt_lines(look(bench, code, "Range.clamp"))
    number = next(number for number, text in shown.items() if "if value" in text)
    assert use(bench, "add", line=number, text="value = high").ok
    assert use(bench, "test").ok


def test_a_colon_in_a_comment_or_string_opens_nothing(bench: Workbench) -> None:
    look(bench, "def clamp(value, low, high):\n    x = 'a: # b'\n    y = 1  # so:\n    return value\n")
    for number in (3, 2):
        use(bench, "add", line=number, text="z = 1")
    assert rows(bench)[2] == "    z = 1"
    assert rows(bench)[4] == "    z = 1"
    assert use(bench, "compile").ok


def test_a_lone_carriage_return_ends_a_line(bench: Workbench) -> None:
    shown = look(bench, "x = 1\ry = 2\r\n" + TWO.replace("\n", "\r", 8))
    assert excerpt_lines(shown)[3] == "    if value > high:"
    use(bench, "rewrite", line=4, text="return high")
    assert use(bench, "test").ok
    assert "        return high\n" in bench.read(PATH)
    use(bench, "add", line=2, text="value = value")
    assert "    value = helper(value)\r    value = value\r" in bench.read(PATH)


def test_a_file_may_end_without_a_line_end(bench: Workbench) -> None:
    look(bench, "def clamp(value, low, high):\n    if value > high:\n        return value\n    return value")
    use(bench, "add", line=4, text="x = 1")
    assert bench.read(PATH).endswith("    return value\n    x = 1")
    assert use(bench, "rewrite", line=5).ok
    assert bench.read(PATH).endswith("    return value\n")


ONE_LINE = [
    ("def clamp(value, low, high): return max(value, low)\n", {1}),
    ("@staticmethod\ndef clamp(value, low, high): return max(value, low)\n", {1}),
    ("def clamp(value, low, high): 'doc'; return (\n    max(value, low)\n)\n", {1, 2, 3}),
    ("def clamp(value, low, high):\n    'doc'; x = 0\n    return max(value, low)\n", {1, 2, 3}),
    ("def clamp(value, low, high):\n    'doc'\n    return max(value, low)\n", {1, 3}),
    ("class A:\n\tdef clamp(value, low, high): return max(value, low)\nclamp = A.clamp\n", {1}),
]


@pytest.mark.parametrize(("code", "numbers"), ONE_LINE)
def test_a_short_function_is_suspect_and_shown_whole(bench: Workbench, code: str, numbers: set[int]) -> None:
    name = "A.clamp" if "class" in code else "clamp"
    shown = excerpt_lines(look(bench, code, name))
    assert set(shown) == numbers
    assert use(bench, "fix", line=max(n for n in numbers if "max" in shown[n]), old="max(", new="min(high, ").ok


def test_a_lambda_and_a_class_are_no_functions(bench: Workbench) -> None:
    bench.box.write(PATH, b"class A: x = 1\nclamp = lambda value, low, high: value\n")
    assert use(bench, "locate").brief == "no suspects"
