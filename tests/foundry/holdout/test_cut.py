"""What a test file looks like without some of its tests."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegym.errors import TaskError
from codegym.foundry.holdout.cut import can_be_cut, without_units
from codegym.foundry.holdout.unit import case_of, function_of, is_hidden
from codegym.sandbox.protocol import File

PATH = "tests/test_a.py"
TEXT = '''\
import pytest


def helper():
    return 1


# about pairs
@pytest.mark.parametrize("x, y", [
    (1, 2),
    (3, "e"),  # why
    (5, 6),
    (7, 8),
])
def test_pairs(x, y):
    assert x


@pytest.mark.parametrize("x", [1, 2, 3, 4], ids=["a", "b", "c", "d"])
def test_named(x):
    assert x


class TestGroup:
    """A group."""

    def test_one(self):
        pass

    # about two
    def test_two(self):
        pass


def test_last():
    pass
'''


def left(*units: str, text: str = TEXT) -> str:
    files = {PATH: File(text.encode())}
    file = without_units(files, [f"{PATH}::{unit}" for unit in units])[PATH]
    assert file is not None
    ast.parse(file.content)
    return file.content.decode()


def test_a_function_goes_with_its_decorators_and_comments_and_nothing_else() -> None:
    start, end = TEXT.index("# about pairs"), TEXT.index('@pytest.mark.parametrize("x", [1')
    assert left("test_pairs") == TEXT[:start] + TEXT[end:]
    assert left("test_last") == TEXT[: TEXT.index("def test_last")]


def test_a_method_goes_and_an_emptied_class_with_it() -> None:
    assert "test_one" not in left("TestGroup::test_one")
    assert "# about two\n    def test_two" in left("TestGroup::test_one")
    assert "TestGroup" not in left("TestGroup::test_one", "TestGroup::test_two")


@pytest.mark.parametrize(
    ("cases", "rest"),
    [
        (["3-e"], "[\n    (1, 2),\n    (5, 6),\n    (7, 8),\n]"),
        (["1-2", "5-6"], '[\n    (3, "e"),  # why\n    (7, 8),\n]'),
        (["5-6", "7-8"], '[\n    (1, 2),\n    (3, "e"),\n]'),
    ],
)
def test_single_cases_go_from_a_literal_list(cases: list[str], rest: str) -> None:
    assert f'parametrize("x, y", {rest})' in left(*(f"test_pairs[{case}]" for case in cases))


def test_the_ids_of_cases_go_with_them() -> None:
    assert '("x", [2, 4], ids=["b", "d"])' in left("test_named[a]", "test_named[c]")


def test_a_function_without_cases_goes() -> None:
    assert left(*(f"test_named[{name}]" for name in "abcd")) == left("test_named")


def test_what_can_not_be_cut_is_refused() -> None:
    for unit in ("test_last[1]", "test_named[e]"):
        with pytest.raises(TaskError, match="single cases"):
            left(unit)
    for text in ("x = 1; y = 2\n", "if True:\n    def test_a(): pass\n", "def test_a(:\n"):
        assert not can_be_cut(text.encode(), f"{PATH}::test_a")


def test_a_removed_file_is_none() -> None:
    assert without_units({PATH: File(TEXT.encode())}, [PATH]) == {PATH: None}


def test_a_unit_hides_its_tests_and_no_others() -> None:
    assert function_of("a.py::B::test_c[x::y]") == "a.py::B::test_c"
    assert case_of("a.py::test_c[a[0]]") == "a[0]"
    assert is_hidden("a.py::test_b[1]", ["a.py::test_b"])
    assert is_hidden("a.py::B::test_b", ["a.py"])
    assert not is_hidden("a.py::test_bc", ["a.py::test_b"])
    assert not is_hidden("a.py::test_b[1]", ["a.py::test_b[2]"])


@given(st.sets(st.sampled_from(["1-2", "3-e", "5-6", "7-8"]), min_size=1, max_size=3))
def test_the_cases_that_stay_are_those_that_were_not_cut(cut: set[str]) -> None:
    tree = ast.parse(left(*(f"test_pairs[{case}]" for case in cut)))
    call = next(node for node in ast.walk(tree) if isinstance(node, ast.Call))
    names = ["-".join(map(str, row)) for row in ast.literal_eval(call.args[1])]
    assert names == [name for name in ("1-2", "3-e", "5-6", "7-8") if name not in cut]


SCRIPT = """\
const test = require("node:test");
const { words } = require("../lib/words.js");

test("words", () => {
  assert.deepStrictEqual(words(") a"), ["a"]); // :)
});

test('none', () => assert.deepStrictEqual(words(""), []));
"""


def test_a_test_goes_from_a_javascript_file() -> None:
    path = "test/words.test.js"
    files = {path: File(SCRIPT.encode())}
    changed = without_units(files, [f"{path}::words"])[path]
    assert changed is not None
    start, end = SCRIPT.index('test("words"'), SCRIPT.index("test('none'")
    assert changed.content.decode() == SCRIPT[:start] + SCRIPT[end:]
    assert can_be_cut(SCRIPT.encode(), f"{path}::none")
    assert not can_be_cut(SCRIPT.encode(), f"{path}::group > words")


TABLES = """\
import pytest

SINGULAR = {"ox": "oxen"}
SHARED = [1, 2]
UNUSED = 3


def rows():
    return SINGULAR.items()


@pytest.mark.parametrize("word, plural", rows())
def test_plural(word, plural):
    assert word + "en" == plural


def test_shared():
    assert SHARED
"""


def test_what_only_removed_tests_used_goes_with_them() -> None:
    text = left("test_plural", text=TABLES)
    assert "SINGULAR" not in text
    assert "def rows" not in text
    assert "SHARED = [1, 2]" in text
    assert "UNUSED = 3" in text


def test_what_another_file_imports_stays() -> None:
    other = "from test_a import SINGULAR\n"
    files = {PATH: File(TABLES.encode()), "tests/test_b.py": File(other.encode())}
    file = without_units(files, [f"{PATH}::test_plural"])[PATH]
    assert file is not None
    assert b"SINGULAR = " in file.content
    assert b"def rows" not in file.content
