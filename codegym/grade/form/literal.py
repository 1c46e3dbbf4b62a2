"""Draws substitutes for a literal in a test, chosen so that the original cannot be told from its substitutes.

The code under test may read the test that it runs in. So a substitute looks as if the author could have written
it: it is a literal of the same kind from near by, or the original with two characters exchanged, or with one
character replaced by another of its class. Quotes, prefixes and the number of digits stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

from codegym.syntax import literal_value

MOST = 4
"""More substitutes are not returned: an exam has four sheets at most, and a form for each is enough."""
_CLASSES = (ascii_lowercase, ascii_uppercase, digits)
_NUMBER = re.compile(r"\.?\d[\w.]*?(e[-+]\d+)?", re.IGNORECASE)
_BASES = {"0x": (digits, "abcdef", "ABCDEF"), "0o": ("01234567",), "0b": ("01",)}
"""Maps the prefix of numbers in other bases to the classes of their digits."""
_MANTISSA = re.compile(r"[0-9_.]+")
_OPPOSITE = {"True": "False", "true": "false"}
_OPPOSITE |= {other: one for one, other in _OPPOSITE.items()}


def other_literals(written: str, near: Sequence[str], chance: Random) -> list[str]:
    """Return up to :data:`MOST` substitutes for the literal ``written``; ``near`` are the literals around it.

    Empty if no substitute can be made from ``written`` itself.
    """
    if written in _OPPOSITE:
        return [_OPPOSITE[written]]
    own = _other_numbers(written, chance) if _NUMBER.fullmatch(written) else _other_texts(written, chance)
    kind = _exchange_class(written)
    nearby = [
        each
        for each in dict.fromkeys(near)
        if kind and _exchange_class(each) == kind and _normal_value(each) != _normal_value(written)
    ]
    chance.shuffle(nearby)
    chance.shuffle(own)
    mixed = (
        [each for pair in zip(nearby, own, strict=False) for each in pair]
        + nearby[len(own) :]
        + own[len(nearby) :]
    )
    return list(dict.fromkeys(mixed))[:MOST] if own else []


def _other_numbers(text: str, chance: Random) -> list[str]:
    """Return numbers that differ from ``text`` in one digit: the last digit that is not zero.

    In a number with a point or an exponent it is the first digit that is not zero, so that no tolerance accepts
    them.
    """
    mantissa = _MANTISSA.match(text)
    if mantissa is None or text[:2].lower() in _BASES:
        return _other_digits(text, chance)
    places = [place for place, digit in enumerate(mantissa[0]) if digit in "123456789"]
    whole = text.isdigit()
    if len(text) == 1 or not places:
        return _replace_character(digits if whole else "123456789", text, len(mantissa[0]) - 1, chance)
    return _replace_character("123456789", text, places[-1] if whole else places[0], chance)


def _other_digits(text: str, chance: Random) -> list[str]:
    """Return numbers with another last digit, for a number in base 16, 8 or 2."""
    classes = _BASES.get(text[:2].lower(), ())
    drawn = ((place, kind) for place in range(len(text) - 1, 1, -1) for kind in classes if text[place] in kind)
    place, kind = next(drawn, (0, ""))
    return _replace_character(kind, text, place, chance)


def _other_texts(text: str, chance: Random) -> list[str]:
    """Return string literals that differ from ``text`` in two exchanged characters, or in one other character.

    A string without letters and digits gets another sign; an empty one gets a letter. Quotes and prefix stay.
    """
    value = _text_value(text)
    if value is None:
        return []
    if not value:
        first = text.find(text[-1]) + (3 if text[-3:] in ('"""', "'''") and len(text) > 5 else 1)
        return [text[:first] + letter + text[first:] for letter in chance.sample(ascii_lowercase, MOST)]
    places = list(range(len(text)))
    chance.shuffle(places)
    places.sort(key=lambda place: _character_class(text[place]) not in _CLASSES)
    exchanged = [text[:n] + text[n + 1] + text[n] + text[n + 2 :] for n in places if n + 1 < len(text)]
    drawn = [
        each for n in places[:4] for each in _replace_character(_character_class(text[n]), text, n, chance)[:2]
    ]
    return [
        *_same_shape(exchanged, text)[:2],
        *_same_shape(drawn or _other_characters(text, places, chance), text),
    ]


def _other_characters(text: str, places: Sequence[int], chance: Random) -> list[str]:
    """Return ``text`` with another character of the same class at each of ``places`` in turn."""
    return [
        other
        for place in places
        for other in _replace_character(_character_class(text[place]), text, place, chance)
    ]


def _same_shape(drawn: Sequence[str], text: str) -> list[str]:
    """Return the literals in ``drawn`` whose value differs from that of ``text``, but has its type and length."""
    value = _text_value(text)
    values = [(each, _text_value(each)) for each in drawn]
    return [
        each
        for each, other in values
        if type(other) is type(value) and value is not None and len(other or "") == len(value)
        if _normal_value(each) != _normal_value(text)
    ]


def _character_class(letter: str) -> str:
    """Return the characters that may replace ``letter``: those of its class, or its neighbours in Unicode."""
    first = ord(letter) & ~7
    neighbours = "".join(filter(str.isprintable, map(chr, range(first, first + 8))))
    return next((kind for kind in _CLASSES if letter in kind), "" if letter in "\\\n" else neighbours)


def _replace_character(kind: str, text: str, place: int, chance: Random) -> list[str]:
    """Return ``text`` with other characters of ``kind`` at ``place``, one in each result."""
    letters = [letter for letter in kind if letter != text[place]]
    drawn = chance.sample(letters, min(MOST, len(letters)))
    return [text[:place] + letter + text[place + 1 :] for letter in drawn]


def _exchange_class(written: str) -> str:
    """Return the class of literals that may replace ``written``: by base, kind of number, or quote and prefix."""
    if written[:2].lower() in _BASES:
        return written[:2].lower()
    if _NUMBER.fullmatch(written):
        return "whole" if written.isdigit() else "number"
    return written[:1] + written[-1:]


def _normal_value(written: str) -> object:
    """Return the value without case and blanks, which a lenient comparison may ignore."""
    value = _value(written)
    return b"".join(value.lower().split()) if isinstance(value, bytes) else _normal_text(value)


def _normal_text(value: object) -> object:
    """Return a string without case and blanks, and any other value as it is."""
    return "".join(value.casefold().split()) if isinstance(value, str) and value.strip() else value


def _value(written: str) -> object:
    """Return the value of a literal; ``written`` itself if it is none."""
    try:
        return literal_value(written)
    except (ValueError, SyntaxError):
        return written


def _text_value(text: str) -> str | bytes | None:
    """Return the value of a string or bytes literal; ``None`` for any other text."""
    value = _value(f"({text})")
    return value if isinstance(value, str | bytes) and value != f"({text})" else None
