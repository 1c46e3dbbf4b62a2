"""Runs pytest in a box and checks its report.

A supervisor in the box, which imports nothing of the repository, forks the process that runs pytest and reports on
a line that starts with a nonce. A test has passed if it was collected and its set-up, call and tear-down were each
observed to pass, once. The run is complete if pytest itself finished and the process then ended with pytest's exit
code. A test or a run that ``os._exit`` cuts short is neither.

A test that its own file marks as an expected failure, and that fails, has passed if its id was requested, since
SWE-bench's rows list such tests among those that pass. In a run of all tests it counts as skipped.

Of the repository's own ``addopts`` the options that tests may need are used
(:mod:`codegym.harness.inbox.addopts`); other settings of its configuration are used as they are. For pytest,
``TestPlan.command`` is a list of further pytest options.
"""

from __future__ import annotations

import json
import re
import secrets
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from codegym.episode import TestStatus
from codegym.harness.answer import check_started, read_answer
from codegym.harness.codes import Codes, codes_for
from codegym.harness.inbox_text import ENV, program
from codegym.harness.result import TestRun
from codegym.harness.text import brief, count, output_excerpt
from codegym.sandbox.protocol import WORKDIR, ExecResult, Sandbox
from codegym.task import TestPlan

_FACTS: dict[str, tuple[type, ...]] = {
    "collected": (list,),
    "start": (int,),
    "test": (int, str, str, str),
    "collect": (str, str, str),
    "internal": (str,),
    "aside": (list,),
    "end": (int,),
    "stderr": (str,),
    "took": (int,),
    "exit": (int, int, bool),
}
"""The kinds of facts, each with the types of its values."""
GRACE = 5.0
"""Seconds that a supervisor has for its report after the time limit."""
_OPTIONS = (
    "--rootdir=" + WORKDIR,
    "--basetemp=/tmp/pytest",
    "--tb=short",
    "--color=no",
    "--continue-on-collection-errors",
    "-q",
    *(f"-pno:{name}" for name in ("cacheprovider", "stepwise", "pastebin", "setuponly", "setupplan")),
)


_PARTS = re.compile("::|/")
_HEX = re.compile("[0-9a-f]{2}")


@dataclass(frozen=True)
class Question:
    """Which tests to run, and the time limit in seconds. ``codes``: see :func:`codegym.harness.run.run_tests`."""

    plan: TestPlan
    ids: tuple[str, ...]
    timeout: float
    codes: Codes | None = None


def run_pytest(box: Sandbox, question: Question) -> TestRun:
    """Run ``question`` (no ids: all tests) in a new interpreter."""
    nonce = secrets.token_hex(16)
    argv = [
        "python3",
        "-c",
        program("compiler", "addopts", "pytest_child", "supervisor") + "\nsys.exit(supervise(0, lambda: 1) < 0)\n",
    ]
    request = pytest_request(box, nonce, question)
    result = box.exec(argv, timeout=question.timeout + GRACE, cwd="/", env=ENV, stdin=request)
    return read_run(result, nonce, question)


def pytest_request(box: Sandbox, nonce: str, question: Question) -> bytes:
    """Return the supervisor's input: the nonce, the time limit, the child's settings, the compiled modules."""
    paths = tuple(dict.fromkeys(node.partition("::")[0] for node in question.ids))
    options = [*_OPTIONS, *shlex.split(question.plan.command)]
    settings = {"root": WORKDIR, "ids": question.ids, "paths": paths, "options": options}
    codes = codes_for(box, question.codes, paths) if question.codes and paths else b""
    return f"{nonce}\n{question.timeout}\n{json.dumps(settings)}\n".encode() + codes


def read_run(result: ExecResult, nonce: str, question: Question) -> TestRun:
    """Return the run that a supervisor's answer reports; without an answer, a run that is not complete."""
    facts = _facts(result.stdout, nonce)
    if facts is None:
        check_started(result, "python3")
        return TestRun(
            results={},
            complete=False,
            started=False,
            output=output_excerpt(result.stderr),
            exit_code=result.exit_code,
            timed_out=result.timed_out,
            oom=result.oom,
            seconds=result.seconds,
        )
    return _Facts(facts, question).run(result)


def _facts(stdout: str, nonce: str) -> list[list[Any]] | None:
    """Return the facts in a supervisor's answer, or ``None`` if its own last facts are missing."""
    facts = read_answer(stdout, nonce)
    ends = [fact[0] for fact in facts[-3:] if _is_well_formed(fact, ())] if isinstance(facts, list) else []
    return facts if ends == ["stderr", "took", "exit"] else None


def _is_well_formed(fact: Any, collected: Sequence[str]) -> bool:
    """Return whether ``fact`` is well-formed; ``collected`` are the test ids that it may refer to by number."""
    kind, values = (fact[0], fact[1:]) if isinstance(fact, list) and fact else (None, [])
    if not isinstance(kind, str) or tuple(type(value) for value in values) != _FACTS.get(kind):
        return False
    if kind in ("collected", "aside"):
        return all(isinstance(node, str) for node in values[0])
    return kind not in ("start", "test") or 0 <= values[0] < len(collected)


