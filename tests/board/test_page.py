"""What people look at: complete, escaped, readable without a network, and the same for the same entries."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from jinja2 import UndefinedError

from codegym.board.definition import Board
from codegym.board.entry import Entry, make_entry, write_entry
from codegym.board.render import define_board, render
from codegym.board.template import coordinate, fill
from codegym.episode import Episode, Outcome, StopReason, Verdict
from codegym.errors import ConfigError

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

BOARD = """
name = "b"
title = "A <board> & more"
suite = "kata"
samples = 4
ks = [1, 4]
baseline = "before"
"""


def write(
    folder: Path,
    policy: str,
    resolved: int,
    suite_digest: str = "d" * 64,
    *,
    failed: Outcome = Outcome.UNRESOLVED,
    lost: int = 0,
) -> None:
    board = Board(name="b", title="B", suite="kata", samples=4, ks=(1, 4))
    episodes = [
        Episode(
            id=f"{task}{sample}",
            suite="kata",
            task=f"task-{task:02d}",
            task_digest="t",
            policy=policy,
            seed=sample,
            sample=sample,
            stop=StopReason.SUBMITTED,
            verdict=Verdict(outcome=Outcome.RESOLVED if sample < (task + resolved) % 5 else failed),
            reward=0.5,
        )
        for task in range(20)
        for sample in range(4)
    ]
    spoiled = {"stop": StopReason.INFRA_ERROR, "verdict": Verdict(outcome=Outcome.INFRA_ERROR), "reward": None}
    episodes[:lost] = [episode.model_copy(update=spoiled) for episode in episodes[:lost]]
    write_entry(folder, make_entry(board, episodes, suite_digest=suite_digest, created=f"2026-01-0{resolved + 1}"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "board.toml").write_text(BOARD)
    write(tmp_path, "before", 0)
    write(tmp_path, "after <script>alert(1)</script> | x", 2)
    return tmp_path


def test_names_of_strangers_are_escaped_everywhere(folder: Path) -> None:
    render(folder)
    page, readme = (folder / "index.html").read_text(), (folder / "README.md").read_text()
    assert "<script" not in page
    assert "A &lt;board&gt; &amp; more" in page
    assert "after \\<script\\>alert(1)\\</script\\> \\| x" in readme


def test_the_same_entries_give_the_same_bytes(folder: Path) -> None:
    render(folder)
    first = (folder / "index.html").read_bytes(), (folder / "README.md").read_bytes()
    render(folder)
    assert ((folder / "index.html").read_bytes(), (folder / "README.md").read_bytes()) == first


def test_the_page_asks_nothing_of_the_network(folder: Path) -> None:
    render(folder)
    page = (folder / "index.html").read_text()
    for word in ("http:", "https:", "src=", "url(", "@import", "<link", "<script"):
        assert word not in page


def test_a_board_without_entries_says_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text(BOARD)
    assert render(tmp_path).rows == ()
    assert "codegym eval --board b" in (tmp_path / "README.md").read_text()
    assert "No entries yet" in (tmp_path / "index.html").read_text()


def test_gains_are_shown_where_they_can_be_and_explained_where_not(folder: Path) -> None:
    write(folder, "elsewhere", 1, suite_digest="e" * 64)
    found = {row.entry.policy: row for row in render(folder).rows}
    assert found["before"].gain is None
    assert found["elsewhere"].gain is not None
    assert found["elsewhere"].note == "evaluated on another version of the suite"
    assert found["before"].note == ""
    write(folder, "cheat", 1, failed=Outcome.TAMPERED)
    notes = {row.entry.policy: row.note for row in render(folder).rows}
    assert notes["cheat"] == "40 of its episodes tampered with their tests"
    assert "gain over before" in (folder / "README.md").read_text()


def test_lost_episodes_stand_beside_the_score_or_in_its_place(folder: Path) -> None:
    write(folder, "some lost", 1, lost=3)
    write(folder, "many lost", 1, lost=24)
    rows = {row.entry.policy: row for row in render(folder).rows}
    assert rows["some lost"].note == "3 of 80 episodes were lost"
    assert rows["many lost"].note == "no score: 24 of 80 episodes were lost"
    assert rows["some lost"].gain is not None
    assert rows["many lost"].gain is None
    assert list(rows)[-1] == "many lost"
    readme, page = (folder / "README.md").read_text(), (folder / "index.html").read_text()
    (some,) = (line for line in readme.splitlines() if line.startswith("|") and "some lost" in line)
    (many,) = (line for line in readme.splitlines() if line.startswith("|") and "many lost" in line)
    assert "], 3 of 80 lost |" in some
    assert "| no score: 24 of 80 lost |" in many
    assert "**" not in many
    assert "<small>3 of 80 lost</small>" in page
    assert "<small>no score: 24 of 80 lost</small>" in page


def test_nothing_is_gained_over_a_baseline_without_a_score(folder: Path) -> None:
    write(folder, "before", 0, lost=24)
    rows = {row.entry.policy: row for row in render(folder).rows}
    (after,) = (row for name, row in rows.items() if name.startswith("after"))
    assert after.gain is None
    assert after.note == "no gain: before: 24 of 80 episodes were lost"


def test_rows_are_ranked_by_the_smallest_k(folder: Path) -> None:
    (folder / "board.toml").write_text(BOARD.replace("[1, 4]", "[4]"))
    board = Board(name="b", title="B", suite="kata", samples=4, ks=(4,))
    for path in (folder / "entries").iterdir():
        entry = Entry.model_validate_json(path.read_text())
        score = entry.scores["pass@4"].model_copy(update={"value": 0.9 if entry.policy == "before" else 0.1})
        write_entry(folder, entry.model_copy(update={"board": board.name, "scores": {"pass@4": score}}))
    assert [row.entry.policy for row in render(folder).rows][:1] == ["before"]


def parse(page: str) -> ElementTree.Element:
    """Parse a page as XML, once the elements are closed that HTML leaves open."""
    closed = re.sub("(<meta [^>]*)>", r"\1/>", page.removeprefix("<!doctype html>"))
    return ElementTree.fromstring(closed)  # noqa: S314 - made by the test


def test_every_field_of_an_entry_is_escaped(folder: Path) -> None:
    evil = """"><script>alert('x')</script>"""
    (folder / "board.toml").write_text(BOARD.replace('"before"', f"""'''{evil}'''"""))
    write(folder, evil, 3)
    write(folder, "other", 1, suite_digest=evil)
    for path in (folder / "entries").iterdir():
        entry = Entry.model_validate_json(path.read_text())
        counts = {task.replace("task", evil): count for task, count in entry.counts.items()}
        fields = {"counts": counts, "versions": {evil: evil}, "created": evil, "tasks_digest": evil}
        write_entry(folder, entry.model_copy(update=fields | {"episodes_digest": evil}))
    assert any(row.gain for row in render(folder).rows)
    page = (folder / "index.html").read_text()
    assert "<script" not in page
    assert '"">' not in page
    heads = {"".join(cell.itertext()) for cell in parse(page).iterfind(".//th")}
    assert {evil, f"gain over {evil}", f"{evil}-00"} <= heads


