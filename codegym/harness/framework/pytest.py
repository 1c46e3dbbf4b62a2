"""Running pytest in a box and weighing what it says.

A supervisor in the box that imports nothing of the repository forks the process that runs pytest, and reports
on a line that starts with a nonce. A test has passed when it was collected and its set-up, call and tear-down
were each seen to pass, once; the run is complete when pytest itself came to its end and the process then ended
with pytest's own exit code. What an ``os._exit`` cuts short is neither.

A test that its own file marks as an expected failure, and that fails, has passed if it was asked for by its id:
SWE-bench's rows name such tests among those that pass. In a run of all tests it counts as skipped.

Of the repository's own ``addopts`` those hold that tests may need (:mod:`codegym.harness.inbox.addopts`); other
settings in its configuration hold. For pytest, ``TestPlan.command`` is a list of further pytest options.
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
from codegym.harness.text import brief, count, shown
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
"""What may be said, by its first word."""
GRACE = 5.0
"""Seconds that a supervisor gets to report after its time is up."""
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
    """Which tests to run, for how many seconds; ``codes`` are as for :func:`codegym.harness.run.run_tests`."""

    plan: TestPlan
    ids: tuple[str, ...]
    timeout: float
    codes: Codes | None = None


def run_pytest(box: Sandbox, question: Question) -> TestRun:
    """Run what is asked (no ids: all that pytest finds) by a new interpreter."""
    nonce = secrets.token_hex(16)
    argv = [
        "python3",
        "-c",
        program("compiler", "addopts", "pytest_child", "supervisor") + "\nsys.exit(supervise(0, lambda: 1) < 0)\n",
    ]
    asked = request(box, nonce, question)
    done = box.exec(argv, timeout=question.timeout + GRACE, cwd="/", env=ENV, stdin=asked)
    return read_run(done, nonce, question)


def request(box: Sandbox, nonce: str, question: Question) -> bytes:
    """Return what a supervisor reads: the nonce, the seconds it may take, what the child is asked, code."""
    paths = tuple(dict.fromkeys(node.partition("::")[0] for node in question.ids))
    options = [*_OPTIONS, *shlex.split(question.plan.command)]
    asked = {"root": WORKDIR, "ids": question.ids, "paths": paths, "options": options}
    codes = codes_for(box, question.codes, paths) if question.codes and paths else b""
    return f"{nonce}\n{question.timeout}\n{json.dumps(asked)}\n".encode() + codes


def read_run(done: ExecResult, nonce: str, question: Question) -> TestRun:
    """Weigh a supervisor's answer. Without one nothing was established, and the run is not complete."""
    facts = _facts(done.stdout, nonce)
    if facts is None:
        check_started(done, "python3")
        return TestRun(
            results={},
            complete=False,
            started=False,
            output=shown(done.stderr),
            exit_code=done.exit_code,
            timed_out=done.timed_out,
            oom=done.oom,
            seconds=done.seconds,
        )
    return _Reading(facts, question).run(done)


def _facts(stdout: str, nonce: str) -> list[list[Any]] | None:
    """Return what a supervisor said, or ``None`` where it is not all that each one says."""
    facts = read_answer(stdout, nonce)
    ends = [fact[0] for fact in facts[-3:] if _sound(fact, ())] if isinstance(facts, list) else []
    return facts if ends == ["stderr", "took", "exit"] else None


def _sound(fact: Any, collected: Sequence[str]) -> bool:
    """Return whether our plugin could have said this, ``collected`` being the ids that it numbered before."""
    kind, said = (fact[0], fact[1:]) if isinstance(fact, list) and fact else (None, [])
    if not isinstance(kind, str) or tuple(type(value) for value in said) != _FACTS.get(kind):
        return False
    if kind in ("collected", "aside"):
        return all(isinstance(node, str) for node in said[0])
    return kind not in ("start", "test") or 0 <= said[0] < len(collected)