class _Facts:
    """The facts of one run, sorted by kind."""

    def __init__(self, facts: list[list[Any]], question: Question) -> None:
        self.requested = dict.fromkeys(question.ids)
        self.timeout = question.timeout
        self.collected: list[str] = []
        by_kind: dict[str, list[list[Any]]] = {}
        malformed = 0
        for fact in facts:
            if not _is_well_formed(fact, self.collected):
                malformed += 1
                continue
            by_kind.setdefault(fact[0], []).append(fact[1:])
            self.collected += fact[1] if fact[0] == "collected" else []
        self.started = [self.collected[fact[0]] for fact in by_kind.get("start", [])]
        self.tests = [(self.collected[n], *rest) for n, *rest in by_kind.get("test", [])]
        self.broken = by_kind.get("collect", [])
        self.internal = [str(text) for (text,) in by_kind.get("internal", [])]
        self.unknown_options = [option for (options,) in by_kind.get("aside", []) for option in options]
        self.ends = [code for (code,) in by_kind.get("end", [])]
        self.stderr = _complaints(by_kind["stderr"][-1][0])
        self.took = by_kind["took"][-1][0] / 1000
        self.exit_code, self.forged, self.late = by_kind["exit"][-1]
        self.forged += malformed

    def run(self, result: ExecResult) -> TestRun:
        results: dict[str, TestStatus] = {}
        failures: dict[str, str] = {}
        for node, outcomes, crash, _ in self.tests:
            repeated = node in results
            failed_as_expected = node in self.requested and is_expected_failure(outcomes)
            status = TestStatus.PASSED if failed_as_expected else status_of(outcomes)
            results[node] = TestStatus.ERROR if repeated else status
            if results[node] in (TestStatus.FAILED, TestStatus.ERROR):
                failures[node] = "ran more than once" if repeated else brief(crash)
        for node, why in [*self._not_collected(), *self._cut_short()]:
            results[node], failures[node] = TestStatus.ERROR, why
        for node in self.requested if self.unknown_options else ():
            if node not in results:
                failures[node] = f"was not found; {_unknown_options(self.unknown_options)}"
        return TestRun(
            results=results,
            complete=self._complete(),
            started=bool(self.started),
            output=output_excerpt("\n".join(self._lines(results))),
            failures=failures,
            exit_code=self.exit_code,
            timed_out=self.late,
            oom=result.oom,
            seconds=result.seconds,
            testing=self.took,
            tampering=self._tampering(),
        )

    def _complete(self) -> bool:
        orderly = self.ends == [self.exit_code] and self.exit_code in (0, 1, 4, 5)
        whole = sorted(self.collected) == sorted(test[0] for test in self.tests)
        return orderly and whole and not (self.late or self.internal or self.forged)

    def _tampering(self) -> tuple[str, ...]:
        return (f"{self.forged} forged packets on the result channel",) if self.forged else ()

    def _not_collected(self) -> Iterator[tuple[str, str]]:
        broken = {node: crash for node, crash, _ in self.broken}
        if not self.requested:
            yield from ((node, brief(crash)) for node, crash in broken.items())
        for node in self.requested:
            parent = next((place for place in _above(node) if place in broken), None)
            if parent is not None:
                yield node, brief(broken[parent])

    def _cut_short(self) -> Iterator[tuple[str, str]]:
        finished = {test[0] for test in self.tests}
        for node in self.started:
            if node not in finished:
                exited = f"the process ended during this test ({_exit_text(self.exit_code)})"
                yield node, f"did not end within {self.timeout:g} s" if self.late else exited

    def _lines(self, results: dict[str, TestStatus]) -> Iterator[str]:
        for node, _, text in self.broken:
            yield f"ERROR {node}\n{text}\n"
        for node, _, _, text in self.tests:
            if text:
                yield f"{results[node].upper()} {node}\n{text}\n"
        yield from self.internal
        if not self._complete():
            yield self.stderr
        if self.unknown_options:
            yield _unknown_options(self.unknown_options)
        yield count(results.values())


def status_of(outcomes: str) -> TestStatus:
    """Return a test's status from the letters of its phases; only ``spcptp`` has passed.

    Each phase (``s`` set-up, ``c`` call, ``t`` tear-down) has an outcome: ``p`` passed, ``f`` failed, ``s``
    skipped, ``e`` a failure that the tests themselves expect, ``x`` any other expected failure (or an unexpected
    pass), ``u`` a subtest that passed.
    """
    pairs = [outcomes[i : i + 2] for i in range(0, len(outcomes), 2)]
    if any(pair in ("sf", "tf") for pair in pairs):
        return TestStatus.ERROR
    if "cf" in pairs:
        return TestStatus.FAILED
    if any(pair[1:] in ("s", "x", "e") for pair in pairs):
        return TestStatus.SKIPPED
    plain = [pair for pair in pairs if pair != "cu"]
    return TestStatus.PASSED if plain == ["sp", "cp", "tp"] else TestStatus.ERROR


def is_expected_failure(outcomes: str) -> bool:
    """Return whether a test failed in the way that its own file expects, in any phase, and in no other way."""
    return "e" in outcomes and re.fullmatch(r"s[pe](c[pe])?t[pe]", outcomes) is not None


def _unknown_options(options: Sequence[str]) -> str:
    return f"options in addopts that nothing here knows, left out: {', '.join(options)}"


def _above(node: str) -> Iterator[str]:
    """Yield a node id, then those of its class, module and folders."""
    yield node
    yield from (node[: end.start()] for end in reversed(list(_PARTS.finditer(node))))


def _exit_text(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _complaints(packed: str) -> str:
    text = bytes.fromhex("".join(_HEX.findall(packed))).decode(errors="replace")
    return "\n".join(line for line in text.splitlines() if 'File "<string>"' not in line)
