"""Literals in test files of C and JavaScript, and what may stand in their place.

A test fails as well if another value is given to the code under test, or stands in a table. Of such a change no
reader can say whether it is one, as long as the new literal could have been written by the author.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from codegym.grade.form.literal import MOST, others

LITERAL = re.compile(r"""(?<![\w.])\d[\w.]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\b(?:true|false)\b""")
_APART = re.compile(
    r"//[^\n]*|/\*.*?\*/|`(?:\\.|[^`\\])*`"
    r"|^[ \t]*(?:\#(?:\\\n|[^\n])*|import\b[^\n]*)"
    r"""|^[^\n]*(?:\brequire\(['"]|\bimport\()[^\n]*"""
    r"|\b(?:for|while|switch)\b[ \t]*\([^\n]*|\bcase\b[^\n]*:|\b(?:alarm|sleep|setTimeout)\([^\n]*"
    r"""|\b(?:describe|suite|test|it)(?:\.\w+)?\(\s*(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"""|\{\s*"(?:\\.|[^"\\\n])*",\s*[A-Za-z_]\w*\s*\}"""
    rf"|(?P<literal>{LITERAL.pattern})",
    re.DOTALL | re.MULTILINE,
)
"""Literals, and what holds none to be changed: comments, imports, heads of loops, names of tests."""
_ORDER = re.compile(r"\b(?:str|mem|wcs)\w*cmp\((?:[^()\n]|\([^()\n]*\))*\)\s*==\s*")
_NAME = re.compile(r"\s*([a-z_]\w*)\s*")
_DECLARED = re.compile(r"\b(?!return\b|else\b)(?P<kind>[A-Za-z_]\w*)[ ]+\*?(?P<name>[a-z_]\w*)\s*(?=[=,;)])")
"""Variables and parameters, and the word before them: a type or ``const``."""
_DEFINED = re.compile(
    r"^(?!\w*return\b|else\b)[A-Za-z_][^\n;={}()]*?\b([A-Za-z_]\w*)\([^\n;]*$"
    r"|^(?:export\s+)?(?:const|let|var)\s+(\w+)\s*=\s*(?:async\b\s*)?(?:\([^\n]*|\w+\s*)=>",
    re.MULTILINE,
)
_PROSE = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_ONCE = 2
"""How often a name occurs that is defined and referred to once."""
_RETURN = re.compile(r"\breturn\s*$")
_BOUND = re.compile(r"(?<![<>=-])[<>]=?(?![<>])")
_BLANK = re.compile(r"\n\s*\n")
_BASE_16 = re.compile(r"0[xX](?P<digits>[0-9a-fA-F]+?)[uUlL]*")
_DIGITS = "0123456789abcdef"


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each part of ``text`` between blank lines begins and ends."""
    breaks = [match.span() for match in _BLANK.finditer(text)]
    yield from zip([0, *(end for _, end in breaks)], [*(start for start, _ in breaks), len(text)], strict=True)


def is_helper(text: str, start: int, end: int) -> bool:
    """Return whether a function begins between two positions that more than one place refers to.

    A test is referred to once, in the list of tests. A macro such as ``TEST`` names no function.
    """
    names = [match[1] or match[2] for match in _DEFINED.finditer(text, start, end)]
    code = _PROSE.sub("", text) if names else ""
    return any(len(re.findall(rf"\b{name}\b", code)) > _ONCE for name in names if not name.isupper())


def literals(text: str, start: int, end: int, *, within: bool) -> Iterator[re.Match[str]]:
    """Yield the literals between two positions that can be changed; ``within``: only those of indented lines.

    Left out is what reads as right or wrong: what ``strcmp`` and its like are compared with, which is 0 wherever
    it is right, and a ``true`` or ``false`` that is returned. So are lines with a bound, which better code than
    the gold patch's may keep as well, and keys of objects.
    """
    for place in _APART.finditer(text, start, end):
        if place["literal"] is None or text[place.end() :].lstrip()[:1] == ":":
            continue
        first = text.rfind("\n", 0, place.start()) + 1
        before, line = text[first : place.start()], text[first : text.find("\n", place.end())]
        told = is_order(before) or (place[0] in ("true", "false") and _RETURN.search(before))
        if not told and not _BOUND.search(line) and not (within and before[:1].strip()):
            yield place


def is_order(before: str) -> bool:
    """Return whether ``before`` ends with a call of ``strcmp`` or its like that is compared with what follows."""
    return any(match.end() == len(before) for match in _ORDER.finditer(before))


def substitutes(text: str, start: int, end: int, chance: Random) -> list[str]:
    """Return what may stand in the place of the literal between two positions of ``text``.

    Those come first that stand near it: a text that occurs nowhere else is seen to be made up. Numbers from there
    have as many digits, so that they rarely mean something else altogether.
    """
    written = text[start:end]
    number = _BASE_16.fullmatch(written)
    if number is not None:
        return _other_digits(written, *number.span("digits"), chance)
    near = [each for each in _near(text, start) if not written[0].isdigit() or len(each) == len(written)]
    return others(written, near, chance)


def other_names(text: str, start: int, end: int, chance: Random) -> list[str]:
    """Return variables of the paragraph that may stand for the one that is all there is between two positions.

    They are declared with the same word before them: ``int``, ``const``.
    """
    whole = _NAME.fullmatch(text, start, end)
    if whole is None:
        return []
    part = next(part for part in paragraphs(text) if start < part[1])
    declared = {match["name"]: match["kind"] for match in _DECLARED.finditer(text, *part)}
    kind = declared.get(whole[1])
    names = [name for name, other in declared.items() if kind and other == kind and name != whole[1]]
    return chance.sample(names, min(MOST, len(names)))


def _near(text: str, position: int) -> list[str]:
    """Return the literals of the paragraph around ``position``, without names of tests."""
    part = next(part for part in paragraphs(text) if position < part[1])
    return [place[0] for place in _APART.finditer(text, *part) if place["literal"] is not None]


def _other_digits(written: str, first: int, last: int, chance: Random) -> list[str]:
    """Return ``written`` with another digit in place of the last one that is not zero."""
    digits = written[first:last]
    place = first + len(digits.rstrip("0")) - 1 if digits.strip("0") else last - 1
    upper = digits.upper() == digits
    drawn = [digit.upper() if upper else digit for digit in _DIGITS if digit != written[place].lower()]
    return [written[:place] + digit + written[place + 1 :] for digit in chance.sample(drawn, MOST)]
