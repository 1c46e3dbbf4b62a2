"""Test commands that write a JUnit report: gets the report out of the box and reads it.

Reports are packed in the box (gzip, base64, one line each), since a report is long and a box's output is limited.
They are not trusted: a report with a document type, which could define entities, is refused, and so is one that is
too large. If one report is cut off, malformed or missing, the run is not complete, as with a missing plan in TAP.
"""

from __future__ import annotations

import re
import shlex
from xml.parsers import expat

from codegym.episode import TestStatus
from codegym.harness.framework.tap import TapReport
from codegym.harness.packed import PACK, UnreadableError, unpack

MOST_DEPTH = 100
"""The deepest nesting of elements; real reports have six levels."""
_PACK_ALL = f"for report in {{}}; do {PACK}; echo; done"
_PACKED = re.compile(rf"; for report in .+; do {re.escape(PACK)}; echo; done$", re.DOTALL)
_WORST = (TestStatus.PASSED, TestStatus.SKIPPED, TestStatus.FAILED)
_NOT_RUN = {"notrun", "disabled", "skipped", "suppressed"}
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding=["']([\w.-]+)""")
_PLAIN = re.compile(r"utf-?8|(us-)?ascii|iso-?8859-\d+|latin-?\d+|windows-125\d", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


class _RefusedError(Exception):
    """A report has content that no real report has."""


def junit_command(command: str, report: str) -> str:
    """Return a shell command that runs ``command`` and prints its JUnit ``report`` for :func:`read_junit`.

    A ``report`` with wildcards names several. A report that exists before the run is deleted. The command's own
    output goes to standard error.
    """
    quoted = report if any(mark in report for mark in "*?[") else shlex.quote(report)
    return f"rm -f {quoted}; {{ {command}; }} >&2; {_PACK_ALL.format(quoted)}"


def prints_junit(command: str) -> bool:
    """Return whether a test plan's command was made by :func:`junit_command`."""
    return _PACKED.search(command) is not None


def read_junit(text: str) -> TapReport:
    """Read packed reports. A test's id is ``class::name``; of several with one id the worst result counts."""
    report = TapReport()
    for number, line in enumerate(text.splitlines(), 1):
        try:
            _Reader(report).read(unpack(line))
        except (_RefusedError, UnreadableError, expat.ExpatError, LookupError, ValueError) as error:
            report.wrong.append(f"JUnit report {number} can't be read: {error}")
    if not report.count and not report.wrong:
        report.wrong.append("no test was reported")
    return report


def report_text(report: TapReport) -> str:
    """Return a report as readable text."""
    lines = [f"{status.upper()} {name}" for name, status in report.results.items()]
    failed = [f"{name}: {note}" for name, notes in report.notes.items() for note in notes]
    return "\n".join([*lines, *failed])


def _clean(content: bytes) -> bytes | str:
    """Return a report without control characters, which XML does not allow but many tools write."""
    declared = _DECLARED.match(content)
    encoding = declared[1].decode() if declared else "utf-8"
    if not _PLAIN.fullmatch(encoding) or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content
    return _CONTROL.sub(" ", content.decode(encoding, errors="replace").removeprefix("\ufeff"))


class _Reader:
    """Adds the tests of one JUnit report to a :class:`TapReport`."""

    def __init__(self, report: TapReport) -> None:
        self._report = report
        self._above: list[str] = []
        self._name = ""
        self._status = TestStatus.PASSED
        self._note = ""

    def read(self, content: bytes) -> None:
        cleaned = _clean(content)
        parser = expat.ParserCreate("utf-8" if isinstance(cleaned, str) else None)
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.Parse(cleaned, True)

    def _refuse(self, name: str, *_: object) -> None:
        raise _RefusedError(f"it has a document type ({name})")

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if not self._above and tag not in ("testsuites", "testsuite"):
            raise _RefusedError(f"its element is {tag}, neither testsuites nor testsuite")
        if len(self._above) >= MOST_DEPTH:
            raise _RefusedError(f"more than {MOST_DEPTH} elements lie within each other")
        inner, self._above = self._above[-1:] == ["testcase"], [*self._above, tag]
        if tag == "testcase":
            if inner:
                raise _RefusedError("a testcase lies within another")
            skipped = not _NOT_RUN.isdisjoint((attributes.get("status", ""), attributes.get("result", "")))
            self._name = _one_line("::".join(filter(None, (attributes.get("classname"), attributes.get("name")))))
            self._status, self._note = TestStatus.SKIPPED if skipped else TestStatus.PASSED, ""
        elif inner and tag in ("failure", "error"):
            self._status, self._note = TestStatus.FAILED, self._note or _one_line(attributes.get("message", ""))
        elif inner and tag == "skipped" and self._status is not TestStatus.FAILED:
            self._status = TestStatus.SKIPPED

    def _end(self, _: str) -> None:
        if self._above.pop() == "testcase":
            worst = self._report.results.get(self._name, TestStatus.PASSED)
            self._report.results[self._name] = max(worst, self._status, key=_WORST.index)
            self._report.count += 1
            if self._note:
                self._report.notes.setdefault(self._name, []).append(self._note)


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()).strip()
