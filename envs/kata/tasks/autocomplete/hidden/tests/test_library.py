from math import ceil, log2

import pytest
from complete import complete, count
from drawer import Drawer

LETTERS = "aeikmnorst"
WORDS = sorted({a + b + c + d for a in LETTERS for b in LETTERS for c in LETTERS for d in ("", "e", "er", "s")})
ODD = ["", "a", "ab", "abc", "abd", "b", "z", "za\uffff", "zz", "é", "é\u0301", "\uffff", "\uffffx", "\U0001f600", "\U0001f600!",
       "\U0001f600\U0001f600", "\U0010ffff", "\U0010ffff\U0010ffffz"]  # fmt: skip
SAME = ["oak"] * 300 + ["oaken"] * 200 + ["oar"] * 12


def steps(drawer):
    return ceil(log2(len(drawer) + 1))


def expected(words, prefix):
    return [word for word in sorted(words) if word.startswith(prefix)]


PREFIXES = {"words": ["", "a", "kos", "mer", "toss", "tosss", "x", "0", "zzz", "ta", "t"], "odd": [*ODD, "zz ", "\U0001f601"],
            "same": ["o", "oak", "oake", "oar", "oars", "p", ""]}  # fmt: skip
LISTS = {"words": WORDS, "odd": ODD, "same": SAME, "one": ["solo"], "none": []}
CASES = [(name, prefix) for name, prefixes in PREFIXES.items() for prefix in prefixes]
CASES += [(name, prefix) for name in ("one", "none") for prefix in ("", "s", "solo", "solos", "t")]


@pytest.mark.parametrize("name", list(LISTS))
def test_complete_answers(name):
    for prefix in [prefix for case, prefix in CASES if case == name]:
        for limit in (0, 1, 5, 10_000):
            assert complete(Drawer(LISTS[name]), prefix, limit) == expected(LISTS[name], prefix)[:limit]


@pytest.mark.parametrize("name", list(LISTS))
def test_count_answers(name):
    for prefix in [prefix for case, prefix in CASES if case == name]:
        assert count(Drawer(LISTS[name]), prefix) == len(expected(LISTS[name], prefix))


@pytest.mark.parametrize("name", ["words", "same"])
@pytest.mark.parametrize("limit", [1, 4, 50])
def test_complete_budget(name, limit):
    for prefix in PREFIXES[name]:
        drawer = Drawer(LISTS[name])
        found = complete(drawer, prefix, limit)
        assert found == expected(LISTS[name], prefix)[:limit]
        assert drawer.walks <= steps(drawer) + len(found) + 1


@pytest.mark.parametrize("name", ["words", "same", "one", "none"])
def test_count_budget(name):
    for prefix in PREFIXES.get(name, ["", "s", "t"]):
        drawer = Drawer(LISTS[name])
        assert count(drawer, prefix) == len(expected(LISTS[name], prefix))
        assert drawer.walks <= 2 * steps(drawer) + 2


def test_nothing_is_remembered_between_drawers():
    first, second = Drawer(["tea", "tin"]), Drawer(["tea", "tor", "toy"])
    assert (count(first, "t"), count(second, "t"), count(second, "to")) == (2, 3, 2)


def test_no_walks_for_no_words():
    drawer = Drawer(WORDS)
    assert complete(drawer, "a", 0) == []
    assert drawer.walks == 0
