"""Finds the checks in C and JavaScript test files by regular expressions, and makes edits that should fail them.

We have no parser for these languages. A run with the gold patch shows what an edit does
(:mod:`codegym.grade.form.trials`); edits that change nothing or break the build are dropped. An edit makes the
contrary of a check, or another expected value, so that every right solution fails it. Only checks that every right
solution reaches are changed (:mod:`codegym.grade.form.blocks`).

Code that reads the tests can recognize a contrary operator (``!(…)``, ``!=``, ``notEqual``). So operators are
changed only for tests that nothing else makes fail. Expected literals are preferred. In paragraphs without any,
the literals in tables and in inputs of the code under test are changed.
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
from codegym.grade.form.expect import chains
from codegym.grade.form.text_literals import (
    LITERAL,
    is_helper,
    is_order,
    literal_substitutes,
    literals,
    other_names,
    paragraphs,
)

SUFFIXES = dict.fromkeys((".c", ".h", ".cc", ".cpp", ".cxx", ".hpp"), "c")
SUFFIXES |= dict.fromkeys((".js", ".cjs", ".mjs", ".ts", ".mts", ".cts"), "js")
"""Maps the endings of file names to languages."""
_HEADERS = (".h", ".hpp")
_SKIP = r"""(?P<skip>//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
_C_CHECK = re.compile(
    _SKIP + r"|^[ \t]*\#(?:\\\n|[^\n])*)"
    r"|\b(?!is_)(?:(?:ck|cr|tap|test|unit)_)?(?:check|assert|expect|require|verify|ok|is)"
    r"(?:_(?:true|false|is|eq|equals?|same|str|string|text|u?int|u?long|size|char|bool|ptr|mem|num|float|double|[iu]\d+))*"
    r"[ \t]*\(",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
"""Functions that check their arguments. Not those for bounds, nor predicates, which may be the code under test."""
_JS_CHECK = re.compile(
    _SKIP + r"|`(?:\\.|[^`\\])*`)"
    r"|(?<![\w.$])(?<!function )(?P<what>(?:t\.|console\.)?assert(?:\.strict)?|ok|holds|t(?=\.))"
    r"(?:\.(?P<name>\w+))?\("
    r"|\bif\s*(?P<denial>\()(?=[^\n]*\)\s*\{?\s*(?:\n\s*)?throw\b)",
    re.DOTALL,
)
_TYPED = re.compile(r"(?<![\w*])(?!return\b|else\b|do\b)[\w*]+\s*")
"""The type before the name of a function in its C definition."""
_TAKES_A_MESSAGE = re.compile(r"(?:check|assert|expect|require|verify|ok|true|false|[\s_(])+", re.IGNORECASE)
"""The name of a check whose second argument is a message, if it is a string."""
_OPERATORS = {"==": "!=", "===": "!==", "<": ">=", ">": "<="}
_OPERATORS |= {contrary: operator for operator, contrary in _OPERATORS.items()}
_COMPARES = re.compile(r"(?<=[\w)\]}\s])([=!]==?|[<>]=?)(?=[\w\s(\"'!-])")
_EITHER = re.compile(r"\|\||\?|(?<![&|])[&|^](?![&|])")
"""Operators in a condition that may stay true if one of its comparisons becomes false."""
_INDEX = re.compile(r"[\w)\]]\[")
_COMPUTED = re.compile(rf"\(|=>|{_INDEX.pattern}")
_BOUND = re.compile(r"less|great|most|least|below|above|max|min|approx|close|near|almost|within", re.IGNORECASE)
"""In the name of a check: its argument is a bound or a value with a tolerance, not an exact expected value."""
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
"""Expected values without a literal. Each is replaced by another of its own group above."""
_FIRST_LINE = 1
"""Lines are counted from one, as in the messages of compilers."""
_MOST_LITERALS_OF_CHECK = 2
"""At most two literals of one check are changed: each costs a run of the tests, and an exam uses only one."""
_MOST_INPUT_LITERALS = 90
"""At most ninety literals outside of checks are proposed, since each costs a run of the tests."""


@dataclass(frozen=True)
class TextCheck:
    """A check in a C or JavaScript file: its line, and ``variants``, edits each of which should make it fail.

    A ``last_resort`` changes an operator, which code can recognize: it is tried only for tests that nothing else
    makes fail. With ``is_input`` the changed literal is outside of checks: in a table or an input of the code
    under test.
    """

    line: int
    kind: Kind
    variants: tuple[Edits, ...]
    last_resort: bool = False
    is_input: bool = False


def language(path: str) -> str:
    """Return ``c`` or ``js``, the language of the file ``path``; empty for any other language."""
    return SUFFIXES.get(PurePosixPath(path).suffix, "")


def text_checks(path: str, content: bytes, chance: Random) -> list[TextCheck]:
    """Return the checks of a test file: first those with expected values or operators, then input literals.

    Empty if the file is not UTF-8.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return []
    reader = _Reader(text, chance, indented=language(path) == "c")
    checks = list({"c": reader.c_checks, "js": reader.js_checks}.get(language(path), lambda: iter(()))())
    if not language(path):
        return []
    return [*checks, *reader.input_literals(checks, header=path.endswith(_HEADERS))]


class _Reader:
    """Finds the checks in one text. Positions count characters; only :meth:`_edit` turns them into bytes."""

    def __init__(self, text: str, chance: Random, *, indented: bool) -> None:
        self.text, self.chance, self.indented = text, chance, indented
        self._ascii = text.isascii()
        self._blocks = Blocks(text)

    def c_checks(self) -> Iterator[TextCheck]:
        """Yield the checks of a C file: calls of ``check``, ``assert``, ``ok`` …, without definitions of these."""
        for match in _C_CHECK.finditer(self.text):
            if match["skip"] is not None or not self._blocks.is_certain(match.start()):
                continue
            if not _TYPED.fullmatch(self._blocks.statement_head(match.start()).rpartition("\n")[2].lstrip()):
                yield from self._c_check(match[0], match.end())

    def _c_check(self, name: str, start: int) -> list[TextCheck]:
        """Return the checks of the C call whose arguments begin at ``start``."""
        end = self._argument_end(start)
        has_message = _TAKES_A_MESSAGE.fullmatch(name) and self.text[end + 1 :].lstrip()[:1] in ('"', "L", "u")
        if (
            self.text[end : end + 1] == ","
            and not has_message
            and not _COMPARES.search(self._blank_nested(start, end))
        ):
            expected = self._lone_literal_variants(end + 1, self._argument_end(end + 1))
            literal_checks = self._draw_literal_checks(start, [expected])
            if literal_checks:
                return literal_checks
        return self._condition(start, end)

    def js_checks(self) -> Iterator[TextCheck]:
        """Yield the checks of a JavaScript file: assertions, ``if (…) throw``, and chains with ``expect``."""
        yield from self._chain_checks()
        for match in _JS_CHECK.finditer(self.text):
            if match["skip"] is not None or not self._blocks.is_certain(match.start()):
                continue
            start = match.end() if match["denial"] is None else match.end("denial")
            end, name = self._argument_end(start), match["name"] or "ok"
            if match["denial"] is not None or name in ("ok", "true") or (name == "assert"):
                yield from self._condition(start, end)
            elif name in _METHODS or (_TAKES_A_VALUE.fullmatch(name) and not _BOUND.search(name)):
                last = self._argument_end(end + 1) if self.text[end : end + 1] == "," else end
                yield from self._expected_value_checks(end + 1, last) or [
                    self._contrary_method(*match.span("name"))
                ]

    def _chain_checks(self) -> Iterator[TextCheck]:
        for chain in chains(self.text, self._argument_end):
            if self._blocks.is_certain(chain.start):
                value = chain.value
                checks = [] if value is None else self._expected_value_checks(value, self._argument_end(value))
                yield from checks or [self._operator(chain.start, self._edit(*chain.denial))]

    def input_literals(self, checks: Sequence[TextCheck], *, header: bool) -> Iterator[TextCheck]:
        """Yield literals outside of checks, from paragraphs in which ``checks`` have no expected value.

        Headers and helpers are left out: which tests fail with one of their literals may depend on the code under
        test. For the same reason each literal has a single variant.
        """
        expected_lines = {check.line for check in checks if check.kind is not Kind.OPERATOR}
        parts = [] if header else list(paragraphs(self.text))
        parts = [part for part in parts if expected_lines.isdisjoint(range(*map(self._line, part)))]
        parts = [part for part in parts if not is_helper(self.text, *part)]
        places = [place for part in parts for place in literals(self.text, *part, indented=self.indented)]
        check_lines = {check.line for check in checks}
        places = [place for place in places if self._is_input(place.start(), check_lines)]
        for place in self.chance.sample(places, min(len(places), _MOST_INPUT_LITERALS)):
            variants = self._literal_variants(*place.span())
            if variants:
                yield TextCheck(self._line(place.start()), Kind.VALUE, tuple(variants[:1]), is_input=True)

    def _is_input(self, position: int, check_lines: Collection[int]) -> bool:
        """Return whether the code at ``position`` is always reached, and its line has no check except a known one.

        ``check_lines`` are the lines of the known checks.
        """
        pattern = _C_CHECK if self.indented else _JS_CHECK
        checks = (match for match in pattern.finditer(self.text, *self._around(position)) if match["skip"] is None)
        is_free = self._line(position) in check_lines or next(checks, None) is None
        return is_free and self._blocks.is_certain(position)

    def _around(self, position: int) -> tuple[int, int]:
        """Return the beginning and the end of the line that contains ``position``."""
        end = self.text.find("\n", position)
        return self.text.rfind("\n", 0, position) + 1, len(self.text) if end < 0 else end

    def _condition(self, start: int, end: int) -> list[TextCheck]:
        """Return checks that make a condition false, by another literal in a comparison or a contrary operator."""
        flat = self._blank_nested(start, end)
        if not _EITHER.search(flat.replace("&&", "  ")):
            ends = [start + match.start() for match in _AND.finditer(flat)]
            parts = zip([start, *(place + len("&&") for place in ends)], [*ends, end], strict=True)
            literals_of_parts = [variants for part in parts for variants in self._equality(*part)]
            literal_checks = self._draw_literal_checks(start, literals_of_parts)
            if literal_checks:
                return literal_checks
        compares = list(_COMPARES.finditer(flat))
        if len(compares) == 1 and compares[0][0] in _OPERATORS and not _EITHER.search(flat):
            first, last = (start + place for place in compares[0].span())
            return [self._operator(start, self._edit(first, last, _OPERATORS[compares[0][0]]))]
        return [self._operator(start, self._edit(start, end, f"!({self.text[start:end]})"))]

    def _equality(self, start: int, end: int) -> list[list[Edits]]:
        """Return variants for each literal on the expected side of a comparison: the side without a call."""
        compares = list(_COMPARES.finditer(self._blank_nested(start, end)))
        if len(compares) != 1 or compares[0][0] not in ("==", "==="):
            return []
        first, last = (start + place for place in compares[0].span())
        if is_order(self.text[start:last].lstrip()):
            texts = LITERAL.finditer(self.text, start, first)
            return [self._literal_variants(*place.span()) for place in texts if place[0][0] == '"']
        own = self._lone_literal_variants(last, end) or self._lone_literal_variants(start, first)
        if own:
            return [own]
        has_call = [bool(_CALLS.search(self.text[side[0] : side[1]])) for side in ((start, first), (last, end))]
        side = (start, first) if has_call == [False, True] else (last, end)
        if all(has_call) or _INDEX.search(self.text[side[0] : side[1]]):
            return []
        places = LITERAL.finditer(self.text, *side)
        return [self._literal_variants(*place.span()) for place in places] or self._variable_variants(*side)

    def _variable_variants(self, start: int, end: int) -> list[list[Edits]]:
        """Return a variant with another variable, for each one that can replace the text between two positions.

        Empty if that text is more than a variable. Each variant is alone in its list, and becomes a check of its
        own, since with another variable other tests may fail.
        """
        first = end - len(self.text[start:end].lstrip())
        last = start + len(self.text[start:end].rstrip())
        return [[self._edit(first, last, name)] for name in other_names(self.text, start, end, self.chance)]

    def _draw_literal_checks(self, start: int, options: Sequence[Sequence[Edits]]) -> list[TextCheck]:
        """Return checks at ``start`` for a few of ``options``; each option has the variants of one literal."""
        usable = [variants for variants in options if variants]
        drawn = self.chance.sample(usable, min(len(usable), _MOST_LITERALS_OF_CHECK))
        return [TextCheck(self._line(start), Kind.VALUE, tuple(variants)) for variants in drawn]

    def _expected_value_checks(self, start: int, end: int) -> list[TextCheck]:
        """Return checks that change a literal in an expected value without a call, or the class of an error."""
        value = self.text[start:end]
        whole = _WITHOUT_LITERAL.fullmatch(value)
        if whole is not None:
            kinds = _ERRORS if whole["what"] in _ERRORS else _LISTS if whole["what"] in _LISTS else _NOTHING
            others = [name for name in kinds if name != whole["what"]]
            self.chance.shuffle(others)
            variants = [
                self._edit(start + whole.start("what"), start + whole.end("what"), other) for other in others
            ]
            kind = Kind.EXCEPTION if kinds is _ERRORS else Kind.VALUE
            return [TextCheck(self._line(start), kind, tuple(variants))]
        places = [] if _COMPUTED.search(value) else list(LITERAL.finditer(self.text, start, end))
        options = [self._literal_variants(*place.span()) for place in places if not self._is_key(place)]
        return self._draw_literal_checks(start, options or self._variable_variants(start, end))

    def _contrary_method(self, first: int, last: int) -> TextCheck:
        """Return the check that calls the contrary of the assertion whose name is between two positions."""
        name = self.text[first:last]
        other = _METHODS.get(name) or ("not" + name[0].upper() + name[1:])
        return self._operator(first, self._edit(first, last, other))

    def _operator(self, start: int, edits: Edits) -> TextCheck:
        """Return a check of the kind ``operator``, as a last resort."""
        return TextCheck(self._line(start), Kind.OPERATOR, (edits,), last_resort=True)

    def _is_key(self, place: re.Match[str]) -> bool:
        """Return whether a literal is a key in an object."""
        return self.text[place.end() :].lstrip()[:1] == ":"

    def _lone_literal_variants(self, start: int, end: int) -> list[Edits]:
        """Return variants of the literal between two positions; empty if there is more than one literal."""
        place = _WHOLE.fullmatch(self.text, start, end)
        return self._literal_variants(*place.span("literal")) if place else []

    def _literal_variants(self, start: int, end: int) -> list[Edits]:
        """Return variants with a substitute for the literal between two positions."""
        return [self._edit(start, end, other) for other in literal_substitutes(self.text, start, end, self.chance)]

    def _argument_end(self, start: int) -> int:
        """Return the end of the argument that begins at ``start``: a comma, or the call's closing parenthesis."""
        depth = 0
        for token in _TOKEN.finditer(self.text, start):
            if depth == 0 and token[0] in (")", ","):
                return token.start()
            depth += (token[0] in ("(", "[", "{")) - (token[0] in (")", "]", "}"))
        return start

    def _blank_nested(self, start: int, end: int) -> str:
        """Return the text between two positions with underscores in place of everything in brackets or quotes."""
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
        return (Edit(self._byte_position(start), self._byte_position(end), text),)

    def _byte_position(self, position: int) -> int:
        return position if self._ascii else len(self.text[:position].encode())