class _Reading:
    """The facts of one run, sorted out."""

    def __init__(self, facts: list[list[Any]], question: Question) -> None:
        self.asked = dict.fromkeys(question.ids)
        self.timeout = question.timeout
        self.collected: list[str] = []
        by_kind: dict[str, list[list[Any]]] = {}
        unsound = 0
        for fact in facts:
            if not _sound(fact, self.collected):
                unsound += 1
                continue
            by_kind.setdefault(fact[0], []).append(fact[1:])
            self.collected += fact[1] if fact[0] == "collected" else []
        self.started = [self.collected[fact[0]] for fact in by_kind.get("start", [])]
        self.tests = [(self.collected[n], *rest) for n, *rest in by_kind.get("test", [])]
        self.broken = by_kind.get("collect", [])
        self.internal = [str(text) for (text,) in by_kind.get("internal", [])]
        self.aside = [option for (options,) in by_kind.get("aside", []) for option in options]
        self.ends = [code for (code,) in by_kind.get("end", [])]
        self.stderr = _complaints(by_kind["stderr"][-1][0])
        self.took = by_kind["took"][-1][0] / 1000
        self.exit_code, self.forged, self.late = by_kind["exit"][-1]
        self.forged += unsound

    def run(self, done: ExecResult) -> TestRun:
        results: dict[str, TestStatus] = {}
        failures: dict[str, str] = {}
        for node, outcomes, crash, _ in self.tests:
            repeated = node in results
            as_asked = node in self.asked and is_expected_failure(outcomes)
            status = TestStatus.PASSED if as_asked else status_of(outcomes)
            results[node] = TestStatus.ERROR if repeated else status
            if results[node] in (TestStatus.FAILED, TestStatus.ERROR):
                failures[node] = "ran more than once" if repeated else brief(crash)
        for node, why in [*self._not_collected(), *self._cut_short()]:
            results[node], failures[node] = TestStatus.ERROR, why
        for node in self.asked if self.aside else ():
            if node not in results:
                failures[node] = f"was not found; {_without(self.aside)}"
        return TestRun(
            results=results,
            complete=self._complete(),
            started=bool(self.started),
            output=shown("\n".join(self._told(results))),
            failures=failures,
            exit_code=self.exit_code,
            timed_out=self.late,
            oom=done.oom,
            seconds=done.seconds,
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
        if not self.asked:
            yield from ((node, brief(crash)) for node, crash in broken.items())
        for node in self.asked:
            above = next((place for place in _above(node) if place in broken), None)
            if above is not None:
                yield node, brief(broken[above])

    def _cut_short(self) -> Iterator[tuple[str, str]]:
        ended = {test[0] for test in self.tests}
        for node in self.started:
            if node not in ended:
                late = f"did not end within {self.timeout:g} s"
                yield node, late if self.late else f"the process ended during this test ({_how(self.exit_code)})"

    def _told(self, results: dict[str, TestStatus]) -> Iterator[str]:
        for node, _, text in self.broken:
            yield f"ERROR {node}\n{text}\n"
        for node, _, _, text in self.tests:
            if text:
                yield f"{results[node].upper()} {node}\n{text}\n"
        yield from self.internal
        if not self._complete():
            yield self.stderr
        if self.aside:
            yield _without(self.aside)
        yield count(results.values())


def status_of(outcomes: str) -> TestStatus:
    """Return a test's status from the letters of its phases: ``spcptp`` is the one way to pass.

    Phases are ``s``, ``c`` and ``t``; ``p`` is passed, ``f`` failed, ``s`` skipped, ``e`` a failure that the tests
    themselves expect, ``x`` any other of that kind (or a pass that was not expected), ``u`` a subtest that passed.
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
    """Return whether a test failed as its own file says that it does, in any phase, and in no other way."""
    return "e" in outcomes and re.fullmatch(r"s[pe](c[pe])?t[pe]", outcomes) is not None


def _without(options: Sequence[str]) -> str:
    return f"options in addopts that nothing here knows, left out: {', '.join(options)}"


def _above(node: str) -> Iterator[str]:
    """Yield ``node``, then what it lies in, up to its top folder."""
    yield node
    yield from (node[: end.start()] for end in reversed(list(_PARTS.finditer(node))))


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _complaints(packed: str) -> str:
    text = bytes.fromhex("".join(_HEX.findall(packed))).decode(errors="replace")
    return "\n".join(line for line in text.splitlines() if 'File "<string>"' not in line)
