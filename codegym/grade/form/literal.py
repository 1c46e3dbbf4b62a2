"""Other literals for one in a test, chosen so that the original cannot be told from its substitutes.

The code under test may read the form of a test that it is asked, and may know what it was given. So substitutes
come from the same domain as the original, in three ways: a literal of the same kind that occurs near it, the same
characters in another order, one other character of the same class. How it is written (quotes, prefixes, number of
digits) stays.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

MOST = 4
"""How many substitutes are returned at most."""
_CLASSES = (ascii_lowercase, ascii_uppercase, digits)
_NUMBER = re.compile(r"\.?\d[\w.]*?(e[-+]\d+)?", re.IGNORECASE)
_BASED = {"0x": (digits, "abcdef", "ABCDEF"), "0o": ("01234567",), "0b": ("01",)}
"""How numbers to other bases begin, and classes of their digits."""
_MANTISSA = re.compile(r"[0-9_.]+")
_CONTRARY = {"True": "False", "true": "false"}
_CONTRARY |= {other: one for one, other in _CONTRARY.items()}


def others(written: str, near: Sequence[str], chance: Random) -> list[str]:
    """Return up to :data:`MOST` substitutes for a literal as it is ``written``; ``near`` are those beside it."""
    if written in _CONTRARY:
        return [_CONTRARY[written]]
    own = _other_numbers(written, chance) if _NUMBER.fullmatch(written) else _other_texts(written, chance)
    kind = _kind(written)
    beside = [
        each for each in dict.fromkeys(near) if kind and _kind(each) == kind and _plain(each) != _plain(written)
    ]
    chance.shuffle(beside)
    chance.shuffle(own)
    mixed = (
        [each for pair in zip(beside, own, strict=False) for each in pair]
        + beside[len(own) :]
        + own[len(beside) :]
    )
    return list(dict.fromkeys(mixed))[:MOST] if own else []


def _other_numbers(text: str, chance: Random) -> list[str]:
    """Return numbers of the class of ``text``: with another digit where it has its last one that is not zero.

    With a point or an exponent it is the first digit that is not zero, so that no tolerance accepts them.
    """
    mantissa = _MANTISSA.match(text)
    if mantissa is None or text[:2].lower() in _BASED:
        return _other_digits(text, chance)
    places = [place for place, digit in enumerate(mantissa[0]) if digit in "123456789"]
    whole = text.isdigit()
    if len(text) == 1 or not places:
        return _with_another(digits if whole else "123456789", text, len(mantissa[0]) - 1, chance)
    return _with_another("123456789", text, places[-1] if whole else places[0], chance)


def _other_digits(text: str, chance: Random) -> list[str]:
    """Return numbers to another base than ten with another last digit."""
    classes = _BASED.get(text[:2].lower(), ())
    drawn = ((place, kind) for place in range(len(text) - 1, 1, -1) for kind in classes if text[place] in kind)
    place, kind = next(drawn, (0, ""))
    return _with_another(kind, text, place, chance)


def _other_texts(text: str, chance: Random) -> list[str]:
    """Return texts written as ``text`` is: two characters exchanged, or another one in one place.

    A text without letters and digits gets another sign; one that is empty gets a letter.
    """
    value = _text_value(text)
    if value is None:
        return []
    if not value:
        first = text.find(text[-1]) + (3 if text[-3:] in ('"""', "'''") and len(text) > 5 else 1)
        return [text[:first] + letter + text[first:] for letter in chance.sample(ascii_lowercase, MOST)]
    places = list(range(len(text)))
    chance.shuffle(places)
    places.sort(key=lambda place: _class(text[place]) not in _CLASSES)
    exchanged = [text[:n] + text[n + 1] + text[n] + text[n + 2 :] for n in places if n + 1 < len(text)]
    drawn = [each for n in places[:4] for each in _with_another(_class(text[n]), text, n, chance)[:2]]
    return [*_alike(exchanged, text)[:2], *_alike(drawn or _any_other(text, places, chance), text)]


def _any_other(text: str, places: Sequence[int], chance: Random) -> list[str]:
    return [other for place in places for other in _with_another(_class(text[place]), text, place, chance)]


def _alike(drawn: Sequence[str], text: str) -> list[str]:
    """Return those of ``drawn`` that have another value of the same length: no quote or escape was hit."""
    value = _text_value(text)
    kept = [(each, _text_value(each)) for each in drawn]
    return [
        each
        for each, other in kept
        if type(other) is type(value) and value is not None and len(other or "") == len(value)
        if _plain(each) != _plain(text)
    ]


def _class(letter: str) -> str:
    """Return the letters that may stand for ``letter``: its kind's, or those beside it in Unicode."""
    first = ord(letter) & ~7
    beside = "".join(filter(str.isprintable, map(chr, range(first, first + 8))))
    return next((kind for kind in _CLASSES if letter in kind), "" if letter in "\\\n" else beside)


def _with_another(kind: str, text: str, place: int, chance: Random) -> list[str]:
    letters = [letter for letter in kind if letter != text[place]]
    drawn = chance.sample(letters, min(MOST, len(letters)))
    return [text[:place] + letter + text[place + 1 :] for letter in drawn]


def _kind(written: str) -> str:
    """Return what ``written`` could be exchanged for: whole and other numbers, texts by their quote."""
    if written[:2].lower() in _BASED:
        return written[:2].lower()
    if _NUMBER.fullmatch(written):
        return "whole" if written.isdigit() else "number"
    return written[:1] + written[-1:]


def _plain(written: str) -> object:
    """Return a value without what a lenient comparison may overlook: case and blanks."""
    value = _value(written)
    return b"".join(value.lower().split()) if isinstance(value, bytes) else _folded(value)


def _folded(value: object) -> object:
    return "".join(value.casefold().split()) if isinstance(value, str) and value.strip() else value


def _value(written: str) -> object:
    try:
        return ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return written


def _text_value(text: str) -> str | bytes | None:
    value = _value(f"({text})")
    return value if isinstance(value, str | bytes) and value != f"({text})" else None
