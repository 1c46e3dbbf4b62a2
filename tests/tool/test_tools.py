"""Tools as an agent uses them, on a real task in a real box."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegym.errors import ConfigError
from codegym.harness.cache import ResultCache
from codegym.sandbox.backend import backend
from codegym.suite import Suite
from codegym.tool.call import ToolResult
from codegym.tool.cut import OUTPUT_CHARS, cut, printable
from codegym.tool.tools import TOOLS, toolset
from codegym.tool.workbench import Workbench

BY_NAME = {tool.name: tool for tool in TOOLS}


@pytest.fixture
def bench(mini: Suite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    yield from opened(mini, "clamp")


def opened(mini: Suite, task_id: str, kind: str = "bwrap") -> Iterator[Workbench]:
    task = mini.task(task_id)
    with backend(kind).open(mini.tree(task), task.image, task.limits) as box:
        yield Workbench(box, mini, task)


def use(bench: Workbench, name: str, **arguments: object) -> ToolResult:
    return BY_NAME[name](bench, arguments)


def test_looking(bench: Workbench) -> None:
    assert use(bench, "list").text == "src/clamp.py\ntests/conftest.py\ntests/test_clamp.py"
    assert use(bench, "list", path="src").text == "src/clamp.py"
    shown = use(bench, "view", path="/work/src/clamp.py", start="4", end=5)
    assert shown.text == "src/clamp.py, lines 4-5 of 6:\n4      if value > high:\n5          return value"
    assert shown.brief == "4      if value > high:\n5          return value"
    found = use(bench, "search", pattern=r"return (low|value)$", path="src")
    assert found.text.splitlines()[0] == "3 lines in 1 file:"
    assert found.text.splitlines()[1] == "src/clamp.py:3:         return low"
    assert use(bench, "search", pattern="return low", path="src/clamp.py").text.splitlines()[1:] == [
        "src/clamp.py:3:         return low"
    ]
    bench.box.write("odd: 1:name.txt", b"here\x0cand: 2:there\n")
    assert use(bench, "search", pattern="there").text.splitlines()[1:] == ["odd: 1:name.txt:1: hereand: 2:there"]
    assert not use(bench, "search", pattern="nowhere to be found").ok
    assert "The search failed" in use(bench, "search", pattern="(").text


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (r"\d{2,}", "ten = 10"),
        (r"^\w+\s=\s\d\d$", "ten = 10"),
        (r"\bten\b", "ten = 10"),
        (r"\<ten\>", "ten = 10"),
        (r"ten(?= =)", "ten = 10"),
        (r"(?i)TEN", "ten = 10"),
        (r"t.+?n =", "ten = 10"),
        (r"[[:digit:]]{2,}", "ten = 10"),
        (r"ten\b|nothing", "ten = 10"),
        ("nothing\nten =", "ten = 10"),
        (r"^caf", "caf\ufffd"),
        (r"gr\w\we", "gr\u00f6\u00dfe"),
        (r"-n$", "-n"),
        (r"c:\\<x", r"c:\<x"),
    ],
)
def test_search_takes_the_expressions_that_it_promises(bench: Workbench, pattern: str, line: str) -> None:
    content = "ten = 10\ngr\u00f6\u00dfe\n-n\nc:\\<x\n".encode() + b"caf\xe9\n"
    bench.box.write("a.txt", content)
    bench.box.write("b.bin", b"\0" + content)
    bench.box.exec("cp a.txt closed; chmod 000 closed; ln -s loop loop")
    found = use(bench, "search", pattern=pattern)
    assert [hit.partition(": ")[2] for hit in found.text.splitlines()[1:]] == [line]
    assert use(bench, "search", pattern=pattern, path="a.txt").ok


@pytest.mark.parametrize("pattern", ["(", "[", "a{2,1}", r"(?<=a+)b", "*"])
def test_an_expression_that_is_none_is_said(bench: Workbench, pattern: str) -> None:
    failed = use(bench, "search", pattern=pattern)
    assert not failed.ok
    assert "The search failed" in failed.text
    assert "no such file" in use(bench, "search", pattern="x", path="nowhere").text


def test_edits_show_what_became_and_undo_takes_them_back_one_by_one(bench: Workbench) -> None:
    before = bench.read("src/clamp.py")
    edited = use(bench, "replace_in_line", path="src/clamp.py", line=5, old="value", new="high")
    assert edited.text.splitlines()[0] == "Edited src/clamp.py:"
    assert edited.brief == "5          return high"
    assert use(bench, "insert", path="src/clamp.py", line=0, text="import math").ok
    assert use(bench, "create", path="docs/new.md", text="hello").text == "Wrote docs/new.md: 1 line."
    assert bench.read("docs/new.md") == "hello\n"
    diff = use(bench, "diff")
    assert "+import math" in diff.text
    assert diff.brief.splitlines() == ["+hello", "+import math", "-        return value", "+        return high"]
    assert [use(bench, "undo").ok for _ in range(4)] == [True, True, True, False]
    assert bench.read("src/clamp.py") == before
    assert use(bench, "diff").brief == "no changes"


def test_an_edit_keeps_the_executable_bit_and_odd_bytes(bench: Workbench) -> None:
    bench.box.write("run.sh", b"#!/bin/sh\r\necho \xff one\r\n", executable=True)
    assert use(bench, "replace", path="run.sh", old="one\n", new="two\nthree\n").ok
    assert bench.box.read("run.sh") == b"#!/bin/sh\r\necho \xff two\r\nthree\r\n"
    assert bench.box.exec(["test", "-x", "run.sh"]).exit_code == 0


DOS = "one\r\ntwo\r\nthree"
MIXED = "one\ntwo\r\nthree\nfour\r\n"
EDITS: list[tuple[str, str, dict[str, object], str]] = [
    (DOS, "insert", {"line": 1, "text": "a\nb\n"}, "one\r\na\r\nb\r\ntwo\r\nthree\r\n"),
    (DOS, "insert", {"line": 0, "text": "a"}, "a\r\none\r\ntwo\r\nthree\r\n"),
    (DOS, "insert", {"line": 3, "text": "a"}, "one\r\ntwo\r\nthree\r\na\r\n"),
    (DOS, "insert", {"line": 2, "text": "a\r\nb\r\n"}, "one\r\ntwo\r\na\r\nb\r\nthree\r\n"),
    ("\ufeff" + DOS, "insert", {"line": 0, "text": "a\nb"}, "\ufeffa\r\nb\r\none\r\ntwo\r\nthree\r\n"),
    ("\ufeffone\n", "insert", {"line": 0, "text": "a"}, "\ufeffa\none\n"),
    ("\ufeffone\n", "insert", {"line": 1, "text": "a"}, "\ufeffone\na\n"),
    ("", "insert", {"line": 0, "text": "a"}, "a\n"),
    ("one\n", "insert", {"line": 1, "text": ""}, "one\n\n"),
    (MIXED, "insert", {"line": 2, "text": "a"}, "one\ntwo\r\na\r\nthree\nfour\r\n"),
    (MIXED, "insert", {"line": 1, "text": "a"}, "one\na\ntwo\r\nthree\nfour\r\n"),
    (DOS, "replace_in_line", {"line": 2, "old": "two", "new": "2\n2.5"}, "one\r\n2\r\n2.5\r\nthree"),
    (DOS, "replace_in_line", {"line": 3, "old": "three", "new": "3\n4"}, "one\r\ntwo\r\n3\r\n4"),
    (MIXED, "replace_in_line", {"line": 1, "old": "one", "new": "1\n2"}, "1\n2\ntwo\r\nthree\nfour\r\n"),
    (DOS, "replace", {"old": "one\ntwo\nthree", "new": "1\n2"}, "1\r\n2"),
    (DOS, "replace", {"old": "two", "new": "2\n2.5"}, "one\r\n2\r\n2.5\r\nthree"),
    (DOS, "replace", {"old": "\nthree", "new": "\n3"}, "one\r\ntwo\r\n3"),
    (MIXED, "replace", {"old": "one\ntwo\nthree\n", "new": "1\n"}, "1\nfour\r\n"),
    (MIXED, "replace", {"old": "two\nthree\nfour\n", "new": "2\n3\n"}, "one\n2\r\n3\r\n"),
    (MIXED, "replace", {"old": "one\r\ntwo\r\n", "new": "1\r\n"}, "1\nthree\nfour\r\n"),
    ("a\nb\n", "replace", {"old": "a\r\nb", "new": "c\r\nd"}, "c\nd\n"),
    ("a\nb\n", "replace", {"old": "a", "new": "c\r\nd"}, "c\r\nd\nb\n"),
    ("", "create", {"text": "a\r\nb"}, "a\r\nb\r\n"),
]


@pytest.mark.parametrize(("before", "name", "arguments", "after"), EDITS)
def test_edits_keep_line_ends_and_the_byte_order_mark(
    bench: Workbench, before: str, name: str, arguments: dict[str, object], after: str
) -> None:
    bench.box.write("file.txt", before.encode())
    assert use(bench, name, path="file.txt", **arguments).ok
    assert bench.box.read("file.txt") == after.encode()


def test_texts_that_differ_in_their_line_ends_are_two(bench: Workbench) -> None:
    bench.box.write("file.txt", b"a\nb\na\r\nb\r\n")
    assert (
        "stands 2 times in file.txt, at lines 1, 3"
        in use(bench, "replace", path="file.txt", old="a\nb", new="").text
    )


def test_a_compact_edit_keeps_line_ends(bench: Workbench) -> None:
    bench.box.write("src/clamp.py", bench.box.read("src/clamp.py").replace(b"\n", b"\r\n"))
    assert use(bench, "locate").ok
    assert use(bench, "fix", line=5, old="return value", new="return high\n    # so").ok
    assert bench.box.read("src/clamp.py").count(b"\n") == bench.box.read("src/clamp.py").count(b"\r\n") == 7


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("view", {}, "needs the argument 'path'. Usage: view(path, start=1, end=0)"),
        ("view", {"path": "a", "strat": 1}, "Did you mean 'start'?"),
        ("view", {"path": "src/clamp.py", "start": "x"}, "start = 'x': Input should be a valid integer"),
        ("view", {"path": "clamp.py"}, "Did you mean src/clamp.py?"),
        ("view", {"path": "src"}, "is a folder"),
        ("view", {"path": "src/clamp.py", "start": 99}, "there is no line 99"),
        ("view", {"path": "../../etc/passwd"}, "outside the repository"),
        ("create", {"path": "/etc/passwd", "text": ""}, "outside the repository"),
        ("replace", {"path": "src/clamp.py", "old": "retrun value", "new": ""}, "5          return value"),
        (
            "replace",
            {"path": "src/clamp.py", "old": "return value", "new": ""},
            "2 times in src/clamp.py, at lines 5, 6",
        ),
        ("replace", {"path": "src/clamp.py", "old": "value\n", "new": "value\n"}, "stands 2 times"),
        ("replace_in_line", {"path": "src/clamp.py", "line": 5, "old": "low", "new": ""}, "0 times in line 5"),
        ("insert", {"path": "src/clamp.py", "line": 70, "text": ""}, "has 6 lines"),
        ("list", {"path": "nowhere"}, "no files below"),
        ("test", {"ids": ["tests/test_clamp.py::test_nothing"]}, "NOT FOUND tests/test_clamp.py::test_nothing"),
    ],
)
def test_mistakes_are_explained(bench: Workbench, name: str, arguments: dict[str, object], said: str) -> None:
    result = BY_NAME[name](bench, arguments)
    assert said in result.text
    assert not result.ok
    assert not bench.edits


def test_tests_say_what_fails_and_why(bench: Workbench) -> None:
    failed = use(bench, "test")
    assert not failed.ok
    assert failed.text.splitlines()[0] == "1 passed, 1 failed."
    assert "FAILED tests/test_clamp.py::test_high: " in failed.text
    assert "9 == 5" in failed.text
    assert "9 == 5" in failed.brief
    assert use(bench, "test", ids="tests/test_clamp.py::test_low").brief == "1 passed, 0 failed"
    use(bench, "replace_in_line", path="src/clamp.py", line=5, old="value", new="high")
    passed = use(bench, "test")
    assert (passed.ok, passed.text) == (True, "2 passed, 0 failed.")
    use(bench, "replace_in_line", path="src/clamp.py", line=1, old=":", new="")
    broken = use(bench, "test")
    assert not broken.ok
    assert "src/clamp.py" in broken.text
    assert "src/clamp.py" in broken.brief


def test_compact_edits_are_made_by_the_numbers_of_the_excerpt(bench: Workbench) -> None:
    assert use(bench, "rewrite", line=1, text="x").brief == "locate first"
    assert "return value #5*" in use(bench, "locate").brief
    assert use(bench, "rewrite", line=5, text="return high").brief == "ok"
    assert bench.read("src/clamp.py").split("\n")[4] == "        return high"
    assert use(bench, "rewrite", line=5, text="return high").brief == "no change"
    assert use(bench, "test").ok
    assert use(bench, "add", line=4, text="high = high").ok
    assert use(bench, "add", line=6, text="    low = low").ok
    assert use(bench, "rewrite", line=5).text == "src/clamp.py:5: deleted."
    assert bench.read("src/clamp.py").split("\n")[3:6] == [
        "    if value > high:",
        "        return high",
        "    low = low",
    ]
    assert use(bench, "rewrite", line=8, text="x").brief == "no such line"
    assert [use(bench, "undo").ok for _ in range(5)] == [True, True, True, True, False]


def test_an_excerpt_has_the_first_paragraph_of_the_docstring(bench: Workbench) -> None:
    code = bench.read("src/clamp.py")
    bench.write("src/clamp.py", code.replace(":\n", ':\n    r"""Keep a value\n    in.\n\n    More.\n    """\n', 1))
    shown = use(bench, "locate").brief.split("\n")
    assert shown[2:4] == ["def clamp(value, low, high): #1", '    """Keep a value in."""']
    assert use(bench, "rewrite", line=10, text="return high").ok
    assert use(bench, "test").ok


def test_a_tree_tested_before_is_not_tested_again(
    bench: Workbench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bench.cache = ResultCache(tmp_path_factory.mktemp("results"))
    first, second = use(bench, "test"), use(bench, "test")
    assert (first.cached, second.cached) == (False, True)
    assert first.text == second.text


BESIDE_THE_DIGEST = [
    "chmod 000 src/clamp.py",
    "chmod 000 src",
    "chmod 000 tests",
    "mkdir .hypothesis; truncate -s 512M .hypothesis/a; echo 'raise SystemExit(1)' > conftest.py",
    "mkdir -p .git; echo x > .git/config; mkfifo src/pipe; mkdir src/clamp",
    "mkdir -p src/__pycache__; echo x > src/__pycache__/clamp.cpython-311.pyc",
    "mkdir -p /tmp/home/.config; echo 'import sys; sys.exit(3)' > /tmp/sitecustomize.py; echo x > /tmp/pytest",
    "mkdir .mypy_cache; echo 'def test_low(): assert 0' > .mypy_cache/test_more.py; ln src/clamp.py .mypy_cache/x",
]


@pytest.mark.parametrize("command", BESIDE_THE_DIGEST)
def test_what_a_digest_does_not_cover_leaves_no_result_for_others(
    mini: Suite, tmp_path: Path, command: str
) -> None:
    caches = {"": ResultCache(tmp_path / "own"), command: ResultCache(tmp_path / "shared")}
    texts = []
    for spoil, cache in [("", caches[""]), (command, caches[command]), ("", caches[command])]:
        for bench in opened(mini, "clamp"):
            bench.cache = cache
            if spoil:
                bench.box.exec(spoil)
            texts.append([use(bench, name).text for name in ("test", "locate")])
    assert texts[0][0] == texts[1][0]
    assert texts[0] == texts[2]
    assert texts[0][0].startswith("1 passed, 1 failed.")


def test_a_test_run_finds_nothing_of_the_one_before(bench: Workbench, tmp_path: Path) -> None:
    bench.cache = ResultCache(tmp_path)
    clean = use(bench, "test", ids="tests/test_clamp.py::test_low")
    code = bench.read("src/clamp.py")
    bench.write("src/clamp.py", code + "import os, sys\nopen('/tmp/mark', 'w')\nopen('src/mark', 'w')\n")
    assert use(bench, "test").text.startswith("1 passed, 1 failed.")
    assert bench.box.exec("ls /tmp/mark src/mark").exit_code != 0
    assert clean.text == "1 passed, 0 failed."


def test_tests_run_on_what_replaced_what(mini: Suite, tmp_path: Path) -> None:
    for bench in opened(mini, "clamp"):
        bench.cache = ResultCache(tmp_path)
        bench.box.exec(
            "mkdir new; mv src/clamp.py new/clamp.py; rm -r src; ln -s new src; echo x > README; rm -r tests/x"
        )
        assert use(bench, "test").text.startswith("1 passed, 1 failed.")
        bench.box.exec("sed -i 's/return value$/return high/' new/clamp.py; rm src; mv new src")
        assert use(bench, "test").text != ""
        assert bench.box.exec("rm -r tests; echo x > tests").exit_code == 0
        assert not use(bench, "test").ok


def test_compile_python(bench: Workbench) -> None:
    assert use(bench, "compile").text == "Compiled without errors: 3 files."
    use(bench, "replace_in_line", path="src/clamp.py", line=5, old="value", new="(value")
    result = use(bench, "compile")
    assert "src/clamp.py:5: SyntaxError: '(' was never closed" in result.text
    assert result.brief == "src/clamp.py:5: SyntaxError: '(' was never closed"
    assert not any("__pycache__" in path for path in bench.box.changes())


def test_compile_c(mini: Suite) -> None:
    for bench in opened(mini, "total"):
        assert "error: expected" in use(bench, "compile").text
        use(bench, "replace_in_line", path="total.c", line=5, old="0", new="0;")
        assert use(bench, "compile").text == "Compiled without errors: 1 file."
        use(bench, "create", path="Makefile", text="total.o: total.c\n\tgcc -c total.c\n")
        assert use(bench, "compile").ok
        assert sorted(bench.box.changes()) == ["Makefile", "total.c"]


def test_shell_shows_output_and_how_it_ended(bench: Workbench) -> None:
    result = use(bench, "shell", command="echo out; echo err >&2; printf '\\033[31mred\\033[0m'; exit 3")
    assert result.text == "out\nred\nerr\n[exit code 3]"
    assert "[stopped: it took too long]" in use(bench.within(0.3), "shell", command="echo begun; sleep 60").text
    long = use(bench, "shell", command="yes | head -n 100000")
    assert len(long.text) < OUTPUT_CHARS + 100
    assert "lines left out" in long.text


def test_cut_keeps_head_and_tail() -> None:
    text = "\n".join(f"line {n}" for n in range(1000))
    shown = cut(text, 300)
    assert shown.startswith("line 0\n")
    assert shown.endswith("line 999")
    assert cut("short", 300) == "short"
    left_out = int(shown.partition("[… ")[2].partition(" ")[0])
    assert left_out + len(shown.splitlines()) - 1 == 1000


def test_printable_drops_what_a_terminal_would_obey() -> None:
    assert printable("a\x1b[1;31mb\x1b]0;title\x07c\r\nd\x00\ud800\u202f") == "abc\nd\ufffd\u202f"


def test_schema_comes_from_the_signature() -> None:
    schema = BY_NAME["view"].schema()["function"]
    assert isinstance(schema, dict)
    assert schema["name"] == "view"
    assert schema["description"].startswith("Show a file")
    assert schema["parameters"]["required"] == ["path"]
    assert schema["parameters"]["properties"]["start"]["type"] == "integer"
    assert "relative to the repository" in schema["parameters"]["properties"]["path"]["description"]


def test_toolset_by_name() -> None:
    assert [tool.name for tool in toolset(("view", "submit"))] == ["view", "submit"]
    with pytest.raises(ConfigError, match="Did you mean 'submit'"):
        toolset(("submitt",))


NASTY = ("", " ", "\0", "\ud800", "-rf", "--help", "*", "[", "\n", "a/" * 3000, "x" * 5000, "\U0001f600" * 40_000)


@pytest.mark.parametrize("name", [name for name in BY_NAME if BY_NAME[name].parameters() and name != "test"])
def test_no_argument_brings_a_tool_down(bench: Workbench, name: str) -> None:
    bench = bench.within(5.0)
    for nasty in NASTY:
        assert BY_NAME[name](bench, dict.fromkeys(BY_NAME[name].parameters(), nasty)).text
        mixed = {k: 1 if s["type"] == "integer" else nasty for k, s in BY_NAME[name].parameters().items()}
        assert BY_NAME[name](bench, mixed).text
        assert BY_NAME[name](bench, mixed | {"path": "src/clamp.py"}).text


@pytest.mark.parametrize("ids", ["\0", "-x", "nowhere.py::\U0001f600", [["tests"]]])
def test_no_id_brings_the_tests_down(bench: Workbench, ids: object) -> None:
    assert not use(bench, "test", ids=ids).ok
