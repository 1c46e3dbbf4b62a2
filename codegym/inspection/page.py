"""The report on a suite as one HTML file, made like a board's page: no script, no network, light and dark."""

from __future__ import annotations

from collections import Counter, defaultdict

from codegym.board.standings import UNKNOWN, percent
from codegym.board.template import fill
from codegym.inspection import plot
from codegym.inspection.duplicates import RULES
from codegym.inspection.report import SIZES, SizeSummary, SuiteReport

_SPLITS = ("train", "val", "test")
"""The usual order of splits, for their colours."""


def page(report: SuiteReport) -> str:
    """Return the page. The same report gives the same bytes."""
    return fill(
        "suite.html.j2",
        package="codegym.inspection",
        report=report,
        name=report.suite.removeprefix("codegym/").rpartition("-v")[0],
        facts=_facts(report),
        kinds=plot.bars({kind: {"": n} for kind, n in report.counts("kind").items()}, "Tasks by kind"),
        groups=plot.bars(_groups(report), "Tasks by group and split", _splits(report)),
        sizes=[plot.histogram(SIZES[name], report.values(name), _words(s)) for name, s in report.sizes.items()],
        rates=plot.rates(report.rows),
        reach=_reach(report),
        reach_words=reach_in_words(report),
        rules=[f"{rule}: {text[0].lower()}{text[1:]}" for rule, text in RULES.items()],
        proof=proof_in_words(report),
    )


def reach_in_words(report: SuiteReport) -> str:
    """Return the share of files and functions that have tasks, and the most tasks of one function."""
    if not report.reach.sources and not report.reach.missing:
        return "Each task is a program of its own."
    (files, all_files), (functions, all_functions) = report.reach.files, report.reach.functions
    most = max((source.most_per_function for source in report.reach.sources), default=0)
    words = (
        f"{files} of {all_files} files ({_share(files, all_files)}) and {functions} of {all_functions} functions"
    )
    words += f" ({_share(functions, all_functions)}) have tasks; one function has {most} at most."
    return f"{words} {report.reach.missing} sources are not on this machine." if report.reach.missing else words


def proof_in_words(report: SuiteReport) -> str:
    """Return how many tasks are certified and how many have tests that can't be examined."""
    whole = sum(row.unproven is not None and 0 < row.deciding <= row.unproven for row in report.rows)
    return (
        f"{report.certified} of {report.inspected} tasks have a certificate. {len(report.unproven)} have deciding "
        f"tests that can't be examined (unproven), in {whole} of them all are."
    )


def _facts(report: SuiteReport) -> list[tuple[str, object]]:
    labels = report.counts("difficulty")
    measured = {level: labels[level] for level in ("easy", "medium", "hard", "unknown") if level in labels}
    return [
        (
            "tasks",
            f"{report.inspected:,} of {report.tasks:,}" if report.inspected < report.tasks else report.tasks,
        ),
        ("groups", len(report.counts("group"))),
        ("clusters", report.clusters),
        ("languages", ", ".join(name for name in report.counts("language") if name) or UNKNOWN),
        ("kinds", len(report.counts("kind"))),
        ("difficulty", ", ".join(f"{count} {level}" for level, count in measured.items())),
        ("digest", report.digest[:10]),
    ]


def _groups(report: SuiteReport) -> dict[str, dict[str, int]]:
    """Return the number of tasks by group and split; by split alone if each task is a group of its own."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    single = len(report.counts("group")) == len(report.rows)
    for row in report.rows:
        counts["each task alone" if single else row.group][row.split] += 1
    return {group: dict(splits) for group, splits in counts.items()}


def _splits(report: SuiteReport) -> list[str]:
    """Return the splits that have tasks, in their usual order."""
    names = report.counts("split")
    return [name for name in _SPLITS if name in names] + sorted(names.keys() - {*_SPLITS})


def _reach(report: SuiteReport) -> plot.BarChart | None:
    rows = [(source.source, source.functions_with_tasks, source.functions) for source in report.reach.sources]
    return plot.shares(rows, "Share of each source's functions that have tasks", "functions have tasks")


def _words(summary: SizeSummary) -> str:
    return f"median {summary.median}, 90 % up to {summary.p90}, largest {summary.most}"


def _share(part: int, whole: int) -> str:
    return f"{percent(part / whole)} %" if whole else UNKNOWN
