"""The brain of a pocket calculator that never rounds: every number is a fraction."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction

_TOKEN = re.compile(
    r" *(?:(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<name>[a-z][a-z0-9_]*)|(?P<sign>[-+*/^(),])|(?P<end>\Z))"
)
_FUNCTIONS = ("abs", "min", "max")
_LARGEST_EXPONENT = 1000


class CalcError(ValueError):
    """The expression can't be computed; ``position`` is the index of the character that is to blame."""

    def __init__(self, problem: str, position: int) -> None:
        super().__init__(f"{problem} at {position}")
        self.position = position


def evaluate(text: str, names: Mapping[str, Fraction | int] | None = None) -> Fraction:
    """Return the exact value of the expression ``text``."""
    parser = _Parser(text, names or {})
    value = parser.sum()
    parser.expect("")
    return value


class _Parser:
    """Recursive descent: one method per level of precedence."""

    def __init__(self, text: str, names: Mapping[str, Fraction | int]) -> None:
        self.tokens = list(_tokens(text))
        self.names = names
        self.index = 0

    @property
    def token(self) -> tuple[str, str, int]:
        return self.tokens[self.index]

    def take(self, *signs: str) -> int | None:
        """Step over one of ``signs`` and return its position; None if something else comes next."""
        kind, text, position = self.token
        if kind != "sign" or text not in signs:
            return None
        self.index += 1
        return position

    def expect(self, sign: str) -> None:
        kind, text, position = self.token
        if text != sign or kind not in ("sign", "end"):
            raise CalcError(f"expected {sign or 'the end'}", position)
        self.index += 1

    def sum(self) -> Fraction:
        value = self.product()
        while True:
            if self.take("+") is not None:
                value += self.product()
            elif self.take("-") is not None:
                value -= self.product()
            else:
                return value

    def product(self) -> Fraction:
        value = self.signed()
        while True:
            if self.take("*") is not None:
                value *= self.signed()
            elif (position := self.take("/")) is not None:
                divisor = self.signed()
                if not divisor:
                    raise CalcError("division by zero", position)
                value /= divisor
            else:
                return value

    def signed(self) -> Fraction:
        if self.take("-") is not None:
            return -self.signed()
        if self.take("+") is not None:
            return self.signed()
        return self.power()

    def power(self) -> Fraction:
        base = self.atom()
        position = self.take("^")
        if position is None:
            return base
        exponent = self.signed()
        if exponent.denominator != 1 or abs(exponent) > _LARGEST_EXPONENT:
            raise CalcError("unsuitable exponent", position)
        if not base and exponent < 0:
            raise CalcError("division by zero", position)
        return base ** int(exponent)

    def atom(self) -> Fraction:
        kind, text, position = self.token
        if kind not in ("number", "name") and text != "(":
            raise CalcError("expected a value", position)
        self.index += 1
        if kind == "number":
            return Fraction(text)
        if kind == "name":
            return self.name(text, position)
        value = self.sum()
        self.expect(")")
        return value

    def name(self, name: str, position: int) -> Fraction:
        if self.take("(") is not None:
            return self.call(name, position)
        if name not in self.names:
            raise CalcError(f"unknown name {name}", position)
        return Fraction(self.names[name])

    def call(self, name: str, position: int) -> Fraction:
        if name not in _FUNCTIONS:
            raise CalcError(f"unknown function {name}", position)
        arguments = [self.sum()]
        while self.take(",") is not None:
            arguments.append(self.sum())
        self.expect(")")
        if name == "abs":
            if len(arguments) != 1:
                raise CalcError("abs takes one argument", position)
            return abs(arguments[0])
        return min(arguments) if name == "min" else max(arguments)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            position = len(text) - len(text[position:].lstrip(" "))
            raise CalcError("unexpected character", position)
        kind = match.lastgroup or "end"
        yield kind, match[kind], match.start(kind)
        position = match.end()
        if kind == "end":
            return
