"""Baselines with the tools and turns of a small policy, and no weights.

``guess`` changes a random token of the lines that locate marks. ``rules`` reads the docstring with a table of
patterns and writes what they make of it. A policy that learned something does better than both.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import product
from keyword import iskeyword

from codegym.policy.protocol import Opening
from codegym.policy.script.repair import excerpt_lines
from codegym.policy.script.script import Script, ScriptedPolicy
from codegym.tool.call import Call

_MARKED = re.compile(r" #(\d{1,9})\*$", re.MULTILINE)
_TOKEN = re.compile(r"\b\w+\b|//|[<>=!]=|[-+*%<>]")
_PART = r"(\w+(?:\.\w+)*(?:\([^()]*\)|\[[^\]]*\])*|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))"
_RULES = (
    ("the length of @", r"len(\1)"),
    ("the sum of @", r"sum(\1)"),
    ("the first of @", r"\1[0]"),
    ("the second of @", r"\1[1]"),
    ("the last of @", r"\1[-1]"),
    ("@ backwards", r"\1[::-1]"),
    ("@ in capitals", r"\1.upper()"),
    ("@ with a capital letter", r"\1.title()"),
    (r"the first (\d) letters of @", r"\2[:\1]"),
    (r"the last (\d) letters of @", r"\2[-\1:]"),
    (r"@ without its first (\d) letters", r"\1[\2:]"),
    (r"one letter in (\d) of @", r"\2[::\1]"),
    (r"@ written (\d) times", r"(\1 * \2)"),
    (r"@ with dots on the left up to (\d) letters", r"\1.rjust(\2, '.')"),
    ("the remainder of @ by @", r"(\1 % \2)"),
    ("the larger of @ and @", r"max(\1, \2)"),
    ("the smaller of @ and @", r"min(\1, \2)"),
    ("the distance from @ to @", r"abs(\1 - \2)"),
    (r"@ divided by @ \(rounded down\)", r"(\1 // \2)"),
    ("@ plus @", r"(\1 + \2)"),
    ("@ followed by @", r"(\1 + \2)"),
    ("@ minus @", r"(\1 - \2)"),
    ("@ times @", r"(\1 * \2)"),
    ("@ is above @", r"(\1 > \2)"),
    ("@ is at least @", r"(\1 >= \2)"),
    ("@ is below @", r"(\1 < \2)"),
    ("@ is at most @", r"(\1 <= \2)"),
    ("@ by @ leaves less than @", r"(\1 % \2 < \3)"),
    ("@ is closer to @ than @", r"(abs(\1 - \2) < \3)"),
    (r"(\([^()]*\)) (and|or) (\([^()]*\))", r"(\1 \2 \3)"),
)
"""What a docstring says, with ``@`` for a part, and what is written for it."""
_OPENING = re.compile(r"[\w.]*[(\[]")
_LINE = re.compile(r"(\s*(?:return |if not |if |\S+ [-+]?= ))(.+?)(:?)$|(\s*\S+\.append\()(.+)(\))$")


def guess() -> ScriptedPolicy:
    """Return the policy that makes random small edits where locate marks lines, until the tests pass."""
    return ScriptedPolicy("guess", _guess, "line")


def rules() -> ScriptedPolicy:
    """Return the policy that writes, into marked lines, the expressions that a docstring's words stand for."""
    return ScriptedPolicy("rules", _rules, "line")


def _guess(opening: Opening) -> Script:
    draw = random.Random(opening.seed)  # noqa: S311 - not for secrets
    observation = yield Call("locate")
    lines, marked = excerpt_lines(observation), [int(number) for number in _MARKED.findall(observation)]
    texts = [token for line in lines.values() for token in _TOKEN.findall(line) if not iskeyword(token)]

    places = [
        (number, match) for number in marked for match in _TOKEN.finditer(lines[number]) if not iskeyword(match[0])
    ]

    def edits() -> Iterator[tuple[int, str]]:
        while places:
            number, place = draw.choice(places)
            yield number, lines[number][: place.start()] + draw.choice(texts) + lines[number][place.end() :]

    yield from _try(edits())


def _rules(_: Opening) -> Script:
    observation = yield Call("locate")
    lines, marked = excerpt_lines(observation), [int(number) for number in _MARKED.findall(observation)]
    docstring = next(iter(re.findall(r'"""(.*)"""', observation)), "")
    for name in set(re.findall(r"\bself\.(\w+)", observation)):
        docstring = re.sub(rf"(?<!\.)\b{name}\b", f"self.{name}", docstring)
    for _round in range(3):
        for pattern, code in _RULES:
            docstring = re.sub(pattern.replace("@", _PART), code, docstring)
        docstring = re.sub(r"\((\([^()]*\))\)", r"\1", docstring)
    written = [text[1:-1] if text[0] == "(" else text for text in _expressions(docstring)]
    places = [(number, match) for number in reversed(marked) if (match := _LINE.match(lines.get(number, "")))]
    parts = ((number, [text for text in match.groups() if text is not None]) for number, match in places)
    edits = ((number, start + code + end) for (number, (start, _, end)), code in product(parts, written))
    yield from _try(edits)


def _expressions(text: str) -> Iterator[str]:
    """Yield the longest parts of a text that are names or nothing before balanced brackets."""
    end = 0
    for match in _OPENING.finditer(text):
        if match.start() >= end:
            depth, end = 1, match.end()
            while end < len(text) and depth:
                depth += (text[end] in "([") - (text[end] in ")]")
                end += 1
            yield text[match.start() : end]


def _try(edits: Iterator[tuple[int, str]]) -> Script:
    """Make one edit after the other, each on the code as it was, until one passes the tests."""
    for number, text in edits:
        if (yield Call("rewrite", {"line": number, "text": text.strip()})) == "ok":
            report = yield Call("test")
            if " 0 failed" in report:
                return
            yield Call("undo")
