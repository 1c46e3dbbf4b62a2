"""Small repositories in Python, C and JavaScript with a past, to be forged."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

Texts = Mapping[str, str]

PYTHON: Texts = {
    "src/ledger/__init__.py": '''\
"""Money, in cents."""


def parse(text):
    """Return the cents that a text such as "-3.50" says."""
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    return sign * (int(whole) * 100 + int(part.ljust(2, "0") or 0))


def split(cents, parts):
    """Divide cents as evenly as can be, larger shares first."""
    share, rest = divmod(cents, parts)
    return [share + 1] * rest + [share] * (parts - rest)


def total(texts):
    """Return the sum of amounts that are texts."""
    found = 0
    for text in texts:
        found += parse(text)
    return found


def largest(amounts):
    """Return the index of the largest of some amounts, of equal ones the first."""
    best = 0
    for at, amount in enumerate(amounts):
        if amount > amounts[best]:
            best = at
    return best
''',
    "tests/test_ledger.py": """\
from ledger import largest, parse, split, total


def test_parse():
    assert parse("3.50") == 350


def test_parse_below_nothing():
    assert parse("-3.5") == -350


def test_split():
    assert split(10, 3) == [4, 3, 3]


def test_split_evenly():
    assert split(9, 3) == [3, 3, 3]


def test_total():
    assert total(["1", "2.25"]) == 325


def test_total_of_nothing():
    assert total([]) == 0


def test_largest():
    assert largest([3, 9, 9, 1]) == 1


def test_largest_of_one():
    assert largest([7]) == 0
""",
    "pyproject.toml": '[project]\nname = "ledger"\nversion = "1.0"\n',
    "LICENSE": "MIT\n",
}

PYTHON_LATER: Texts = {
    "src/ledger/__init__.py": PYTHON["src/ledger/__init__.py"]
    + '''

def show(cents):
    """Return cents as a text."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"
''',
    "tests/test_show.py": """\
from ledger import show


def test_show():
    assert show(350) == "3.50"


def test_show_below_nothing():
    assert show(-5) == "-0.05"
""",
}

C: Texts = {
    "Makefile": """\
test: run
\t@./run

run: src/*.c tests/*.c
\t@cc -std=c11 -Wall -Werror -o $@ src/ring.c tests/run.c
""",
    "src/ring.c": """\
#include "ring.h"

/* Put a value behind the others; the oldest goes where there is no room. */
void ring_put(struct ring *ring, int value) {
    ring->at[(ring->start + ring->count) % RING] = value;
    if (ring->count < RING) ring->count++;
    else ring->start = (ring->start + 1) % RING;
}

/* Take the oldest value; -1 where there is none. */
int ring_take(struct ring *ring) {
    if (ring->count == 0) return -1;
    int value = ring->at[ring->start];
    ring->start = (ring->start + 1) % RING;
    ring->count--;
    return value;
}
""",
    "src/ring.h": """\
#pragma once
enum { RING = 3 };
struct ring { int at[RING], start, count; };
void ring_put(struct ring *ring, int value);
int ring_take(struct ring *ring);
""",
    "tests/run.c": """\
#include <stdio.h>
#include "../src/ring.h"
static int number, failed;
static void ok(int good, const char *what) {
    printf("%sok %d - %s\\n", good ? "" : "not ", ++number, what);
    failed |= !good;
}
int main(void) {
    struct ring ring = {{0}, 0, 0};
    ok(ring_take(&ring) == -1, "nothing to take");
    for (int n = 1; n < 5; n++) ring_put(&ring, n);
    ok(ring.count == 3, "no more than fits");
    ok(ring_take(&ring) == 2, "the oldest is gone");
    ok(sizeof ring > 0, "a ring has a size");
    printf("1..%d\\n", number);
    return failed;
}
""",
}

C_LATER: Texts = {
    "src/ring.c": C["src/ring.c"].replace(
        "    return value;\n}\n",
        """\
    return value;
}

/* Return how many values could be put without losing one. */
int ring_room(const struct ring *ring) {
    int room = RING;
    room -= ring->count;
    return room;
}
""",
    ),
    "src/ring.h": C["src/ring.h"] + "int ring_room(const struct ring *ring);\n",
    "tests/run.c": C["tests/run.c"].replace(
        "    ok(sizeof", '    ok(ring_room(&ring) == 1, "room for one");\n    ok(sizeof'
    ),
}

JAVASCRIPT: Texts = {
    "package.json": '{"name": "words", "version": "1.0.0", "scripts": {"test": "node --test"}}\n',
    "lib/words.js": """\
/** Split a text at white space. */
function words(text) {
  const found = text.trim().split(/[ \\t\\n]+/);
  return found[0] === "" ? [] : found;
}

/** Count each word. */
const count = (text) => {
  const counts = {};
  for (const word of words(text)) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
};

module.exports = { words, count };
""",
    "test/words.test.js": """\
const test = require("node:test");
const assert = require("node:assert");
const { words, count } = require("../lib/words.js");

test("words", () => assert.deepStrictEqual(words(" a  b "), ["a", "b"]));
test("no words", () => assert.deepStrictEqual(words(""), []));
test("count", () => assert.deepStrictEqual(count("a b a"), { a: 2, b: 1 }));
test("arithmetic", () => assert.strictEqual(1 + 1, 2));
""",
}

JAVASCRIPT_LATER: Texts = {
    "lib/words.js": JAVASCRIPT["lib/words.js"].replace(
        "module.exports = { words, count };",
        "const longest = (text) => {\n  const sorted = words(text).sort((a, b) => b.length - a.length);\n"
        "  return sorted[0];\n};\n\nmodule.exports = { words, count, longest };",
    ),
    "test/longest.test.js": """\
const test = require("node:test");
const assert = require("node:assert");
const { longest, words } = require("../lib/words.js");

test("longest", () => assert.strictEqual(longest("a bcd ef"), "bcd"));
test("words still", () => assert.deepStrictEqual(words("x"), ["x"]));
""",
}


def write(folder: Path, texts: Texts) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commit(folder: Path, texts: Texts, message: str) -> None:
    """Write files and commit all that is there, in a repository that is made if there is none."""
    write(folder, texts)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def git(folder: Path, *arguments: str) -> str:
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
    who |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
    env = os.environ | who | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout
