"""What boxes say, at its worst: reading it takes time and memory in proportion to its length, and no more."""

from __future__ import annotations

import base64
import json
import secrets
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable
from functools import partial

import pytest

from codegym.harness.answer import read_answer
from codegym.harness.framework.pytest import Question, read_run
from codegym.harness.framework.tap import read_tap
from codegym.harness.text import brief, output_excerpt, steady
from codegym.importer.kit.log_tap import DIALECTS
from codegym.importer.kit.log_tap import read as read_log
from codegym.policy.script.chance import EXCERPT, FILE, NUMBERED
from codegym.sandbox.protocol import ExecResult
from codegym.task import TestPlan
from codegym.tool.cut import printable
from codegym.tool.dialect.native import Native
from codegym.tool.dialect.tagged import Tagged
from codegym.tool.standard.look import hit_of

LOGS = {name: partial(read_log, dialect=name) for name in DIALECTS}
READERS: dict[str, Callable[[str], object]] = {
    "tap": read_tap,
    "steady": steady,
    "brief": brief,
    "output_excerpt": output_excerpt,
    "printable": printable,
    "grep": hit_of,
    "tagged": Tagged().parse,
    "native": Native().parse,
    "excerpt": EXCERPT.findall,
    "numbered": NUMBERED.findall,
    "file": FILE.findall,
    **LOGS,
}
HEADS = (
    *("", "✓ a", "--- PASS: a", "test a", "PASSED a[/", "_ ", "ok 1 - ", "1..", "1 ", "in ", "a", "a\0"),
    *('<tool name="a">', "<tool_call>"),
)
UNITS = (
    *(" > ", "(1 ", " ... ", ".py:"),
    *(
        " ",
        "\t",
        "\r",
        "\x0b",
        "\u2028",
        " \t",
        "a\n",
        "#",
        " #",
        "# ",
        "\\#",
        "ok ",
        "0",
        "0x",
        "x",
        "./",
        "/tmp/",
    ),
    *(
        "in 1",
        "1.",
        "1 ",
        "\x1b[",
        "a ",
        "a #1",
        " #1x",
        "<a>",
        "<tool name",
        "<tool_call>",
        "{",
        "[",
        '"',
        "\\",
        "a/",
    ),
)


def _seconds(read: Callable[[str], object], text: str) -> float:
    start = time.thread_time()
    read(text)
    return time.thread_time() - start


@pytest.mark.parametrize("name", READERS)
def test_four_times_the_text_takes_about_four_times_as_long(name: str) -> None:
    """A quadratic reader takes sixteen times; what takes no time at all is not compared."""
    read, size = READERS[name], 3_000
    for head in HEADS:
        for unit in UNITS:
            short, long = (head + unit * (n // len(unit)) + "\0" for n in (size, 4 * size))
            if (took := _seconds(read, long)) > 0.03:
                quickest = min(took, *(_seconds(read, long) for _ in range(2)))
                assert quickest < 9 * min(_seconds(read, short) for _ in range(3)), (head, unit)


def _line(packed: bytes, nonce: str) -> str:
    return f"noise\n{nonce} {base64.b64encode(packed).decode()}\n"


@pytest.mark.parametrize("piece", [b"{}", b"[]", b"1", b'""', b'{"":0}', b"[[]]", b'"\\\\"', b"1e9"])
def test_an_answer_of_many_values_is_refused_before_it_is_built(piece: bytes) -> None:
    nonce = secrets.token_hex(16)
    said = b"[" + piece + (b"," + piece) * (30_000_000 // (len(piece) + 1)) + b"]"
    line = _line(zlib.compress(said, 1), nonce)
    del said
    tracemalloc.start()
    try:
        assert read_answer(line, nonce) is None
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "said",
    [
        b"[" * 100_000,
        b'{"":' * 100_000,
        b"[1" + b"0" * 5000 + b"]",
        b"[1" + b"0" * 100 + b"]",
        b'"' + b"a" * (40 << 20) + b'"',
        b'["' + b"\\" * 100_001,
        b"\xff\xfe",
        b"",
    ],
)
def test_answers_that_no_program_of_ours_gives(said: bytes) -> None:
    nonce = secrets.token_hex(16)
    assert read_answer(_line(zlib.compress(said), nonce), nonce) is None
    assert read_answer(_line(zlib.compress(said)[:-5], nonce), nonce) is None


def test_an_answer_is_read_whatever_its_texts_hold() -> None:
    nonce = secrets.token_hex(16)
    said = [["test", 1, '{}[],:"\\' * 200_000, "\ud800 ü", True, 1.5, None]]
    line = _line(zlib.compress(json.dumps(said).encode()), nonce)
    read = read_answer(line, nonce)
    assert read == [["test", 1, '{}[],:"\\' * 200_000, "? ü", True, 1.5, None]]
    assert read_answer(line + line, nonce) is None


def test_reports_of_many_broken_files_are_read_in_proportion() -> None:
    """What a test lies in is looked up among the files that were not collected, not the other way."""
    ids = tuple(f"tests/test_{n}.py::TestIt::test_it" for n in range(400))
    nonce = secrets.token_hex(16)
    question = Question(TestPlan(framework="pytest", fail_to_pass=()), ids, 1.0)

    def read(count: int) -> int:
        facts = [["collect", f"f{n}.py", "Error", ""] for n in range(count)]
        facts += [["collect", "tests/test_7.py", "SyntaxError: no", ""]]
        facts += [["stderr", "not hex: 6"], ["took", 1], ["exit", 2, 0, False]]
        out = _line(zlib.compress(json.dumps(facts).encode()), nonce)
        calls = 0

        def count_call(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count_call)
        try:
            run = read_run(ExecResult(0, out, ""), nonce, question)
        finally:
            sys.setprofile(None)
        assert run.failures == {ids[7]: "SyntaxError: no"}
        return calls

    few, many = read(1_000), read(4_000)
    assert many < 5 * few
    assert many < 60 * (4_000 + len(ids))
