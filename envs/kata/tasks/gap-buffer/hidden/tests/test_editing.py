import pytest
from quill.buffer import GapBuffer


def script(seed):
    """A fixed, long and jumpy series of commands."""
    state = seed
    for _ in range(240):
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


def edit(command, argument, text, cursor):
    """The span that a command replaces, and the new text."""
    if command == "insert":
        return cursor, cursor, argument
    if command == "delete_before":
        return max(0, cursor - argument), cursor, ""
    return cursor, min(len(text), cursor + argument), ""


def expected(seed):
    """What an editor answers that keeps every state, and every twenty-fourth of its states."""
    text, cursor, done, undone, answers, states = "The quick brown fox", 0, [], [], [], []
    for number, (command, argument) in enumerate(script(seed)):
        answer = None
        if command == "move":
            cursor = max(0, min(argument, len(text)))
        elif command == "undo":
            answer = bool(done)
            if done:
                undone.append(done.pop())
                text, cursor = undone[-1][0]
        elif command == "redo":
            answer = bool(undone)
            if undone:
                done.append(undone.pop())
                text, cursor = done[-1][1]
        else:
            start, end, new = edit(command, argument, text, cursor)
            if start != end or new:
                before = (text, cursor)
                text, cursor = text[:start] + new + text[end:], start + len(new)
                done.append((before, (text, cursor)))
                undone.clear()
        answers.append(answer)
        if number % 24 == 23:
            states.append((text, cursor, len(text)))
    return answers, states


@pytest.mark.parametrize("seed", [1, 7, 42, 99, 2024])
@pytest.mark.parametrize("capacity", [0, 1, 16])
def test_like_the_model(seed, capacity):
    buffer = GapBuffer("The quick brown fox", capacity)
    answers, states = [], []
    for number, (command, argument) in enumerate(script(seed)):
        method = getattr(buffer, command)
        answers.append(method() if argument is None else method(argument))
        if number % 24 == 23:
            states.append((buffer.text, buffer.cursor, len(buffer)))
    assert (answers, states) == expected(seed)


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
