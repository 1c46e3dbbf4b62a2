"""The checks of C and JavaScript test files, found by how they are written, and edits that should make them fail.

No parser for these languages is at hand. What an edit does is found out by running it with the gold patch
(:mod:`codegym.grade.form.proving`); one that changes nothing or breaks the build is dropped. An edit must say the
contrary of its check, or expect another value: other right code than gold then fails it as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from random import Random

from codegym.grade.form.bank import Kind
from codegym.grade.form.blocks import Blocks
from codegym.grade.form.edit import Edit, Edits
from codegym.grade.form.literal import others

SUFFIXES = dict.fromkeys((".c", ".h", ".cc", ".cpp", ".cxx", ".hpp"), "c")
SUFFIXES |= dict.fromkeys((".js", ".cjs", ".mjs", ".ts", ".mts", ".cts"), "js")
"""Languages by the ends of files' names."""
_SKIP = r"""(?P<skip>//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
_C_CHECK = re.compile(
    _SKIP + r"|^[ \t]*\#(?:\\\n|[^\n])*)"
    r"|\b(?!is_)(?:(?:ck|cr|tap|test|unit)_)?(?:check|assert|expect|require|verify|ok|is)"
    r"(?:_(?:true|false|is|eq|equals?|same|str|string|text|u?int|u?long|size|char|bool|ptr|mem|num|float|double|[iu]\d+))*"
    r"[ \t]*\(",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
"""Only what says the contrary for the contrary: no bounds, and no predicates, which may be the code under test."""
_JS_CHECK = re.compile(
    _SKIP + r"|`(?:\\.|[^`\\])*`)"
    r"|(?<![\w.$])(?<!function )(?P<what>(?:t\.|console\.)?assert(?:\.strict)?|ok|holds|t(?=\.))"
    r"(?:\.(?P<name>\w+))?\("
    r"|\bif\s*(?P<denial>\()(?=[^\n]*\)\s*\{?\s*(?:\n\s*)?throw\b)",
    re.DOTALL,
)
_TYPED = re.compile(r"(?<![\w*])(?!return\b|else\b|do\b)[\w*]+\s*")
"""What stands before the name of a function in C where it is defined."""
_SAYS = re.compile(r"(?:check|assert|expect|require|verify|ok|true|false|[\s_(])+", re.IGNORECASE)
"""The name of a check whose second argument is a message, if it is a text."""
_OPERATORS = {"==": "!=", "===": "!==", "<": ">=", ">": "<="}
_OPERATORS |= {contrary: operator for operator, contrary in _OPERATORS.items()}
_COMPARES = re.compile(r"(?<=[\w)\]}\s])([=!]==?|[<>]=?)(?=[\w\s(\"'!-])")
_EITHER = re.compile(r"\|\||\?|(?<![&|])[&|^](?![&|])")
"""In a condition: more than one way to be true, so that it takes more than one of its comparisons to be false."""
_COMPUTED = re.compile(r"\(|=>|[\w)\]]\[")
_BOUND = re.compile(r"less|great|most|least|below|above|max|min|approx|close|near|almost|within", re.IGNORECASE)
"""In the name of a check: what it is given is no value that it expects, but a bound or a value to be near."""
_LITERAL = re.compile(r"""(?<![\w.])\d[\w.]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\b(?:true|false)\b""")
_WHOLE = re.compile(rf"[\s-]*(?P<literal>{_LITERAL.pattern})\s*")
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`(?:\\.|[^`\\])*`|[()\[\]{},]')
_METHODS = {
    "equal": "notEqual",
    "strictEqual": "notStrictEqual",
    "deepEqual": "notDeepEqual",
    "deepStrictEqual": "notDeepStrictEqual",
    "match": "doesNotMatch",
    "throws": "doesNotThrow",
    "rejects": "doesNotReject",
}
_METHODS |= {contrary: name for name, contrary in _METHODS.items()}
_TAKES_A_VALUE = re.compile(r"(?!not)\w*[eE]qual|is|same|deepEqual")
_FIRST_LINE = 1


@dataclass(frozen=True)
class TextCheck:
    """A check in a file of C or JavaScript: the line it stands in, and edits that should make it fail."""

    line: int
    kind: Kind
    ways: tuple[Edits, ...]


def language(path: str) -> str:
    """Return ``c`` or ``js`` for a file with checks in that language; empty for any other."""
    return SUFFIXES.get(PurePosixPath(path).suffix, "")


def text_checks(path: str, content: bytes, chance: Random) -> list[TextCheck]:
    """Return what can be changed in a test file, in order; nothing if it is not UTF-8."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return []
    reader = _Reader(text, chance)
    return list({"c": reader.c, "js": reader.js}.get(language(path), lambda: iter(()))())


