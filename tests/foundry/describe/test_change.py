"""What is left of commit messages and issues, and when hidden tests ask for what no text says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegym.errors import ConfigError
from codegym.foundry.describe.change import HostIssue, change_text, plain_message, read_issues
from codegym.foundry.describe.underspecified import unspecified
from codegym.sandbox.protocol import File

SQUASHED = """\
gh-812: Keep the order of keys in dump() (#814) [skip ci]

The keys came out sorted, which surprised people who write files by hand.
See https://example.org/acme/issues/812 for how it began.

* fix typo
* Address review comments
* Add changelog
* keep nested keys in order too
* [pre-commit.ci] auto fixes from pre-commit.com hooks

Closes #812, #815
Thanks to @somebody for the report.
Co-authored-by: B <b@example.org>
Signed-off-by: A <a@example.org>
git-svn-id: x@1
---------
"""


def test_noise_is_taken_out_of_a_message() -> None:
    assert plain_message(SQUASHED) == (
        "Keep the order of keys in dump()\n\n"
        "The keys came out sorted, which surprised people who write files by hand.\n"
        "See  for how it began.\n\n"
        "* keep nested keys in order too"
    )


@pytest.mark.parametrize(("message", "plain"), [
    ("Merge pull request #7 from a/b\n\nRound half to even", "Round half to even"),
    ("Merge branch 'main' into x", ""),
    ("Fix rounding of negative amounts (fixes #3)", "Fix rounding of negative amounts"),
    ("#44: Refuse empty names", "Refuse empty names"),
    ("Refer to the total in errors", "Refer to the total in errors"),
    ("Fix tests for the parser's errors", "Fix tests for the parser's errors"),
    ("Bug in split: the rest was lost", "Bug in split: the rest was lost"),
    ("See also sections are kept", "See also sections are kept"),
    ("Add `cut`.\n\nReviewed-by: A\nRefs #9\nChange-Id: I1", "Add `cut`."),
])  # fmt: skip
def test_messages(message: str, plain: str) -> None:
    assert plain_message(message) == plain


ISSUE = HostIssue(
    number=12,
    title="dump() sorts keys #12",
    body="<!-- Please search first -->\r\nI dump a dict and the keys are sorted.\r\n\r\n- [x] I searched\r\n"
    "![screen](https://example.org/a.png)",
)


def test_the_issue_that_a_message_refers_to_is_told_first() -> None:
    text = change_text("Keep the order of keys\n\nFixes #12, #13", {12: ISSUE, 14: ISSUE})
    assert text == (
        "dump() sorts keys\n\nI dump a dict and the keys are sorted.\n\n"
        "The change that was decided on:\n\nKeep the order of keys"
    )


def test_lines_that_name_hidden_files_are_left_out() -> None:
    message = "Keep the order of keys\n\n* dump.py: no sorting\n* test_dump.py: added a case"
    assert change_text(message, {}, ["test_dump.py"]) == "Keep the order of keys\n\n* dump.py: no sorting"


def test_issues_are_read_from_a_list(tmp_path: Path) -> None:
    path = tmp_path / "issues.json"
    path.write_text(json.dumps([{"number": 3, "title": "T", "body": None, "state": "open"}]))
    assert read_issues(path) == {3: HostIssue(number=3, title="T")}
    path.write_text('{"number": 3}')
    with pytest.raises(ConfigError, match="is no list of issues"):
        read_issues(path)


CODE = {"shop.py": File(b"class Till:\n    def total(self, items): ...\n"), "data.bin": File(b"\0frobnicate")}


@pytest.mark.parametrize(("test", "missing"), [
    ("from shop import Till\ndef test_a():\n    assert Till().total([1]) == 1\n", ()),
    ("from shop import Till, frobnicate\n", ("frobnicate",)),
    ("import shop\ndef test_a(tmp_path):\n    till = shop.Till()\n    till.close()\n    till.note = 1\n",
     ("close",)),
    ("import shop\ndef test_a():\n    shop.Till(rounding=2).total([])['cents']\n", ("cents", "rounding")),
    ("import shop, json\ndef test_a(monkeypatch):\n    monkeypatch.chdir('x')\n    json.dumps({}, indent=1)\n",
     ()),
    ("import shop, pytest\nwith pytest.raises(ValueError, match='nothing is left'):\n    shop.Till()\n",
     ("nothing", "left")),
    ("from shop import Till\nassert Till().total('salesperson') == 'salespeople'\n", ()),
    ("from shop import Till\nassert Till().total(3) == 'several'\n", ("several",)),
    ("def helper(x):\n    return x\nfrom shop import Till\nassert helper(Till())\n", ()),
    ("not python (", ()),
])  # fmt: skip
def test_what_no_text_says(test: str, missing: tuple[str, ...]) -> None:
    assert unspecified("Count what is sold", CODE, {"tests/test_shop.py": File(test.encode())}) == missing
    said = f"Count what is sold: {' '.join(missing)}"
    assert unspecified(said, CODE, {"tests/test_shop.py": File(test.encode())}) == ()


def test_other_languages_by_tokens() -> None:
    body = b'{ ok(ring_room(&ring) == 1, "some_room for one"); helper(); }'
    test = b"int main(void) " + body + b" void helper() {}"
    before = {
        "ring.c": File(b"int ring_take(struct ring *ring);"),
        "tests/run.c": File(b"static void ok(int x) {}"),
    }
    assert unspecified("Say how many fit", before, {"tests/run.c": File(test)}) == ("ring_room",)
    assert unspecified("Add ring_room, which says how many fit", before, {"tests/run.c": File(test)}) == ()
