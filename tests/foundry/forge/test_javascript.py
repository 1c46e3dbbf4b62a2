"""Suites forged from JavaScript packages whose tests need runners from npm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.episode import Outcome
from codegym.foundry.forge.forge import forge
from codegym.foundry.forge.options import ForgeOptions
from codegym.foundry.repository.origin import origin
from codegym.foundry.repository.project import Project, project
from codegym.grade.grade import grade
from codegym.grade.protected import is_protected
from codegym.sandbox.backend import backend
from codegym.suite import load_suite, read_certificates
from tests.foundry.repositories import JAVASCRIPT, Texts, write
from tests.npm import VERSIONS, npm_image, package_text

pytestmark = pytest.mark.slow

CHECKS = {
    "words": ('words(" a  b ")', '["a", "b"]'),
    "no words": ('words("")', "[]"),
    "count": ('count("a b a")', "{ a: 2, b: 1 }"),
    "arithmetic": ("[1 + 1]", "[2]"),
}
REQUIRE = 'const { words, count } = require("../lib/words.js");\n'


UVU = 'const { test } = require("uvu");\nconst assert = require("uvu/assert");\n'


def checks(template: str, *head: str) -> str:
    """Return a test file with one test for each of the checks."""
    return "\n".join(
        [*head, *(template.format(name=name, got=got, want=want) for name, (got, want) in CHECKS.items())]
    )


JEST = checks('test("{name}", () => expect({got}).toEqual({want}));', REQUIRE)
VITEST = checks(
    'test("{name}", () => expect({got}).toEqual({want}));',
    'import { expect, test } from "vitest";',
    'import lib from "../lib/words.js";',
    "const { words, count } = lib;",
)
MOCHA = checks(
    'it("{name}", () => expect({got}).to.deep.equal({want}));', 'const { expect } = require("chai");', REQUIRE
)
AVA = checks('test("{name}", (t) => {{ t.deepEqual({got}, {want}); }});', 'const test = require("ava");', REQUIRE)
TAPE = checks(
    'test("{name}", (t) => {{ t.deepEqual({got}, {want}); t.end(); }});', 'const test = require("tape");', REQUIRE
)
UVU_WORDS = (
    UVU
    + REQUIRE
    + """\
test("words", () => assert.equal(words(" a  b "), ["a", "b"]));
test("count", () => assert.equal(count("a b a"), { a: 2, b: 1 }));
test.run();
"""
)
UVU_ARITHMETIC = UVU + 'test("arithmetic", () => assert.is(1 + 1, 2));\ntest.run();\n'
RUNNERS = {
    "jest": ("jest --coverage", {"test/words.test.js": JEST}),
    "vitest": ("vitest", {"test/words.test.mjs": VITEST}),
    "mocha": ("nyc mocha --reporter dot", {"test/words.js": MOCHA}),
    "ava": ("ava", {"test/words.js": AVA}),
    "tape": ("tape 'test/*.js'", {"test/words.js": TAPE}),
    "uvu": ("uvu test", {"test/one.js": UVU_WORDS, "test/two.js": UVU_ARITHMETIC}),
}


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder of suites and images of our own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def words_project(folder: Path, script: str, tests: Texts, *, image: str = "") -> Project:
    package = package_text("uvu", script=script)
    write(folder, {"package.json": package, "lib/words.js": JAVASCRIPT["lib/words.js"], **tests})
    return project(origin(str(folder), folder), "", image=image)


@pytest.mark.parametrize("name", RUNNERS)
def test_a_package_makes_certified_tasks(tmp_path: Path, name: str) -> None:
    script, tests = RUNNERS[name]
    chosen = words_project(tmp_path, script, tests, image=npm_image())
    options = ForgeOptions(f"words_{name}", operators=("removal",), most=2, repeats=1, declared=False)
    assert forge(chosen, options).tasks >= 1
    suite = load_suite(f"words_{name}")
    for task in suite.tasks.values():
        gold = grade(suite, task, task.gold_patch, backend=backend("bwrap"), cache=None)
        assert gold.outcome is Outcome.RESOLVED, gold.detail
        assert grade(suite, task, "", backend=backend("bwrap"), cache=None).outcome is Outcome.UNRESOLVED
        assert not read_certificates(suite)[task.id].unproven
        assert all(is_protected(path, task.tests) for path in ("package.json", *tests))


def test_what_the_tests_need_becomes_an_image_of_the_suite(tmp_path: Path) -> None:
    npm_image()
    script, tests = RUNNERS["uvu"]
    options = ForgeOptions("words_alone", operators=("removal",), most=1, repeats=1)
    report = forge(words_project(tmp_path, script, tests), options)
    assert report.image.startswith("node-")
    assert report.pins == (f"uvu@{VERSIONS['uvu']}",)
    folder = load_suite("words_alone").root / "images" / report.image
    assert {path.name for path in folder.iterdir()} == {
        "Dockerfile",
        "image.toml",
        "package.json",
        "package-lock.json",
    }
    assert "npm ci --ignore-scripts" in (folder / "Dockerfile").read_text()
