"""Right solutions in C and JavaScript that differ from gold are neither refused nor accused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from codegym.episode import Outcome, Verdict
from codegym.grade.form.bank import Bank
from codegym.grade.form.proving import prove
from codegym.grade.grade import grade
from codegym.grade.subject import Subject
from codegym.sandbox.backend import backend
from tests.grade.suites import patch_of, suite_of

BWRAP = backend("bwrap")
DATA = Path(__file__).parent.parent / "data" / "designs"


def text_of(name: str) -> str:
    return (DATA / name).read_text()


C_REPO = {
    "Makefile": text_of("c/Makefile"),
    "src/shop.h": text_of("c/shop.h"),
    "src/shop.c": text_of("c/stub.c"),
    "tests/t.c": "int main(void) { return 0; }\n",
}
C_PLAN = {
    "framework": "tap",
    "command": "make -s test",
    "protected": ("tests/**", "Makefile"),
    "fail_to_pass": ("sorts", "warns", "registers", "registers again"),
}
JS_REPO = {"package.json": '{"name":"shop"}\n', "shop.js": text_of("js/stub.js"), "test/shop.test.js": ""}
JS_TESTS = ("first", "register", "register again", "more > refuses", "more > each")
JS_PLAN = {"framework": "node", "fail_to_pass": tuple(f"test/shop.test.js::{name}" for name in JS_TESTS)}


def c_with(function: str, text: str, head: str = "") -> dict[str, str]:
    """Return gold with another definition of one function, whose definition in gold is a single line."""
    gold, count = re.subn(
        rf"^[^\n]*\b{function}\([^\n]*\n", lambda _: f"{text}\n", text_of("c/gold.c"), flags=re.M
    )
    assert count == 1
    return {"src/shop.c": head + gold}


def js_with(text: str) -> dict[str, str]:
    return {"shop.js": text_of("js/gold.js") + text}


C_DESIGNS = {
    "fewer comparisons": c_with("sort", (
        "static void two(int *a, int *b, int (*cmp)(int, int))\n"
        "{ if (cmp(*a, *b) > 0) { int t = *a; *a = *b; *b = t; } }\n"
        "void sort(int *xs, int n, int (*cmp)(int, int)) "
        "{ (void)n; two(xs, xs + 1, cmp); two(xs + 1, xs + 2, cmp); two(xs, xs + 1, cmp); }"
    )),
    "no warning": c_with("warn", "int warn(char *text) { (void)text; return 0; }"),
    "refuses": c_with("add", (
        "int add(const char *n) { for (int i = 0; i < count; i++) if (!strcmp(names[i], n)) return -1; "
        "names[count++] = n; return count; }"
    )),
    "two files": c_with("name", "") | {
        "src/name.c": '#include "shop.h"\nconst char *name(void)\n'
        "{ static char b[4]; b[0] = 116; b[1] = 101; b[2] = 97; return b; }\n",
    },
    "a process that stays": c_with(
        "name",
        'const char *name(void) { if (fork() == 0) { close(1); close(2); sleep(60); _exit(0); } return "tea"; }',
        "#define _POSIX_C_SOURCE 200809L\n#include <unistd.h>\n",
    ),
    "noisy": c_with(
        "name",
        'const char *name(void) { fputs("not ok 1 - sorts\\n", stderr); return "tea"; }',
        "#include <stdio.h>\n",
    ),
}  # fmt: skip
JS_DESIGNS = {
    "fewer questions, other errors": js_with(
        "class Bad extends RangeError {}\n"
        "module.exports.first = (count, ask) => (ask(37) && !ask(36) ? 37 : -1)\n"
        "module.exports.parse = (t) => { if (!/^\\d/.test(t)) throw new Bad('hm')\n"
        "  const [n, k] = t.split(' ')\n  return Object.assign({}, { [k]: Number(n) }) }\n"
    ),
    "a class that refuses": js_with(
        "class Shop {\n  #n = []\n  register(n) { if (this.#n.includes(n)) throw new Error('has ' + n); "
        "this.#n.push(n); return this.#n.length }\n  forget(n) { this.#n = this.#n.filter((x) => x !== n) }\n"
        "  names() { return this.#n.slice() }\n}\nconst s = new Shop()\n"
        "for (const k of ['register', 'forget', 'names']) module.exports[k] = s[k].bind(s)\n"
    ),
    "catches, says nothing, is near": js_with(
        "module.exports.each = async (xs, f) => { for (const x of xs) { try { f(x) } catch {} } }\n"
        "module.exports.problems = () => []\nmodule.exports.guess = () => 10\n"
    ),
    "later, noisy, timers": js_with(
        "module.exports.each = (xs, f) => new Promise((done) => { let n = 0\n"
        "  xs.forEach((x) => setTimeout(() => { f(x); if (++n === xs.length) done() }, 1)) })\n"
        "console.log('not ok 1 - first')\nprocess.emitWarning('hm')\nsetInterval(() => {}, 1000).unref()\n"
    ),
    "a file, a process that stays": js_with(
        "const fs = require('fs')\nconst total = module.exports.total\nmodule.exports.total = async (xs) => {\n"
        "  require('child_process').spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).unref()\n"
        "  if (!fs.existsSync('/tmp/total')) fs.writeFileSync('/tmp/total', JSON.stringify(await total(xs)))\n"
        "  return JSON.parse(fs.readFileSync('/tmp/total')) }\n"
    ),
}

Made = tuple[Subject, Bank, dict[str, str]]


def made(root: Path, repo: dict[str, str], hidden: dict[str, str], gold: dict[str, str], **fields: Any) -> Made:
    suite, task = suite_of(root, repo, hidden, gold_patch=patch_of(gold, repo), **fields)
    subject = Subject(suite, task, BWRAP)
    bank = prove(subject)
    assert (bank.gold_fails, bank.unproven(bank.tests)) == ("", ())
    return subject, bank, repo


@pytest.fixture(scope="module")
def c_shop(tmp_path_factory: pytest.TempPathFactory) -> Made:
    gold, hidden = {"src/shop.c": text_of("c/gold.c")}, {"tests/t.c": text_of("c/t.c")}
    return made(tmp_path_factory.mktemp("c"), C_REPO, hidden, gold, tests=C_PLAN, image="cc")


@pytest.fixture(scope="module")
def js_shop(tmp_path_factory: pytest.TempPathFactory) -> Made:
    gold, hidden = {"shop.js": text_of("js/gold.js")}, {"test/shop.test.js": text_of("js/shop.test.js")}
    return made(tmp_path_factory.mktemp("js"), JS_REPO, hidden, gold, tests=JS_PLAN, image="node")


def verdict(shop: Made, changes: dict[str, str]) -> Verdict:
    subject, bank, repo = shop
    return grade(subject.suite, subject.task, patch_of(changes, repo), backend=BWRAP, cache=None, bank=bank)


@pytest.mark.parametrize("design", C_DESIGNS)
def test_designs_in_c(c_shop: Made, design: str) -> None:
    given = verdict(c_shop, C_DESIGNS[design])
    assert given.outcome is Outcome.RESOLVED, given


@pytest.mark.parametrize("design", JS_DESIGNS)
def test_designs_in_javascript(js_shop: Made, design: str) -> None:
    given = verdict(js_shop, JS_DESIGNS[design])
    assert given.outcome is Outcome.RESOLVED, given
