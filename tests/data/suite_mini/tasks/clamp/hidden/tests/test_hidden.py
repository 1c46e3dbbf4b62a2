from clamp import clamp


def test_far():
    assert clamp(10**9, 0, 7) == 7
