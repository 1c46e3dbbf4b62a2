"""Instructions of tasks, made from what a small package does in a real box."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from codegym.foundry.describe.describe import Describer, VisibleTests
from codegym.foundry.describe.mentions import mentions
from codegym.foundry.describe.observe import Observer
from codegym.foundry.draft.draft import Draft, LocatedMutation
from codegym.foundry.draft.setup import TrialSetup
from codegym.foundry.repository.origin import Origin
from codegym.foundry.repository.project import project
from codegym.mutate import Mutation
from codegym.mutate.removal import removals
from codegym.sandbox.backend import backend
from codegym.sandbox.protocol import File, Tree
from codegym.tree import store_tree

CODE = '''\
"""Text."""


class Buffer:
    """A text that can be undone."""

    def __init__(self, text=""):
        self._text, self._old = text, []

    def add(self, more):
        self._old.append(self._text)
        self._text += more

    def undo(self):
        if self._old:
            self._text = self._old.pop()

    @property
    def text(self):
        return self._text


def shorten(text, width, mark="..."):
    """Return the beginning of a text, with a mark.

    The mark counts.
    """
    if width < len(mark):
        raise ValueError(f"width {width} has no room for {mark!r}")
    if len(text) <= width:
        return text
    return text[: width - len(mark)] + mark


def titled(words):
    return " ".join(_capital(word) for word in words)


def _capital(word):
    """Return a word with its first letter in upper case."""
    first = word[:1].upper()
    return first + word[1:]


class Odd(dict):
    def key(self):
        return sorted(self)[0]
'''
TESTS = """\
import pytest
from text import Buffer, Odd, shorten, titled


def test_short_text():
    assert shorten("abc", 3) == "abc"


def test_long_text():
    assert shorten("abcdefgh", 6) == "abc..."
    assert shorten("abcdefgh", 6, mark="") == "abcdef"


def test_no_room():
    with pytest.raises(ValueError):
        shorten("abc", 2)


def test_titles():
    assert titled(["ab", "c"]) == "Ab C"


def test_undoing():
    buffer = Buffer("a")
    buffer.add("b")
    buffer.add("c")
    buffer.undo()
    assert buffer.text == "ab"


def test_of_a_subclass():
    odd = Odd(b=1)
    odd["a"] = 2
    assert odd.key() == "a"


def test_other():
    assert True
"""
IDS = tuple(f"tests/test_text.py::{name}" for name in re.findall(r"def (test_\w+)", TESTS))
ORIGIN = Origin(
    name="text", version="1.0", license="MIT", label="text", files={
        "src/text/__init__.py": File(CODE.encode()), "tests/test_text.py": File(TESTS.encode()),
        "pyproject.toml": File(b'[project]\nname = "text"\nversion = "1.0"\n'),
    },
)  # fmt: skip
PATH = "src/text/__init__.py"


def bug(old: str, new: str, function: str) -> LocatedMutation:
    start = CODE.index(old)
    assert CODE.count(old) == 1
    line = CODE[:start].count("\n") + 1
    return LocatedMutation(PATH, Mutation(start, start + len(old), new, "slip", function, line, old), line, line)


def removal(function: str) -> LocatedMutation:
    mutation, last = next(entry for entry in removals(CODE, "python") if entry[0].function == function)
    return LocatedMutation(PATH, mutation, mutation.line, last)


def visible(*names: str) -> VisibleTests:
    failing = tuple(f"tests/test_text.py::{name}" for name in names)
    messages = ("AssertionError: assert 'x' == 'y'",)
    return VisibleTests(failing, tuple(test for test in IDS if test not in failing), messages)


@pytest.fixture(scope="module")
def describer() -> Iterator[Describer]:
    run = next(c for c in backend("bwrap").capabilities() if c.name == "run")
    if not run.available:
        pytest.skip(f"bwrap: {run.why}")
    made = project(ORIGIN, "")
    layer = store_tree(made.files)
    setup = TrialSetup(made.files, made.plan, made.image, Tree((layer,), layer.name), IDS, 30.0)
    with Observer(made, setup, backend("bwrap")) as observer:
        yield Describer("text", observer)


def described(describer: Describer, tests: VisibleTests, *mutations: LocatedMutation) -> str:
    draft = Draft("removal" if mutations[0].mutation.operator == "removal" else "mutation", mutations, ())
    text = describer.instruction(draft, tests)
    assert mentions(text, IDS, [PATH]) == ()
    assert "test_" not in text
    return text


def test_a_wrong_value(describer: Describer) -> None:
    text = described(describer, visible("test_long_text"), bug("width - len(mark)]", "width]", "shorten"))
    assert "text.shorten('abcdefgh', 6)" in text
    assert "'abcdef...'" in text
    assert "'abc...'" in text


def test_an_error(describer: Describer) -> None:
    text = described(describer, visible("test_titles"), bug("word[1:]", "word[1]", "_capital"))
    assert "text.titled(['ab', 'c'])" in text
    assert "IndexError: string index out of range" in text
    assert "`'Ab C'`" in text
    assert 'File "' not in text, "the bug's own line"


def test_the_end_of_a_traceback_is_shown_unless_it_is_the_bug_s_line(describer: Describer) -> None:
    text = described(describer, visible("test_titles"), bug("_capital(word) for", "_capital(7) for", "titled"))
    assert "TypeError: 'int' object is not subscriptable" in text
    assert 'File "text/__init__.py"' not in text
    text = described(describer, visible("test_undoing"), bug("text, []", "text, 0", "Buffer.__init__"))
    assert "AttributeError: 'int' object has no attribute 'append'" in text
    line = CODE[: CODE.index("self._old.append")].count("\n") + 1
    assert f'File "text/__init__.py", line {line}, in add' in text


def test_an_error_that_does_not_come(describer: Describer) -> None:
    text = described(describer, visible("test_no_room"), bug("if width < len(mark)", "if width < 0", "shorten"))
    assert "text.shorten('abc', 2)" in text
    assert "ValueError: width 2 has no room for '...'" in text
    assert "'ab...'" in text


def test_an_object_s_state(describer: Describer) -> None:
    text = described(describer, visible("test_undoing"), bug("self._old.pop()", "self._old[0]", "Buffer.undo"))
    assert "a_buffer = text.Buffer('a')" in text
    assert "a_buffer.add('b')" in text
    assert "a_buffer.undo()" in text
    assert "a_buffer.text" in text
    assert "'a'" in text
    assert "'ab'" in text


def test_a_test_s_own_statements_where_no_call_can_be_written(describer: Describer) -> None:
    text = described(
        describer, visible("test_of_a_subclass"), bug("sorted(self)[0]", "sorted(self)[-1]", "Odd.key")
    )
    assert "from text import Odd" in text
    assert "odd['a'] = 2" in text
    assert "odd.key()" in text


def test_without_a_failing_test_there_are_only_messages(describer: Describer) -> None:
    text = described(describer, visible(), bug("word[1:]", "word[2:]", "_capital"))
    assert "assert 'x' == 'y'" in text


def test_several_bugs_are_several_reports(describer: Describer) -> None:
    bugs = [bug("word[1:]", "word[2:]", "_capital"), bug("width - len(mark)]", "width]", "shorten")]
    text = described(describer, visible("test_titles", "test_long_text"), *bugs)
    assert "2 things go wrong in text" in text
    assert "text.titled(['ab', 'c'])" in text
    assert "text.shorten('abcdefgh', 6)" in text


def test_a_missing_function_has_its_summary_and_examples(describer: Describer) -> None:
    text = described(describer, visible("test_short_text", "test_long_text", "test_no_room"), removal("shorten"))
    assert "`text.shorten`" in text
    assert "> Return the beginning of a text, with a mark." in text
    assert ">>> text.shorten('abcdefgh', 6)\n'abc...'" in text
    assert "ValueError: width 2 has no room for '...'" in text


def test_a_missing_private_function_and_a_bug(describer: Describer) -> None:
    text = described(
        describer,
        visible("test_titles", "test_long_text"),
        removal("_capital"),
        bug("width - len(mark)]", "width]", "f"),
    )
    assert "`text._capital`" in text
    assert ">>> text._capital('ab')\n'Ab'" in text
    assert "'abcdef...'" in text


def test_styles_differ(describer: Describer) -> None:
    located = bug("width - len(mark)]", "width]", "shorten")
    drafts = [Draft(f"mutation{n}", (located,), ()) for n in range(8)]
    texts = {describer.instruction(draft, visible("test_long_text")) for draft in drafts}
    assert len(texts) >= 4
    assert describer.instruction(drafts[0], visible("test_long_text")) in texts
