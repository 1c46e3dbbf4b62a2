"""The page of a suite: complete, escaped, readable without a network; every mark of a plot has a title."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from codegym.inspection.facts import TaskFacts
from codegym.inspection.page import page
from codegym.inspection.plot import bars, histogram, rates
from codegym.inspection.report import SuiteReport, inspect_suite
from codegym.suite import load_suite
from tests.board.test_page import browser

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

__all__ = ["browser"]
EVIL = """"><script>alert('x')</script>"""


def measured(row: TaskFacts, number: int) -> TaskFacts:
    level = ("easy", "medium", "hard")[number % 3]
    return row.model_copy(update={"difficulty": level, "attempts": 8, "solved": number % 9, "ci95": (0.1, 0.9)})


@pytest.fixture(scope="module")
def report() -> SuiteReport:
    """A report on kata with rates that were made up."""
    plain = inspect_suite(load_suite("kata"))
    return plain.model_copy(update={"rows": tuple(measured(row, n) for n, row in enumerate(plain.rows))})


def parse(text: str) -> ElementTree.Element:
    closed = re.sub("(<meta [^>]*)>", r"\1/>", text.removeprefix("<!doctype html>"))
    return ElementTree.fromstring(closed)  # noqa: S314 - made by the test


def test_the_page_asks_nothing_of_the_network(report: SuiteReport) -> None:
    head = page(report).partition("Tasks to read")[0]
    for word in ("http:", "https:", "src=", "url(", "@import", "<link", "<script"):
        assert word not in head
    assert page(report) == page(report)


def test_every_mark_has_a_title_and_every_plot_a_sentence(report: SuiteReport) -> None:
    plots = [plot for plot in parse(page(report)).iter("svg") if "plot" in plot.get("class", "")]
    marks = [mark for plot in plots for kind in ("circle", "rect") for mark in plot.iter(kind)]
    assert len(plots) == 3 + 6 + 1
    assert all(plot.get("aria-label") for plot in plots)
    assert sum(mark.tag == "circle" for mark in marks) == 29
    assert all((title := mark.find("title")) is not None and title.text for mark in marks)


def test_what_strangers_wrote_is_escaped(report: SuiteReport) -> None:
    fields = {"task": EVIL, "split": EVIL, "group": EVIL, "kind": EVIL, "language": EVIL, "difficulty": "hard"}
    rows = (report.rows[0].model_copy(update=fields), *report.rows[1:])
    reading = report.reading[0].model_copy(update={"task": EVIL, "instruction": EVIL, "gold_patch": f"+{EVIL}\n"})
    text = page(report.model_copy(update={"rows": rows, "reading": (reading,), "title": EVIL}))
    assert "<script" not in text
    assert parse(text) is not None


def test_an_unmeasured_suite_says_how_to_measure(report: SuiteReport) -> None:
    rows = tuple(row.model_copy(update={"ci95": None, "attempts": 0}) for row in report.rows)
    assert "codegym difficulty kata" in page(report.model_copy(update={"rows": rows}))
    assert rates(rows) is None


def test_many_bars_are_summed_up() -> None:
    plot = bars({f"kind {n}": {"": n} for n in range(1, 31)}, "kinds")
    assert plot is not None
    assert (len(plot.bars), plot.bars[-1].name, plot.bars[-1].text) == (
        19,
        "12 others",
        f"{sum(range(1, 13))} in all",
    )
    assert bars({}, "kinds") is None


def test_columns_of_a_histogram_double() -> None:
    plot = histogram("lines", [1, 2, 3, 4, 9, 9], "")
    assert [(column.bound, column.count) for column in plot.columns] == [
        ("1", 1), ("2", 1), ("4", 2), ("8", 0), ("16", 2)
    ]  # fmt: skip


def test_the_page_in_a_browser(report: SuiteReport, tmp_path: Path, browser: Chrome) -> None:
    """It draws every plot, says nothing on the console and fits a phone's width."""
    (tmp_path / "index.html").write_text(page(report))
    browser.get(f"file://{tmp_path}/index.html")
    plots = browser.find_elements("css selector", "svg.plot")
    assert len(plots) == 10
    assert all(plot.size["height"] > 30 for plot in plots)
    assert browser.get_log("browser") == []
    browser.set_window_size(420, 900)
    wide, window = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window
