"""The checks of C and JavaScript test files, found by how they are written, and edits that should make them fail.

No parser for these languages is at hand. What an edit does is found out by running it with the gold patch
(:mod:`codegym.grade.form.proving`); one that changes nothing or breaks the build is dropped. An edit must say the
contrary of its check, or expect another value: other right code than gold then fails it as well. So checks are
changed only where they are reached whatever right code does (:mod:`codegym.grade.form.blocks`).

Code that reads the tests recognizes a contrary operator (``!(…)``, ``!=``, ``notEqual``), and knows that the test
fails because of it. So operators are changed only for tests that nothing else makes fail. First come literals that
are expected: whatever passes with one fails with another. Where a part of a file holds none, those come that are
given to the code under test, or stand in tables.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from random import Random

from codegym.grade.form.bank import Kind
from codegym.grade.form.blocks import Blocks
from codegym.grade.form.edit import Edit, Edits
from codegym.grade.form.text_literals import (
    LITERAL,
    is_helper,
    is_order,
    literals,
    other_names,
    paragraphs,
    substitutes,
)

SUFFIXES = dict.fromkeys((".c", ".h", ".cc", ".cpp", ".cxx", ".hpp"), "c")
SUFFIXES |= dict.fromkeys((".js", ".cjs", ".mjs", ".ts", ".mts", ".cts"), "js")
"""Languages by the ends of files' names."""
_HEADERS = (".h", ".hpp")
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
_INDEX = re.compile(r"[\w)\]]\[")
_COMPUTED = re.compile(rf"\(|=>|{_INDEX.pattern}")
_BOUND = re.compile(r"less|great|most|least|below|above|max|min|approx|close|near|almost|within", re.IGNORECASE)
"""In the name of a check: what it is given is no value that it expects, but a bound or a value to be near."""
_WHOLE = re.compile(rf"[\s-]*(?P<literal>{LITERAL.pattern})\s*")
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
_AND = re.compile(r"&&")
_CALLS = re.compile(r"(?!sizeof\b)\b[A-Za-z_]\w*\s*\(")
_ERRORS = ("RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError")
_NOTHING = ("undefined", "null", "0")
_LISTS = ("[]", "[0]", "['']")
_WITHOUT_LITERAL = re.compile(rf"\s*(?P<what>undefined|null|\[\]|{'|'.join(_ERRORS)})\s*")
"""Expected values that hold no literal, each with others of its kind."""
_FIRST_LINE = 1
_MOST_OF_ONE = 2
"""At so many places one check is changed."""
_MOST_LITERALS = 90
"""So many literals outside of checks are proposed: each takes a run of the tests."""


@dataclass(frozen=True)
class TextCheck:
    """A check in a file of C or JavaScript: the line it stands in, and edits that should make it fail.

    ``loose`` ones are tried for tests that nothing else makes fail: operators, which give a form away. What is
    ``given`` stands in no check: it is an input of the code under test, or in a table.
    """

    line: int
    kind: Kind
    ways: tuple[Edits, ...]
    loose: bool = False
    given: bool = False


def language(path: str) -> str:
    """Return ``c`` or ``js`` for a file with checks in that language; empty for any other."""
    return SUFFIXES.get(PurePosixPath(path).suffix, "")


