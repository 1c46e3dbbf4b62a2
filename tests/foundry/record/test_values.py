"""Values written as source, read back by Python itself."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import importlib
import math
import pathlib
import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegym.foundry.record.call import is_expression
from codegym.foundry.record.record import box_program

BOX: dict[str, Any] = {}
exec("from __future__ import annotations\n" + box_program("names", "values"), BOX)  # noqa: S102

PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.complex_numbers(allow_nan=False) | st.dates() | st.times() | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions() | st.uuids() | st.datetimes(timezones=st.just(datetime.UTC) | st.none())
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([1, 2, -1]))
)  # fmt: skip
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
        | st.sets(PLAIN, max_size=3) | st.frozensets(PLAIN, max_size=3)
        | st.lists(inner, max_size=2).map(collections.deque)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3).map(collections.OrderedDict)
    ),
    max_leaves=5,
)  # fmt: skip


def written(value: object) -> tuple[str, set[str]]:
    writer = BOX["ValueWriter"](BOX["PublicNames"](), lambda _: "")
    return writer.write(value), writer.modules


def read_back(source: str, modules: set[str]) -> object:
    for module in modules:
        importlib.import_module(module)
    names = {module.partition(".")[0]: importlib.import_module(module.partition(".")[0]) for module in modules}
    return eval(source, names)  # noqa: S307


@given(VALUES)
def test_the_source_of_a_value_makes_an_equal_one(value: object) -> None:
    try:
        source, modules = written(value)
    except BOX["UnwritableError"]:
        return  # too large or too deep
    assert is_expression(source)
    again = read_back(source, modules)
    assert type(again) is type(value)
    assert again == value
    assert repr(again) == repr(value) or isinstance(
        value, set | frozenset | list | tuple | dict | collections.deque
    )


@pytest.mark.parametrize("value", [
    collections.Counter("abca"), collections.defaultdict(list, {1: [2]}), collections.deque([1], 3), int, len, ...,
    pathlib.Path("a/b"), pathlib.PurePosixPath("/x"), re.compile("a+", re.I), collections.OrderedDict, math.sqrt,
    uuid.UUID(int=7), fractions.Fraction(1, 3), bytearray(b"x"), slice(1, None), float("inf"), -0.0,
    datetime.timezone(datetime.timedelta(hours=2)), decimal.Decimal("Infinity"),
])  # fmt: skip
def test_values_of_the_standard_library(value: object) -> None:
    assert read_back(*written(value)) == value


class Text(str):
    """Not exactly a text."""


@pytest.mark.parametrize("value", [
    object(), lambda: 1, Text("x"), iter([1]), [object()], "x" * 5000, list(range(1000)), 1 << 9999, math,
])  # fmt: skip
def test_other_values_can_t_be_written(value: object) -> None:
    with pytest.raises(BOX["UnwritableError"]):
        written(value)
