import pytest
from quill.buffer import GapBuffer


class Model:
    """The same editor, the simple way: every state is kept."""

    def __init__(self, text):
        self.text, self.cursor = text, 0
        self.done, self.undone = [], []

    def move(self, position):
        self.cursor = max(0, min(position, len(self.text)))

    def replace(self, start, end, new):
        if start == end and not new:
            return
        before = (self.text, self.cursor)
        self.text = self.text[:start] + new + self.text[end:]
        self.cursor = start + len(new)
        self.done.append((before, (self.text, self.cursor)))
        self.undone.clear()

    def insert(self, text):
        self.replace(self.cursor, self.cursor, text)

    def delete_before(self, count=1):
        self.replace(max(0, self.cursor - count), self.cursor, "")

    def delete_after(self, count=1):
        self.replace(self.cursor, min(len(self.text), self.cursor + count), "")

    def undo(self):
        if not self.done:
            return False
        self.undone.append(self.done.pop())
        self.text, self.cursor = self.undone[-1][0]
        return True

    def redo(self):
        if not self.undone:
            return False
        self.done.append(self.undone.pop())
        self.text, self.cursor = self.done[-1][1]
        return True


def script(seed, length):
    """A fixed, long and jumpy series of commands."""
    state = seed
    for _ in range(length):
        state = (state * 1103515245 + 12345) % 2**31
        choice, amount = (state >> 16) % 9, (state >> 8) % 37
        yield [
            ("move", amount),
            ("move", 3 * amount),
            ("insert", "abcdefghijklmnopqrstuvwxyz0123456789"[: amount % 12]),
            ("insert", "xyz" * amount),
            ("delete_before", amount % 7),
            ("delete_after", amount),
            ("undo", None),
            ("undo", None),
            ("redo", None),
        ][choice]


def run(target, command, argument):
    return getattr(target, command)() if argument is None else getattr(target, command)(argument)


@pytest.mark.parametrize("seed", [1, 7, 42, 99, 2024])
@pytest.mark.parametrize("capacity", [0, 1, 16])
def test_like_the_model(seed, capacity):
    buffer, model = GapBuffer("The quick brown fox", capacity), Model("The quick brown fox")
    for command, argument in script(seed, 400):
        assert run(buffer, command, argument) == run(model, command, argument)
        assert (buffer.text, buffer.cursor, len(buffer)) == (model.text, model.cursor, len(model.text))


def test_typing_and_reading():
    buffer = GapBuffer("world")
    buffer.insert("hello ")
    assert (buffer.text, buffer.cursor, len(buffer)) == ("hello world", 6, 11)


def test_a_jump_left_over_a_small_gap():
    buffer = GapBuffer("abcdefgh", capacity=2)
    buffer.move(7)
    buffer.move(1)
    assert (buffer.text, buffer.cursor) == ("abcdefgh", 1)


def test_a_paste_larger_than_everything():
    buffer = GapBuffer("<>", capacity=4)
    buffer.move(1)
    buffer.insert("z" * 1000)
    assert buffer.text == "<" + "z" * 1000 + ">"
    buffer.insert("!")
    assert buffer.text == "<" + "z" * 1000 + "!>"


def test_delete_past_the_end():
    buffer = GapBuffer("abc")
    buffer.move(1)
    buffer.delete_after(50)
    assert (buffer.text, len(buffer)) == ("a", 1)
    buffer.insert("b")
    assert buffer.text == "ab"


def test_undo_puts_the_cursor_back():
    buffer = GapBuffer("one two")
    buffer.move(3)
    buffer.delete_after(4)
    buffer.move(0)
    buffer.undo()
    assert (buffer.text, buffer.cursor) == ("one two", 3)


def test_a_new_edit_forgets_the_undone():
    buffer = GapBuffer("a")
    buffer.insert("b")
    buffer.undo()
    buffer.insert("c")
    assert not buffer.redo()
    assert buffer.text == "ca"


def test_moving_forgets_nothing():
    buffer = GapBuffer("ab")
    buffer.insert("c")
    buffer.undo()
    buffer.move(2)
    assert buffer.redo()
    assert (buffer.text, buffer.cursor) == ("cab", 1)


def test_edits_that_change_nothing_are_not_remembered():
    buffer = GapBuffer("ab")
    buffer.insert("c")
    buffer.undo()
    buffer.delete_before(5)
    buffer.insert("")
    assert not buffer.undo()
    assert buffer.redo()
