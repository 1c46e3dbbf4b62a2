import pytest
from knitting import words
from knitting.booklet import mirrored, stitches, tidied
from knitting.errors import PatternError


def refusal(call, argument):
    try:
        return call(argument)
    except PatternError:
        return "refused"


NO_WORDS = {
    "nothing": "",
    "no-line-feed": "Row 1: k1",
    "empty-line": "Row 1: k1\n\n",
    "empty-row": "Row 1: \n",
    "from-two": "Row 2: k1\n",
    "a-row-missing": "Row 1: k1\nRow 3: k1\n",
    "unknown": "Row 1: k1, s1\n",
    "no-number": "Row 1: k, p1\n",
    "none": "Row 1: k0, p1\n",
    "leading-zero": "Row 1: k01\n",
    "numbered-hole": "Row 1: yo1\n",
    "wrong-side": "Row 1: p2tog\n",
    "right-side": "Row 1: k1\nRow 2: k2tog\n",
    "wider": "Row 1: k2\nRow 2: p3\n",
    "as-itself": "Row 1: as row 1\n",
    "as-a-later-one": "Row 1: k1\nRow 2: as row 3\nRow 3: k1\n",
    "as-row-nought": "Row 1: k1\nRow 2: as row 0\n",
    "together-on-the-other-side": "Row 1: k2tog\nRow 2: as row 1\n",
    "no-blank": "Row 1: k1,p1\n",
    "capitals": "ROW 1: k1\n",
    "a-word-too-many": "Row 1: k1\nRow 2: as row 1, k1\n",
}


def test_to_words_one_stitch():
    assert words.to_words(["."]) == "Row 1: k1\n"
    assert words.to_words(["-"]) == "Row 1: p1\n"


def test_to_words_directions():
    assert words.to_words(["..-O/"]) == "Row 1: k2tog, yo, p1, k2\n"
    assert words.to_words(["..-O/", "....."]) == "Row 1: k5\nRow 2: p2, k1, yo, p2tog\n"


def test_to_words_rows_again():
    assert words.to_words(["----", "....", "----", "...."]) == "Row 1: k4\nRow 2: as row 1\nRow 3: as row 1\nRow 4: as row 1\n"
    assert words.to_words(["...", "...", "...", "..."]) == "Row 1: k3\nRow 2: p3\nRow 3: as row 1\nRow 4: as row 2\n"


def test_to_words_other_stitches():
    assert words.to_words(["OO.//"]) == "Row 1: k2tog, k2tog, k1, yo, yo\n"
    assert words.to_words(["OO", "OO"]) == "Row 1: yo, yo\nRow 2: as row 1\n"
    assert words.to_words(["/.", "/."]) == "Row 1: k1, k2tog\nRow 2: p2tog, p1\n"


def test_to_words_numbers():
    assert words.to_words(["............"]) == "Row 1: k12\n"
    assert words.to_words([".-", "-.", "-.", ".-"]) == "Row 1: p1, k1\nRow 2: k1, p1\nRow 3: as row 2\nRow 4: as row 1\n"


def test_from_words_one_stitch():
    assert words.from_words("Row 1: k1\n") == ["."]
    assert words.from_words("Row 1: p1\n") == ["-"]


def test_from_words_directions():
    assert words.from_words("Row 1: k2tog, yo, p1, k2\n") == ["..-O/"]
    assert words.from_words("Row 1: k5\nRow 2: p2, k1, yo, p2tog\n") == ["..-O/", "....."]


def test_from_words_rows_again():
    assert words.from_words("Row 1: k4\nRow 2: as row 1\nRow 3: as row 1\nRow 4: as row 1\n") == ["----", "....", "----", "...."]
    assert words.from_words("Row 1: k3\nRow 2: p3\nRow 3: as row 1\nRow 4: as row 2\n") == ["...", "...", "...", "..."]


def test_from_words_other_stitches():
    assert words.from_words("Row 1: k2tog, k2tog, k1, yo, yo\n") == ["OO.//"]
    assert words.from_words("Row 1: yo, yo\nRow 2: as row 1\n") == ["OO", "OO"]
    assert words.from_words("Row 1: k1, k2tog\nRow 2: p2tog, p1\n") == ["/.", "/."]


def test_from_words_numbers():
    assert words.from_words("Row 1: k12\n") == ["............"]
    assert words.from_words("Row 1: p1, k1\nRow 2: k1, p1\nRow 3: as row 2\nRow 4: as row 1\n") == [".-", "-.", "-.", ".-"]


def test_other_words():
    assert words.from_words("Row 1: k1, k2, p1, p1\n") == ["--..."]
    assert words.from_words("Row 1: k2, p1\nRow 2: k2, p1\n") == ["--.", "-.."]
    assert words.from_words("Row 1: k3\nRow 2: as row 1\nRow 3: as row 2\nRow 4: p1, k2\n") == [".--", "...", "---", "..."]
    assert words.from_words("Row 1: k1, p2\nRow 2: as row 1\n") == ["-..", "--."]
    assert words.from_words("Row 1: yo, k2tog\nRow 2: p2tog, yo\n") == ["/O", "/O"]


@pytest.mark.parametrize("text", NO_WORDS.values(), ids=list(NO_WORDS))
def test_what_is_no_pattern(text):
    assert words.from_words("Row 1: k2, p1\n") == ["-.."]
    assert refusal(words.from_words, text) == "refused"


@pytest.mark.parametrize("chart", [[], [""], ["", ""], [".", ".."], ["..", "."], ["k"], [".x"], [". "]], ids=range(8))
def test_what_is_no_chart(chart):
    assert words.to_words(["-.."]) == "Row 1: k2, p1\n"
    assert refusal(words.to_words, chart) == "refused"


def test_the_chart_is_left_alone():
    chart = [".-", "-O"]
    assert words.to_words(chart) == "Row 1: yo, p1\nRow 2: p1, k1\n"
    assert chart == [".-", "-O"]


def test_the_booklet():
    assert tidied("Row 1: k1, k1\nRow 2: k2\n") == "Row 1: k2\nRow 2: as row 1\n"
    assert mirrored("Row 1: k1, yo\nRow 2: p2\n") == "Row 1: yo, k1\nRow 2: p2\n"
    assert stitches(["...", "-.-"]) == {"Row 1": 3, "Row 2": 3}
