from quill.buffer import GapBuffer


def test_typing():
    buffer = GapBuffer()
    for letter in "hello":
        buffer.insert(letter)
    assert (buffer.text, buffer.cursor) == ("hello", 5)


def test_typing_in_the_middle():
    buffer = GapBuffer("hllo")
    buffer.move(1)
    buffer.insert("e")
    assert buffer.text == "hello"


def test_undo_of_typing():
    buffer = GapBuffer("cat")
    buffer.move(3)
    buffer.insert("s")
    assert buffer.undo()
    assert buffer.text == "cat"
    assert not buffer.undo()


def test_undo_puts_the_cursor_back():
    buffer = GapBuffer("cat")
    buffer.move(2)
    buffer.delete_before(2)
    buffer.undo()
    assert (buffer.text, buffer.cursor) == ("cat", 2)


def test_redo():
    buffer = GapBuffer("cat")
    buffer.delete_after()
    buffer.undo()
    assert buffer.redo()
    assert buffer.text == "at"
