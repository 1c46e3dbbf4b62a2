from knitting.booklet import mirrored, tidied
from knitting.words import from_words, to_words


def test_a_rib():
    assert to_words(["..--", "..--"]) == "Row 1: p2, k2\nRow 2: as row 1\n"


def test_a_rib_back():
    assert from_words("Row 1: p2, k2\nRow 2: as row 1\n") == ["..--", "..--"]


def test_tidied():
    assert tidied("Row 1: k1, k2\n") == "Row 1: k3\n"


def test_mirrored():
    assert mirrored("Row 1: k1, p2\nRow 2: k2, p1\n") == "Row 1: p2, k1\nRow 2: p1, k2\n"
