"""Other literals in the place of one in a test, of which nobody can tell from which of them the others were made.

Code under test may see several copies of a test that expect different things, and guess which was the first. So
that each looks as likely as any other, what stands in for a literal is drawn from a class to which the literal
belongs like all others: numbers that differ in one digit, texts that differ in one letter. The way it is
written, quotes and prefixes included, stays.
"""

from __future__ import annotations

import ast
import re
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

MOST = 8
_CLASSES = (ascii_lowercase, ascii_uppercase, digits)
_NUMBER = re.compile(r"-?(0[xob])?[\w.]+", re.IGNORECASE)
_MANTISSA = re.compile(r"[0-9_.]+")


def other_numbers(text: str, chance: Random) -> list[str]:
    """Return up to :data:`MOST` numbers of the class of ``text``: another digit where it has its last but zeros.

    Where there is a point or an exponent, it is the first digit but zeros, so that no tolerance takes them.
    """
    mantissa = _MANTISSA.match(text)
    if not _NUMBER.fullmatch(text) or mantissa is None or text[:2].lower() in ("0x", "0o", "0b"):
        return []
    places = [place for place, digit in enumerate(mantissa[0]) if digit in "123456789"]
    whole = text.isdigit()
    if len(text) == 1 or not places:
        return _drawn(digits if whole else "123456789", text, len(mantissa[0]) - 1, chance)
    return _drawn("123456789", text, places[-1] if whole else places[0], chance)


def other_texts(text: str, chance: Random) -> list[str]:
    """Return up to :data:`MOST` texts of the class of a text, written as in ``text``: another letter in one place.

    A text without letters and digits gets another sign in one place, or, if it is empty, a letter.
    """
    value = _value(text)
    if value is None:
        return []
    if not value:
        first = text.find(text[-1]) + (3 if text[-3:] in ('"""', "'''") and len(text) > 5 else 1)
        return [text[:first] + letter + text[first:] for letter in chance.sample(ascii_lowercase, MOST)]
    places = list(range(len(text)))
    chance.shuffle(places)
    places.sort(key=lambda place: _class(text[place]) not in _CLASSES)
    for place in places:
        found = [
            other for other in _drawn(_class(text[place]), text, place, chance) if _alike(_value(other), value)
        ]
        if found:
            return found
    return []


def _class(letter: str) -> str:
    """Return the letters that may stand for ``letter``: its kind's, or those beside it in Unicode."""
    first = ord(letter) & ~7
    beside = "".join(filter(str.isprintable, map(chr, range(first, first + 8))))
    return next((kind for kind in _CLASSES if letter in kind), "" if letter in "\\\n" else beside)


def _drawn(kind: str, text: str, place: int, chance: Random) -> list[str]:
    others = [letter for letter in kind if letter != text[place]]
    drawn = chance.sample(others, min(MOST, len(others)))
    return [text[:place] + letter + text[place + 1 :] for letter in drawn]


def _value(text: str) -> str | bytes | None:
    try:
        value = ast.literal_eval(f"({text})")
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, str | bytes) else None


def _alike(other: str | bytes | None, value: str | bytes) -> bool:
    """Return whether a text is as long as ``value`` and differs in one place: neither quote nor escape was hit."""
    if type(other) is not type(value) or other is None or len(other) != len(value):
        return False
    return sum(left != right for left, right in zip(other, value, strict=True)) == 1
