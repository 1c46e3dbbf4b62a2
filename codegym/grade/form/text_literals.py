"""Finds literals in C and JavaScript test files, and draws substitutes for them.

A test also fails if a table or an input of the code under test has another value. Code that reads the test can't
recognize such a change, if the author could have written the new literal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from codegym.grade.form.literal import MOST, other_literals

LITERAL = re.compile(r"""(?<![\w.])\d[\w.]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\b(?:true|false)\b""")
_LITERAL_OR_SKIPPED = re.compile(
    r"//[^\n]*|/\*.*?\*/|`(?:\\.|[^`\\])*`"
    r"|^[ \t]*(?:\#(?:\\\n|[^\n])*|import\b[^\n]*)"
    r"""|^[^\n]*(?:\brequire\(['"]|\bimport\()[^\n]*"""
    r"|\b(?:for|while|switch)\b[ \t]*\([^\n]*|\bcase\b[^\n]*:|\b(?:alarm|sleep|setTimeout)\([^\n]*"
    r"""|\b(?:describe|suite|test|it)(?:\.\w+)?\(\s*(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"""|\{\s*"(?:\\.|[^"\\\n])*",\s*[A-Za-z_]\w*\s*\}"""
    rf"|(?P<literal>{LITERAL.pattern})",
    re.DOTALL | re.MULTILINE,
)
"""Literals, and text whose literals are not changed: comments, imports, heads of loops, names of tests."""
_ORDER_IS_EQUAL = re.compile(r"\b(?:str|mem|wcs)\w*cmp\((?:[^()\n]|\([^()\n]*\))*\)\s*==\s*")
_NAME = re.compile(r"\s*([a-z_]\w*)\s*")
_DECLARED = re.compile(r"\b(?!return\b|else\b)(?P<kind>[A-Za-z_]\w*)[ ]+\*?(?P<name>[a-z_]\w*)\s*(?=[=,;)])")
"""Variables and parameters, and the word before them: a type or ``const``."""
_DEFINED = re.compile(
    r"^(?!\w*return\b|else\b)[A-Za-z_][^\n;={}()]*?\b([A-Za-z_]\w*)\([^\n;]*$"
    r"|^(?:export\s+)?(?:const|let|var)\s+(\w+)\s*=\s*(?:async\b\s*)?(?:\([^\n]*|\w+\s*)=>",
    re.MULTILINE,
)
_COMMENT_OR_TEXT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_USED_ONCE = 2
"""A name that is defined and used once occurs twice."""
_RETURN = re.compile(r"\breturn\s*$")
_BOUND = re.compile(r"(?<![<>=-])[<>]=?(?![<>])")
_BLANK = re.compile(r"\n\s*\n")
_BASE_16 = re.compile(r"0[xX](?P<digits>[0-9a-fA-F]+?)[uUlL]*")
_DIGITS = "0123456789abcdef"


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the beginning and the end of each paragraph of ``text``; blank lines separate paragraphs."""
    breaks = [match.span() for match in _BLANK.finditer(text)]
    yield from zip([0, *(end for _, end in breaks)], [*(start for start, _ in breaks), len(text)], strict=True)


def is_helper(text: str, start: int, end: int) -> bool:
    """Return whether a function that is used more than once begins between two positions.

    A test is used only once, in the list of tests. A macro such as ``TEST`` is no function.
    """
    names = [match[1] or match[2] for match in _DEFINED.finditer(text, start, end)]
    code = _COMMENT_OR_TEXT.sub("", text) if names else ""
    return any(len(re.findall(rf"\b{name}\b", code)) > _USED_ONCE for name in names if not name.isupper())


def literals(text: str, start: int, end: int, *, indented: bool) -> Iterator[re.Match[str]]:
    """Yield the literals between two positions that can be changed; if ``indented``, only those in indented lines.

    Left out are literals that code can recognize: the 0 with which ``strcmp`` is compared, and a returned ``true``
    or ``false``. Also left out are keys of objects, and lines with a bound: a right solution may keep within
    another bound as well.
    """
    for place in _LITERAL_OR_SKIPPED.finditer(text, start, end):
        if place["literal"] is None or text[place.end() :].lstrip()[:1] == ":":
            continue
        first = text.rfind("\n", 0, place.start()) + 1
        before, line = text[first : place.start()], text[first : text.find("\n", place.end())]
        is_recognizable = is_order(before) or (place[0] in ("true", "false") and _RETURN.search(before))
        if not is_recognizable and not _BOUND.search(line) and not (indented and before[:1].strip()):
            yield place


def is_order(before: str) -> bool:
    """Return whether ``before`` ends with a call such as ``strcmp(…)`` and ``==``."""
    return any(match.end() == len(before) for match in _ORDER_IS_EQUAL.finditer(before))


def literal_substitutes(text: str, start: int, end: int, chance: Random) -> list[str]:
    """Return substitutes for the literal between two positions of ``text``.

    Literals from the same paragraph come first, since code can recognize a string that occurs nowhere else.
    Numbers of the paragraph are used only if they have as many digits: others often have another meaning.
    """
    written = text[start:end]
    number = _BASE_16.fullmatch(written)
    if number is not None:
        return _other_digits(written, *number.span("digits"), chance)
    near = [
        each for each in _nearby_literals(text, start) if not written[0].isdigit() or len(each) == len(written)
    ]
    return other_literals(written, near, chance)


def other_names(text: str, start: int, end: int, chance: Random) -> list[str]:
    """Return variables that can replace the one between two positions; empty if there is more than a variable.

    They are declared in the same paragraph after the same word: ``int``, ``const``.
    """
    whole = _NAME.fullmatch(text, start, end)
    if whole is None:
        return []
    part = next(part for part in paragraphs(text) if start < part[1])
    declared = {match["name"]: match["kind"] for match in _DECLARED.finditer(text, *part)}
    kind = declared.get(whole[1])
    names = [name for name, other in declared.items() if kind and other == kind and name != whole[1]]
    return chance.sample(names, min(MOST, len(names)))


def _nearby_literals(text: str, position: int) -> list[str]:
    """Return the literals of the paragraph that contains ``position``, without names of tests."""
    part = next(part for part in paragraphs(text) if position < part[1])
    return [place[0] for place in _LITERAL_OR_SKIPPED.finditer(text, *part) if place["literal"] is not None]


def _other_digits(written: str, first: int, last: int, chance: Random) -> list[str]:
    """Return substitutes with another digit in the place of the last digit that is not zero."""
    digits = written[first:last]
    place = first + len(digits.rstrip("0")) - 1 if digits.strip("0") else last - 1
    upper = digits.upper() == digits
    drawn = [digit.upper() if upper else digit for digit in _DIGITS if digit != written[place].lower()]
    return [written[:place] + digit + written[place + 1 :] for digit in chance.sample(drawn, MOST)]
