"""A removed body leaves source that still parses, and all that is around it."""

from __future__ import annotations

import ast
import json.decoder
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from codegym.mutate import apply
from codegym.mutate.removal import removals

PYTHON = '''
def add_one(x):
    """Documented."""
    # a hint

    y = x + 1
    return y


def short(x): return x


class C:
    @property
    def inner(self):
        @cached
        def f():
            pass
        return f  # é
'''


def without(source: str, name: str, language: str) -> str:
    return next(apply(source, m) for m, _ in removals(source, language) if m.function == name)


def test_documentation_stays_and_comments_go() -> None:
    text = without(PYTHON, "add_one", "python")
    assert 'def add_one(x):\n    """Documented."""\n    raise NotImplementedError\n' in text
    assert "hint" not in text


def test_short_bodies_and_nested_functions_are_left_alone() -> None:
    assert [(m.function, m.line, last) for m, last in removals(PYTHON, "python")] == [
        ("add_one", 6, 7),
        ("C.inner", 16, 19),
    ]


def test_every_removal_from_a_real_module_parses() -> None:
    source = Path(json.decoder.__file__).read_text()
    removed = removals(source, "python")
    assert len(removed) > 5
    for mutation, _ in removed:
        ast.parse(apply(source, mutation))


C = """
#define BODY { not a body }
struct pair { int a, b; };
static inline struct pair both(int a, int b) {
    const char *text = "}";  /* { */
    return (struct pair){a, b};
}
unsigned long
size(const char *of) {
\twhile (*of) {
\t\tof++;
\t}
\treturn 1ul;
}
void nothing(void) {
    if (1) {
    }
}
char *name(void)
{
    static char n[] = {'{'};
    return n;
}
int one(void) { return 1; }
"""


def test_a_removed_body_returns_zeros_of_the_right_type_in_c(tmp_path: Path) -> None:
    bodies = {m.function: m.new for m, _ in removals(C, "c")}
    assert set(bodies) == {"both", "size", "nothing", "name"}
    assert "return (struct pair){0};" in bodies["both"]
    assert "\n\treturn 0;\n" in bodies["size"]
    assert "return" not in bodies["nothing"]
    if shutil.which("cc"):
        for name in bodies:
            (tmp_path / "x.c").write_text(without(C, name, "c"))
            argv = ["cc", "-fsyntax-only", "-Werror=return-type", str(tmp_path / "x.c")]
            assert subprocess.run(argv, capture_output=True, check=False).returncode == 0, name


JAVASCRIPT = textwrap.dedent("""\
    export function find(text) {
      const braces = /[{"]/g; // }
      return `${text}{`.match(braces);
    }
    class Box extends Map {
      async *walk(from = { a: 1 }) {
        yield from;
        yield 1;
      }
    }
    const arrow = async (a, b) => {
      if (a) {
        return b;
      }
    };
    const old = function () {
      return 1;
      // more
    };
""")


def test_a_removed_body_throws_in_javascript(tmp_path: Path) -> None:
    names = [m.function for m, _ in removals(JAVASCRIPT, "javascript")]
    assert names == ["find", "walk", "arrow", "old"]
    if shutil.which("node") is None:
        pytest.skip("no node to check with")
    for name in names:
        text = without(JAVASCRIPT, name, "javascript")
        assert text.count("not implemented") == 1
        (tmp_path / "x.mjs").write_text(text)
        argv = ["node", "--check", str(tmp_path / "x.mjs")]
        assert subprocess.run(argv, capture_output=True, check=False).returncode == 0, name
