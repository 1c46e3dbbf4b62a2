"""A patch that is turned around undoes what the patch did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegym.patch import PatchError, apply_patch, make_patch, reverse_patch
from codegym.sandbox.protocol import File

LINES = st.lists(st.sampled_from(["a", "b", "c", "\\", "-x", "+y", "@@ -1 +1 @@", "\u2028", "\x0c"]), max_size=8)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n"]))
FILES = st.dictionaries(
    st.sampled_from(["a.txt", "b c.txt", "d/é.txt"]),
    st.builds(lambda text, executable: File(text.encode(), executable), TEXTS, st.booleans()),
)


@given(FILES, FILES)
def test_there_and_back(before: dict[str, File], after: dict[str, File]) -> None:
    changes = {path: after.get(path) for path in {**before, **after}}
    patch = make_patch(before, changes)
    assert apply_patch(patch, before.get) == {p: f for p, f in changes.items() if f != before.get(p)}
    back = apply_patch(reverse_patch(patch), after.get)
    assert back == {path: before.get(path) for path in changes if before.get(path) != after.get(path)}


def test_a_rename() -> None:
    patch = (
        "diff --git a/a.txt b/b.txt\nsimilarity index 50%\nrename from a.txt\nrename to b.txt\n"
        "--- a/a.txt\n+++ b/b.txt\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n"
    )
    old, new = {"a.txt": File(b"x\ny\n")}, {"b.txt": File(b"x\nz\n")}
    assert apply_patch(patch, old.get) == {"a.txt": None, **new}
    assert apply_patch(reverse_patch(patch), new.get) == {"b.txt": None, **old}


def test_what_does_not_say_what_was_there_is_refused() -> None:
    patch = make_patch({"a": File(b"\0")}, {"a": File(b"\0\0")})
    with pytest.raises(PatchError, match="can't be reversed"):
        reverse_patch(patch)