def test_every_mark_of_a_plot_has_a_title(folder: Path) -> None:
    render(folder)
    plots = parse((folder / "index.html").read_text()).findall(".//svg[@class='plot']")
    marks = [mark for plot in plots for kind in ("circle", "rect") for mark in plot.iterfind(f".//{kind}")]
    assert len(plots) == 3
    assert len(marks) == 2 * 4 + 1 + 2 * 20
    assert all(mark.find("title").text for mark in marks)


def test_a_long_name_is_cut_and_its_title_is_whole(folder: Path) -> None:
    write(folder, "x" * 60, 1)
    render(folder)
    assert f"<title>{'x' * 60}</title>{'x' * 23}…" in (folder / "index.html").read_text()


def test_a_name_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        fill("board.html.j2")


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (1.5, "1.5"), (12.346, "12.35"), (100, "100"), (-2.0, "-2")]
)
def test_a_coordinate_has_at_most_two_decimals(value: float, text: str) -> None:
    assert coordinate(value) == text


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is in the dev extra")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no chromium and chromedriver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    quiet = ("background-networking", "component-update", "sync")
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        *(f"--disable-{q}" for q in quiet),
    ):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path / 'profile'}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    session = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield session
    session.quit()


def test_the_page_in_a_browser(folder: Path, browser: Chrome) -> None:
    """Opened from disk it draws every plot, says nothing on the console and fits a phone's width."""
    render(folder)
    browser.get(f"file://{folder}/index.html")
    plots = browser.find_elements("css selector", "svg.plot")
    assert len(plots) == 3
    assert all(plot.size["height"] > 50 and plot.get_attribute("aria-label") for plot in plots)
    assert len(browser.find_elements("css selector", "rect.cell")) == 40
    assert browser.find_element("css selector", "tbody tr").text.startswith("1")
    assert browser.get_log("browser") == []
    browser.set_window_size(420, 900)
    wide, window = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window


def test_a_runs_folder_becomes_a_board(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no board\.toml"):
        define_board(tmp_path)
    for resolved, policy in enumerate(("tiny-before", "tiny-after")):
        write(tmp_path, policy, resolved)
    board = define_board(tmp_path)
    assert (board.suite, board.samples, board.ks, board.baseline) == ("kata", 4, (1, 4), "tiny-before")
    assert define_board(tmp_path) == board
    assert {row.entry.policy: row.gain is not None for row in render(tmp_path).rows} == {
        "tiny-before": False,
        "tiny-after": True,
    }
