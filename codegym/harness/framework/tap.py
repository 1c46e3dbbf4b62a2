"""A strict reader of the Test Anything Protocol, versions 13 and 14.

A report must have one plan, tests numbered from 1 without a gap, and no description twice. Otherwise it is
incomplete: the program under test writes to the same output as its tests, so nothing else can be trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from codegym.episode import TestStatus

_TEST = re.compile(r"(not )?ok\b(?: +([0-9]{1,9}))?(?: +-)?(?: +(.*))?")
_PLAN = re.compile(r"1\.\.([0-9]{1,9})(?: *#.*)?")
_SECTION = re.compile(r"# *(?P<skipped>SKIP\b *)?(?P<name>.*)")
_NO_SECTION = "assertions"
"""The name of what stands before the first section."""
_DIRECTIVE = re.compile(r"(?<!\S)# *(?:skip|todo)\b", re.IGNORECASE)


@dataclass
class TapReport:
    """The content of a TAP stream. ``wrong`` lists why it is incomplete; ``notes`` are the lines below a test.

    ``section`` is the last one that began, if the stream is read in sections.
    """

    results: dict[str, TestStatus] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    planned: int | None = None
    count: int = 0
    section: str = ""


def read_tap(text: str, *, sections: bool = False) -> TapReport:
    """Read a TAP stream. Indented lines (subtests, YAML blocks) and comments become notes of the test above.

    With ``sections`` a test is what follows a comment, up to the next one, as tape writes it: it has passed if all
    lines in it are ok.
    """
    report = TapReport()
    last, report.section = "", _NO_SECTION
    for line in text.splitlines():
        test, plan = _TEST.fullmatch(line), _PLAN.fullmatch(line)
        if test is not None:
            last = _add_to_section(report, test) if sections else _add(report, test)
        elif sections and line.startswith("#"):
            _begin_section(report, line)
        elif plan is not None:
            _plan(report, int(plan[1]))
        elif line.startswith("Bail out!"):
            report.wrong.append(line)
        elif last and line.startswith((" ", "#")):
            report.notes.setdefault(last, []).append(line.lstrip(" #"))
    if report.planned is None:
        report.wrong.append("no plan (1..N) was seen")
    elif report.planned != report.count:
        report.wrong.append(f"{report.planned} tests were planned, {report.count} seen")
    return report


def _plan(report: TapReport, count: int) -> None:
    if report.planned is not None:
        report.wrong.append("more than one plan")
    report.planned = count


def _begin_section(report: TapReport, line: str) -> None:
    """Begin the section that a comment names. A skipped one has no lines. After the plan there is a summary."""
    match = _SECTION.fullmatch(line)
    name = match["name"].strip() if match else ""
    if match and match["skipped"] and name:
        report.results.setdefault(name, TestStatus.SKIPPED)
    if report.planned is None:
        report.section = name or report.section


def _add_to_section(report: TapReport, test: re.Match[str]) -> str:
    section = report.section
    report.count += 1
    if test[2] is not None and int(test[2]) != report.count:
        report.wrong.append(f"test {test[2]} where {report.count} was expected")
    described, earlier = test[3] or "", report.results.get(section)
    if _DIRECTIVE.search(described):
        report.results[section] = earlier or TestStatus.SKIPPED
    elif test[1]:
        report.results[section] = TestStatus.FAILED
        report.notes.setdefault(section, []).append(described)
    elif earlier is not TestStatus.FAILED:
        report.results[section] = TestStatus.PASSED
    return section


def _add(report: TapReport, test: re.Match[str]) -> str:
    report.count += 1
    described = test[3] or ""
    directive = _DIRECTIVE.search(described)
    name = (described[: directive.start()] if directive else described).strip().replace("\\#", "#")
    name = name or str(report.count)
    if test[2] is not None and int(test[2]) != report.count:
        report.wrong.append(f"test {test[2]} where {report.count} was expected")
    if name in report.results:
        report.wrong.append(f"test {name!r} was seen twice")
    status = TestStatus.FAILED if test[1] else TestStatus.PASSED
    report.results[name] = TestStatus.SKIPPED if directive else status
    return name
