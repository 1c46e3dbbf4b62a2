"""Expressions as trees: drawn at random, written as code or in words, and changed into faulty ones.

The words are for docstrings, so that a program says what it should do. A fault always replaces a whole part of an
expression: no change of a single token brings the right one back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from codegym.generator.stream import Stream

_TOKEN = re.compile(r"\w+|//|[<>=!]=|[^\w\s]")
_FEWEST_TOKENS = 3
"""Tokens that a repair has to write at least."""
_TRIES = 30
_ATOM = 9
"""The precedence of names, constants and calls."""


@dataclass(frozen=True)
class Shape:
    """A kind of expression. ``code`` and ``words`` are templates of its parts.

    ``kind`` is what it evaluates to: ``int``, ``bool`` or ``text``. ``parts`` lists what each part is: a kind, or
    ``n`` for a constant from 2 to 9, ``sep`` for a short string. ``needs`` is the precedence that each part must
    have at least to be written without parentheses.
    """

    kind: str
    code: str
    words: str
    precedence: int
    parts: tuple[str, ...]
    needs: tuple[int, ...]


FORMS = {
    "sum": Shape("int", "{} + {}", "{} plus {}", 4, ("int", "int"), (4, 5)),
    "more": Shape("int", "{} + {}", "{} plus {}", 4, ("int", "n"), (4, 5)),
    "difference": Shape("int", "{} - {}", "{} minus {}", 4, ("int", "int"), (4, 5)),
    "product": Shape("int", "{} * {}", "{} times {}", 5, ("int", "int"), (5, 9)),
    "multiple": Shape("int", "{} * {}", "{} times {}", 5, ("int", "n"), (5, 9)),
    "quotient": Shape("int", "{} // {}", "{} divided by {} (rounded down)", 5, ("int", "n"), (5, 9)),
    "rest": Shape("int", "{} % {}", "the remainder of {} by {}", 5, ("int", "n"), (5, 9)),
    "larger": Shape("int", "max({}, {})", "the larger of {} and {}", _ATOM, ("int", "int"), (0, 0)),
    "smaller": Shape("int", "min({}, {})", "the smaller of {} and {}", _ATOM, ("int", "int"), (0, 0)),
    "gap": Shape("int", "abs({} - {})", "the distance from {} to {}", _ATOM, ("int", "int"), (4, 5)),
    "above": Shape("bool", "{} > {}", "{} is above {}", 3, ("int", "int"), (4, 4)),
    "at_least": Shape("bool", "{} >= {}", "{} is at least {}", 3, ("int", "int"), (4, 4)),
    "below": Shape("bool", "{} < {}", "{} is below {}", 3, ("int", "int"), (4, 4)),
    "at_most": Shape("bool", "{} <= {}", "{} is at most {}", 3, ("int", "n"), (4, 4)),
    "leaves": Shape("bool", "{} % {} < {}", "{} by {} leaves less than {}", 3, ("int", "n", "int"), (5, 9, 4)),
    "near": Shape("bool", "abs({} - {}) < {}", "{} is closer to {} than {}", 3, ("int", "int", "n"), (4, 5, 4)),
    "both": Shape("bool", "{} and {}", "{} and {}", 2, ("bool", "bool"), (3, 3)),
    "either": Shape("bool", "{} or {}", "{} or {}", 1, ("bool", "bool"), (2, 2)),
    "joined": Shape("text", "{} + {}", "{} followed by {}", 4, ("text", "text"), (4, 5)),
    "ended": Shape("text", "{} + {}", "{} followed by {}", 4, ("text", "sep"), (4, 5)),
    "head": Shape("text", "{}[:{}]", "the first {1} letters of {0}", _ATOM, ("text", "n"), (9, 0)),
    "tail": Shape("text", "{}[-{}:]", "the last {1} letters of {0}", _ATOM, ("text", "n"), (9, 9)),
    "without": Shape("text", "{}[{}:]", "{0} without its first {1} letters", _ATOM, ("text", "n"), (9, 0)),
    "backwards": Shape("text", "{}[::-1]", "{} backwards", _ATOM, ("text",), (9,)),
    "upper": Shape("text", "{}.upper()", "{} in capitals", _ATOM, ("text",), (9,)),
    "title": Shape("text", "{}.title()", "{} with a capital letter", _ATOM, ("text",), (9,)),
    "repeated": Shape("text", "{} * {}", "{} written {} times", 5, ("text", "n"), (5, 9)),
    "every": Shape("text", "{}[::{}]", "one letter in {1} of {0}", _ATOM, ("text", "n"), (9, 0)),
    "padded": Shape("text", "{}.rjust({}, '.')", "{} with dots on the left up to {} letters", _ATOM,
                   ("text", "n"), (9, 0)),
}  # fmt: skip
"""The forms of expressions, by name."""

_BY_KIND = {kind: [name for name, form in FORMS.items() if form.kind == kind] for kind in ("int", "bool", "text")}
_SIMPLE_BOOLS = [name for name in _BY_KIND["bool"] if name not in ("both", "either")]


@dataclass(frozen=True)
class Expression:
    """A tree: a form with its parts, or without a form a name or a constant, which is ``text``."""

    form: str = ""
    parts: tuple[Expression, ...] = ()
    text: str = ""

    @property
    def code(self) -> str:
        """The expression as Python."""
        return self._code_for(0)

    @property
    def words(self) -> str:
        """The expression in English. Parts of parts are in parentheses if they have parts of their own."""
        if not self.form:
            return _atom_words(self.text)
        return FORMS[self.form].words.format(*(_part_words(part) for part in self.parts))

    def _code_for(self, need: int) -> str:
        if not self.form:
            return self.text
        form = FORMS[self.form]
        parts = [part._code_for(level) for part, level in zip(self.parts, form.needs, strict=True)]
        code = form.code.format(*parts)
        return f"({code})" if form.precedence < need else code


@dataclass(frozen=True)
class Names:
    """What expressions may read, by kind: code such as ``price`` or ``len(label)``."""

    by_kind: dict[str, tuple[str, ...]]

    def atom(self, stream: Stream, kind: str) -> Expression:
        """Return a name of ``kind``, or a constant."""
        if kind == "n" or (kind == "int" and not self.by_kind.get("int")):
            return Expression(text=str(stream.between(2, 9)))
        if kind == "sep":
            return Expression(text=stream.choose(("'-'", "'/'", "'ab'", "'!'", "'::'")))
        return Expression(text=stream.choose(self.by_kind[kind]))

    def other_atom(self, stream: Stream, kind: str, used: Sequence[Expression]) -> Expression:
        """Return a name of ``kind`` that is not in ``used``, for lack of one a constant."""
        if kind == "bool":
            return draw_expression(stream, kind, self, 1)
        texts = {part.text for part in used}
        free = [text for text in self.by_kind.get(kind, ()) if text not in texts]
        if free:
            return Expression(text=stream.choose(free))
        return self.atom(stream, "sep" if kind == "text" else "n")


def draw_expression(stream: Stream, kind: str, names: Names, depth: int) -> Expression:
    """Return a random expression of ``kind`` with up to ``depth`` levels of forms."""
    if kind not in _BY_KIND or (depth == 0 and kind != "bool"):
        return names.atom(stream, kind)
    name = stream.choose(_SIMPLE_BOOLS if kind == "bool" and depth <= 1 else _BY_KIND[kind])
    parts: list[Expression] = []
    for part_kind in FORMS[name].parts:
        inner = depth - (2 if kind == "bool" and part_kind == "int" else 1)
        part = draw_expression(stream, part_kind, names, max(inner, 0) if stream.below(3) else 0)
        if part.form == name or part in parts:
            part = names.other_atom(stream, part_kind, parts)
        parts.append(part)
    return Expression(name, tuple(parts))


def break_expression(stream: Stream, right: Expression, names: Names, depth: int) -> Expression | None:
    """Return a faulty version of ``right``; ``None`` if there was none within some tries.

    A part is forgotten, or another expression is in its place. The faulty version differs in more than order and
    operators: ``a > b`` instead of ``b > a`` is mended by one token.
    """
    for _ in range(_TRIES):
        path = stream.choose([path for path, part in _places(right) if part.form])
        part = _part(right, path)
        same_kind = [inner for inner in part.parts if _kind(inner, names) == FORMS[part.form].kind]
        if same_kind and stream.below(3) == 0:
            wrong_part = stream.choose(same_kind)
        else:
            wrong_part = draw_expression(stream, FORMS[part.form].kind, names, max(depth - len(path), 1))
        wrong = _replaced(right, path, wrong_part)
        if new_tokens(wrong.code, right.code) >= _FEWEST_TOKENS and _words(wrong) != _words(right):
            return wrong
    return None


def new_tokens(wrong: str, right: str) -> int:
    """Return how many tokens of ``right`` are between those that it begins and ends with as ``wrong`` does."""
    before, after = _TOKEN.findall(wrong), _TOKEN.findall(right)
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    return len(after) - start - end


def _words(expression: Expression) -> list[str]:
    """Return the names and constants in an expression, sorted."""
    return sorted(re.findall(r"\w+", expression.code))


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def _places(tree: Expression, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Expression]]:
    yield path, tree
    for number, part in enumerate(tree.parts):
        yield from _places(part, (*path, number))


def _part(tree: Expression, path: tuple[int, ...]) -> Expression:
    for number in path:
        tree = tree.parts[number]
    return tree


def _replaced(tree: Expression, path: tuple[int, ...], new: Expression) -> Expression:
    if not path:
        return new
    parts = list(tree.parts)
    parts[path[0]] = _replaced(parts[path[0]], path[1:], new)
    return replace(tree, parts=tuple(parts))


def _kind(tree: Expression, names: Names) -> str:
    if tree.form:
        return FORMS[tree.form].kind
    return next((kind for kind, texts in names.by_kind.items() if tree.text in texts), "n")


def _atom_words(text: str) -> str:
    text = text.removeprefix("self.")
    for pattern, words in ((r"len\((.+)\)", "the length of {}"), (r"(.+)\[0\]", "the first of {}"),
                           (r"(.+)\[1\]", "the second of {}"), (r"(.+)\[-1\]", "the last of {}"),
                           (r"sum\((.+)\)", "the sum of {}")):  # fmt: skip
        if match := re.fullmatch(pattern, text):
            return words.format(match[1].removeprefix("self."))
    return text


def _part_words(part: Expression) -> str:
    return f"({part.words})" if part.form else part.words
