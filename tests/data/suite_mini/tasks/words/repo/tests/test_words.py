from words import count_words


def test_words():
    assert count_words(" one  two\nthree ") == 3