def text_checks(path: str, content: bytes, chance: Random) -> list[TextCheck]:
    """Return what can be changed in a test file, in order; nothing if it is not UTF-8."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return []
    reader = _Reader(text, chance, indented=language(path) == "c")
    strict = list({"c": reader.c, "js": reader.js}.get(language(path), lambda: iter(()))())
    if not language(path):
        return []
    return [*strict, *reader.literals(strict, header=path.endswith(_HEADERS))]


class _Reader:
    """Looks for checks in one text; positions are of characters until :meth:`_edit` makes them bytes."""

    def __init__(self, text: str, chance: Random, *, indented: bool) -> None:
        self.text, self.chance, self.indented = text, chance, indented
        self._ascii = text.isascii()
        self._blocks = Blocks(text)

    def c(self) -> Iterator[TextCheck]:
        """Yield the checks of a C file: calls of ``check``, ``assert``, ``ok`` … that are no definitions."""
        for match in _C_CHECK.finditer(self.text):
            if match["skip"] is not None or not self._blocks.certain(match.start()):
                continue
            if not _TYPED.fullmatch(self._blocks.head(match.start()).rpartition("\n")[2].lstrip()):
                yield from self._c_check(match[0], match.end())

    def _c_check(self, name: str, start: int) -> list[TextCheck]:
        end = self._argument_end(start)
        says = _SAYS.fullmatch(name) and self.text[end + 1 :].lstrip()[:1] in ('"', "L", "u")
        if self.text[end : end + 1] == "," and not says and not _COMPARES.search(self._flat(start, end)):
            sealed = self._sealed(start, [self._literal(end + 1, self._argument_end(end + 1))])
            if sealed:
                return sealed
        return self._condition(start, end)

    def js(self) -> Iterator[TextCheck]:
        """Yield the checks of a JavaScript file: assertions, and ``if (…) throw``."""
        for match in _JS_CHECK.finditer(self.text):
            if match["skip"] is not None or not self._blocks.certain(match.start()):
                continue
            start = match.end() if match["denial"] is None else match.end("denial")
            end, name = self._argument_end(start), match["name"] or "ok"
            if match["denial"] is not None or name in ("ok", "true") or (name == "assert"):
                yield from self._condition(start, end)
            elif name in _METHODS or (_TAKES_A_VALUE.fullmatch(name) and not _BOUND.search(name)):
                last = self._argument_end(end + 1) if self.text[end : end + 1] == "," else end
                yield from self._expected(end + 1, last) or [self._contrary(*match.span("name"))]

    def literals(self, checks: Sequence[TextCheck], *, header: bool) -> Iterator[TextCheck]:
        """Yield literals of the parts of a file in which nothing in ``checks`` is sealed.

        None of headers and helpers: which tests fail with one of theirs may depend on the code under test. For
        the same reason each is changed in one way only.
        """
        sealed = {check.line for check in checks if check.kind is not Kind.OPERATOR}
        parts = [] if header else list(paragraphs(self.text))
        bare = [part for part in parts if sealed.isdisjoint(range(*map(self._line, part)))]
        bare = [part for part in bare if not is_helper(self.text, *part)]
        places = [place for part in bare for place in literals(self.text, *part, within=self.indented)]
        changed = {check.line for check in checks}
        places = [place for place in places if self._is_given(place.start(), changed)]
        for place in self.chance.sample(places, min(len(places), _MOST_LITERALS)):
            ways = self._others(*place.span())
            if ways:
                yield TextCheck(self._line(place.start()), Kind.VALUE, tuple(ways[:1]), given=True)

    def _is_given(self, position: int, changed: Collection[int]) -> bool:
        """Return whether what stands there is reached in any case, and in no check but a ``changed`` one."""
        pattern = _C_CHECK if self.indented else _JS_CHECK
        checks = (match for match in pattern.finditer(self.text, *self._around(position)) if match["skip"] is None)
        free = self._line(position) in changed or next(checks, None) is None
        return free and self._blocks.certain(position)

    def _around(self, position: int) -> tuple[int, int]:
        """Return where the line of a position begins and ends."""
        end = self.text.find("\n", position)
        return self.text.rfind("\n", 0, position) + 1, len(self.text) if end < 0 else end

    def _condition(self, start: int, end: int) -> list[TextCheck]:
        """Return what denies a condition: other literals that it compares with, or the contrary operator."""
        flat = self._flat(start, end)
        if not _EITHER.search(flat.replace("&&", "  ")):
            ends = [start + match.start() for match in _AND.finditer(flat)]
            parts = zip([start, *(place + len("&&") for place in ends)], [*ends, end], strict=True)
            sealed = self._sealed(start, [ways for part in parts for ways in self._equality(*part)])
            if sealed:
                return sealed
        compares = list(_COMPARES.finditer(flat))
        if len(compares) == 1 and compares[0][0] in _OPERATORS and not _EITHER.search(flat):
            first, last = (start + place for place in compares[0].span())
            return [self._operator(start, self._edit(first, last, _OPERATORS[compares[0][0]]))]
        return [self._operator(start, self._edit(start, end, f"!({self.text[start:end]})"))]

    def _equality(self, start: int, end: int) -> list[list[Edits]]:
        """Return edits for each literal of the expected side of a comparison: the one that calls nothing."""
        compares = list(_COMPARES.finditer(self._flat(start, end)))
        if len(compares) != 1 or compares[0][0] not in ("==", "==="):
            return []
        first, last = (start + place for place in compares[0].span())
        if is_order(self.text[start:last].lstrip()):
            texts = LITERAL.finditer(self.text, start, first)
            return [self._others(*place.span()) for place in texts if place[0][0] == '"']
        own = self._literal(last, end) or self._literal(start, first)
        if own:
            return [own]
        called = [bool(_CALLS.search(self.text[side[0] : side[1]])) for side in ((start, first), (last, end))]
        side = (start, first) if called == [False, True] else (last, end)
        if all(called) or _INDEX.search(self.text[side[0] : side[1]]):
            return []
        places = LITERAL.finditer(self.text, *side)
        return [self._others(*place.span()) for place in places] or self._names(*side)

    def _names(self, start: int, end: int) -> list[list[Edits]]:
        """Return edits to other variables for the one that is all there is between two positions.

        Each is a check of its own, since with another variable other tests may fail.
        """
        first = end - len(self.text[start:end].lstrip())
        last = start + len(self.text[start:end].rstrip())
        return [[self._edit(first, last, name)] for name in other_names(self.text, start, end, self.chance)]

    def _sealed(self, start: int, drawn: Sequence[Sequence[Edits]]) -> list[TextCheck]:
        """Return some of ``drawn``, each of which holds edits of one literal of the check at ``start``."""
        usable = [ways for ways in drawn if ways]
        made = self.chance.sample(usable, min(len(usable), _MOST_OF_ONE))
        return [TextCheck(self._line(start), Kind.VALUE, tuple(ways)) for ways in made]

    def _expected(self, start: int, end: int) -> list[TextCheck]:
        """Return other literals in a value that is expected, if it holds no call; or other classes of errors."""
        value = self.text[start:end]
        whole = _WITHOUT_LITERAL.fullmatch(value)
        if whole is not None:
            kinds = _ERRORS if whole["what"] in _ERRORS else _LISTS if whole["what"] in _LISTS else _NOTHING
            others = [name for name in kinds if name != whole["what"]]
            self.chance.shuffle(others)
            ways = [self._edit(start + whole.start("what"), start + whole.end("what"), other) for other in others]
            kind = Kind.EXCEPTION if kinds is _ERRORS else Kind.VALUE
            return [TextCheck(self._line(start), kind, tuple(ways))]
        places = [] if _COMPUTED.search(value) else list(LITERAL.finditer(self.text, start, end))
        drawn = [self._others(*place.span()) for place in places if not self._is_key(place)]
        return self._sealed(start, drawn or self._names(start, end))

    def _contrary(self, first: int, last: int) -> TextCheck:
        name = self.text[first:last]
        other = _METHODS.get(name) or ("not" + name[0].upper() + name[1:])
        return self._operator(first, self._edit(first, last, other))

    def _operator(self, start: int, way: Edits) -> TextCheck:
        return TextCheck(self._line(start), Kind.OPERATOR, (way,), loose=True)

    def _is_key(self, place: re.Match[str]) -> bool:
        return self.text[place.end() :].lstrip()[:1] == ":"

    def _literal(self, start: int, end: int) -> list[Edits]:
        """Return other literals for the one that is all there is between two positions."""
        place = _WHOLE.fullmatch(self.text, start, end)
        return self._others(*place.span("literal")) if place else []

    def _others(self, start: int, end: int) -> list[Edits]:
        return [self._edit(start, end, other) for other in substitutes(self.text, start, end, self.chance)]

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
