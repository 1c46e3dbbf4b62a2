"""Mistakes in calls: arguments swapped or forgotten, a similar function called instead of the right one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import libcst as cst

from codegym.mutate.site import Operator, Site, TextEdit


def _both_ways(pairs: dict[str, str]) -> dict[str, str]:
    return {new: old for old, new in pairs.items()} | pairs


_BUILTINS = _both_ways(
    {
        "min": "max",
        "any": "all",
        "floor": "ceil",
        "list": "set",
        "int": "float",
        "str": "repr",
        "takewhile": "dropwhile",
    }
) | {"sorted": "list", "reversed": "iter", "abs": "int", "filter": "map", "bool": "len", "tuple": "list"}

_METHODS = _both_ways(
    {
        "append": "extend",
        "startswith": "endswith",
        "lstrip": "rstrip",
        "lower": "upper",
        "keys": "values",
        "find": "rfind",
        "index": "rindex",
        "split": "rsplit",
        "add": "discard",
        "popleft": "pop",
        "ljust": "rjust",
        "partition": "rpartition",
        "isdigit": "isalpha",
        "union": "intersection",
        "issubset": "issuperset",
        "match": "search",
        "start": "end",
        "bisect_left": "bisect_right",
    }
) | {
    "strip": "lstrip",
    "items": "keys",
    "get": "pop",
    "setdefault": "get",
    "appendleft": "append",
    "fullmatch": "match",
    "isalnum": "isalpha",
    "isinstance": "issubclass",
}


def builtin(node: cst.Call, site: Site) -> Iterator[TextEdit]:
    """Call a similar built-in function."""
    if isinstance(node.func, cst.Name) and node.func.value in _BUILTINS:
        yield from site.text.replace(node.func, _BUILTINS[node.func.value])


def method(node: cst.Attribute, site: Site) -> Iterator[TextEdit]:
    """Use a similar method."""
    if node.attr.value in _METHODS:
        yield from site.text.replace(node.attr, _METHODS[node.attr.value])


def swapped_arguments(node: cst.Call, site: Site) -> Iterator[TextEdit]:
    """Pass two neighbouring arguments in the wrong order."""
    for left, right in pairwise(node.args):
        if not (left.keyword or right.keyword or left.star or right.star):
            yield from _swapped(left, right, site)


def dropped_argument(node: cst.Call, site: Site) -> Iterator[TextEdit]:
    """Forget the last of several arguments."""
    if len(node.args) > 1 and not node.args[-2].star:
        (_, start), (_, end) = site.text.span(node.args[-2]), site.text.span(node.args[-1])
        if "#" not in site.text.source[start:end]:
            yield start, end, ""


def _swapped(left: cst.Arg, right: cst.Arg, site: Site) -> Iterator[TextEdit]:
    (start, middle), (after, end) = site.text.span(left), site.text.span(right)
    source = site.text.source
    yield start, end, source[after:end] + source[middle:after] + source[start:middle]


OPERATORS: dict[str, tuple[type[cst.CSTNode], Operator]] = {
    "builtin": (cst.Call, builtin),
    "method": (cst.Attribute, method),
    "swapped_arguments": (cst.Call, swapped_arguments),
    "dropped_argument": (cst.Call, dropped_argument),
}