class _Reader:
    """Looks for checks in one text; positions are of characters until :meth:`_edit` makes them bytes."""

    def __init__(self, text: str, chance: Random) -> None:
        self.text, self.chance = text, chance
        self._ascii = text.isascii()
        self._blocks = Blocks(text)

    def c(self) -> Iterator[TextCheck]:
        """Yield the checks of a C file: calls of ``check``, ``assert``, ``ok`` … that are no definitions."""
        for match in _C_CHECK.finditer(self.text):
            if match["skip"] is not None or not self._blocks.certain(match.start()):
                continue
            if not _TYPED.fullmatch(self._blocks.head(match.start()).rpartition("\n")[2].lstrip()):
                yield self._c_check(match[0], match.end())

    def _c_check(self, name: str, start: int) -> TextCheck:
        end = self._argument_end(start)
        says = _SAYS.fullmatch(name) and self.text[end + 1 :].lstrip()[:1] in ('"', "L", "u")
        if self.text[end : end + 1] == "," and not says and not _COMPARES.search(self._flat(start, end)):
            ways = self._literal(end + 1, self._argument_end(end + 1))
            if ways:
                return TextCheck(self._line(start), Kind.VALUE, tuple(ways))
        return self._condition(start, end)

    def js(self) -> Iterator[TextCheck]:
        """Yield the checks of a JavaScript file: assertions, and ``if (…) throw``."""
        for match in _JS_CHECK.finditer(self.text):
            if match["skip"] is not None or not self._blocks.certain(match.start()):
                continue
            start = match.end() if match["denial"] is None else match.end("denial")
            end, name = self._argument_end(start), match["name"] or "ok"
            if match["denial"] is not None or name in ("ok", "true") or (name == "assert"):
                yield self._condition(start, end)
            elif name in _METHODS or (_TAKES_A_VALUE.fullmatch(name) and not _BOUND.search(name)):
                yield from list(self._expected(end + 1, self._argument_end(end + 1))) or [
                    self._contrary(match.start("name"), match.end("name"), start)
                ]

    def _condition(self, start: int, end: int) -> TextCheck:
        """Return what denies a condition: another literal that it compares with, or the contrary operator."""
        flat = self._flat(start, end)
        compares = list(_COMPARES.finditer(flat))
        if len(compares) == 1 and compares[0][0] in _OPERATORS and not _EITHER.search(flat):
            first, last = (start + place for place in compares[0].span())
            if compares[0][0] in ("==", "==="):
                sides = self._literal(last, end) or self._literal(start, first)
                if sides:
                    return TextCheck(self._line(start), Kind.VALUE, tuple(sides))
            way = self._edit(first, last, _OPERATORS[compares[0][0]])
            return TextCheck(self._line(start), Kind.OPERATOR, (way,))
        return TextCheck(self._line(start), Kind.OPERATOR, (self._edit(start, end, f"!({self.text[start:end]})"),))

    def _expected(self, start: int, end: int) -> Iterator[TextCheck]:
        """Yield what changes literals in a value that is expected, if it holds no call and no index."""
        value = self.text[start:end]
        places = [] if _COMPUTED.search(value) else list(_LITERAL.finditer(self.text, start, end))
        self.chance.shuffle(places)
        beside = [place[0] for place in _LITERAL.finditer(self.text, *self._around(start))]
        ways = [
            self._edit(*place.span(), other)
            for place in places[:2]
            for other in others(place[0], beside, self.chance)
            if not self._is_key(place)
        ]
        if ways:
            yield TextCheck(self._line(start), Kind.VALUE, tuple(ways))

    def _contrary(self, first: int, last: int, start: int) -> TextCheck:
        name = self.text[first:last]
        other = _METHODS.get(name) or ("not" + name[0].upper() + name[1:])
        return TextCheck(self._line(start), Kind.OPERATOR, (self._edit(first, last, other),))

    def _is_key(self, place: re.Match[str]) -> bool:
        return self.text[place.end() :].lstrip()[:1] == ":"

    def _literal(self, start: int, end: int) -> list[Edits]:
        """Return other literals for the one that is all there is between two positions."""
        place = _WHOLE.fullmatch(self.text, start, end)
        if place is None:
            return []
        beside = [each[0] for each in _LITERAL.finditer(self.text, *self._around(start))]
        substitutes = others(place["literal"], beside, self.chance)
        return [self._edit(*place.span("literal"), other) for other in substitutes]

    def _around(self, position: int) -> tuple[int, int]:
        """Return where the line of a position begins and ends."""
        end = self.text.find("\n", position)
        return self.text.rfind("\n", 0, position) + 1, len(self.text) if end < 0 else end

    def _argument_end(self, start: int) -> int:
        """Return where the argument that begins at ``start`` ends: at a comma or the call's parenthesis."""
        depth = 0
        for token in _TOKEN.finditer(self.text, start):
            if depth == 0 and token[0] in (")", ","):
                return token.start()
            depth += (token[0] in ("(", "[", "{")) - (token[0] in (")", "]", "}"))
        return start

    def _flat(self, start: int, end: int) -> str:
        """Return a condition with all in brackets or quotes blanked out: not this check's own."""
        flat, depth, opened = list(self.text[start:end]), 0, start
        for token in _TOKEN.finditer(self.text, start, end):
            opens, closes = token[0] in ("(", "[", "{"), token[0] in (")", "]", "}")
            if depth == 0:
                opened = token.start()
            depth += opens - closes
            if depth == 0 and token[0] != ",":
                flat[opened - start : token.end() - start] = "_" * (token.end() - opened)
        return "".join(flat)

    def _line(self, position: int) -> int:
        return _FIRST_LINE + self.text.count("\n", 0, position)

    def _edit(self, start: int, end: int, text: str) -> Edits:
        return (Edit(self._bytes(start), self._bytes(end), text),)

    def _bytes(self, position: int) -> int:
        return position if self._ascii else len(self.text[:position].encode())
