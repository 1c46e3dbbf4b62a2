"""The checks of C and JavaScript test files, found by how they are written, and edits that should make them fail.

No parser for these languages is at hand. That is sound all the same: what an edit does is found out by running it
with the gold patch (:mod:`codegym.grade.form.proving`); one that changes nothing or breaks the build is dropped.

Code that reads the tests recognizes a contrary operator (``!(…)``, ``!=``, ``notEqual``), and knows that the test
fails because of it. So operators are changed only for tests that nothing else makes fail. First come literals that
are expected: whatever passes with one fails with another. Where a part of a file holds none, those come that are
given to the code under test, or stand in tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from codegym.grade.form.bank import Kind
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
    r"|(?P<before>[\w*]+[ \t]+)?\b(?:\w+_)?(?:check|assert|expect|require|verify|ok|is)(?:_\w+)?[ \t]*\(",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_JS_CHECK = re.compile(
    _SKIP + r"|`(?:\\.|[^`\\])*`)"
    r"|(?<![\w.$])(?<!function )(?P<what>(?:t\.|console\.)?assert(?:\.strict)?|ok|holds|t(?=\.))"
    r"(?:\.(?P<name>\w+))?\("
    r"|\bif\s*(?P<denial>\()(?=[^\n]*\)\s*\{?\s*(?:\n\s*)?throw\b)",
    re.DOTALL,
)
_STATEMENT = frozenset({"return", "else", "do"})
_OPERATORS = {"==": "!=", "===": "!==", "<": ">=", ">": "<="}
_OPERATORS |= {contrary: operator for operator, contrary in _OPERATORS.items()}
_COMPARES = re.compile(r"(?<=[\w)\]}\s])([=!]==?|[<>]=?)(?=[\w\s(\"'!-])")
_LOOSE_COMPARES = re.compile(r"(?<=[\w)\]] )([=!]==?|[<>]=?)(?= [\w(\"'-])")
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

    ``loose`` ones are tried for tests that nothing else makes fail: operators, which give a form away, and
    comparisons that stand in no known check.
    """

    line: int
    kind: Kind
    ways: tuple[Edits, ...]
    loose: bool = False


def language(path: str) -> str:
    """Return ``c`` or ``js`` for a file with checks in that language; empty for any other."""
    return SUFFIXES.get("." + path.rpartition(".")[2], "")


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
    return [*strict, *reader.literals(strict, header=path.endswith(_HEADERS)), *reader.loose()]


class _Reader:
    """Looks for checks in one text; positions are of characters until :meth:`_edit` makes them bytes."""

    def __init__(self, text: str, chance: Random, *, indented: bool) -> None:
        self.text, self.chance, self.indented = text, chance, indented
        self._ascii = text.isascii()

    def c(self) -> Iterator[TextCheck]:
        """Yield the checks of a C file: calls of ``check``, ``assert``, ``ok`` … that are no definitions."""
        for match in _C_CHECK.finditer(self.text):
            before = (match["before"] or "").strip()
            if match["skip"] is not None or (before and before not in _STATEMENT):
                continue
            start = match.end()
            end = self._argument_end(start)
            more = self._argument_end(end + 1) if self.text[end : end + 1] == "," else end
            yield from self._condition(start, end) if more == end else self._two_sides(start, end, more)

    def js(self) -> Iterator[TextCheck]:
        """Yield the checks of a JavaScript file: assertions, and ``if (…) throw``."""
        for match in _JS_CHECK.finditer(self.text):
            if match["skip"] is not None:
                continue
            start = match.end() if match["denial"] is None else match.end("denial")
            end, name = self._argument_end(start), match["name"] or "ok"
            if match["denial"] is not None or name in ("ok", "true") or (name == "assert"):
                yield from self._condition(start, end)
            elif name in _METHODS or _TAKES_A_VALUE.fullmatch(name):
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
        for place in self.chance.sample(places, min(len(places), _MOST_LITERALS)):
            ways = self._others(*place.span())
            if ways:
                yield TextCheck(self._line(place.start()), Kind.VALUE, tuple(ways[:1]))

    def loose(self) -> Iterator[TextCheck]:
        """Yield comparisons outside known checks."""
        for match in _LOOSE_COMPARES.finditer(self.text):
            line = self.text[self.text.rfind("\n", 0, match.start()) + 1 : match.start()].lstrip()
            if not line.startswith(("#", "//", "*", "for")):
                way = self._edit(*match.span(), _OPERATORS[match[0]])
                yield TextCheck(self._line(match.start()), Kind.OPERATOR, (way,), loose=True)

    def _condition(self, start: int, end: int) -> list[TextCheck]:
        """Return what denies a condition: other literals that it compares with, or the contrary operator."""
        flat = self._flat(start, end)
        if "||" not in flat and "?" not in flat:
            ends = [start + match.start() for match in _AND.finditer(flat)]
            parts = zip([start, *(place + len("&&") for place in ends)], [*ends, end], strict=True)
            sealed = self._sealed(start, [ways for part in parts for ways in self._equality(*part)])
            if sealed:
                return sealed
        compares = list(_COMPARES.finditer(flat))
        if len(compares) == 1 and compares[0][0] in _OPERATORS:
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
        places = [] if all(called) else list(LITERAL.finditer(self.text, *side))
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

    def _two_sides(self, start: int, end: int, more: int) -> list[TextCheck]:
        return self._sealed(start, [self._literal(end + 1, more)]) or self._condition(start, end)

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
        places = [] if "(" in value or "=>" in value else list(LITERAL.finditer(self.text, start, end))
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
