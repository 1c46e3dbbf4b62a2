"""The board as one HTML file that opens from disk: no script, no network, light and dark, readable by ear."""

from __future__ import annotations

from importlib.resources import files

from codegym.board import plot
from codegym.board.entry import Entry
from codegym.board.markup import Markup, join, tag
from codegym.board.standings import UNKNOWN, Row, Standings, beside, interval, per_episode, percent
from codegym.episode import MOST_LOST

_HOW = (
    "pass@k is the chance that at least one of k attempts resolves a task, pass^k that all k do. Both are the "
    "unbiased estimators, averaged over tasks, and undefined where a task has fewer than k graded attempts. "
    "Intervals are 95 % bootstrap intervals over tasks; gains are paired task by task. Episodes that "
    "infrastructure spoiled say nothing about a policy: they are left out, and counted; where they are more than "
    f"{100 * MOST_LOST:.0f} %, there is no score."
)


def page(table: Standings) -> str:
    """Return the board's ``index.html``."""
    body = [_header(table)]
    body += _plots(table) if table.rows else [tag("p", "No entries yet.", class_="empty")]
    body.append(_section("How to read this", tag("p", _HOW)))
    head = join(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        tag("title", table.board.title),
        tag("style", Markup(files(__package__).joinpath("page.css").read_text())),
    )
    return "<!doctype html>\n" + tag("html", tag("head", head), tag("body", tag("main", *body)), lang="en") + "\n"


def _header(table: Standings) -> Markup:
    board = table.board
    facts = [
        ("suite", board.suite),
        ("split", board.split or "all"),
        ("tasks", str(max((row.entry.tasks for row in table.rows), default=0))),
        ("attempts a task", str(board.samples)),
        ("policies", str(len(table.rows))),
    ]
    listed = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts]
    return tag("header", tag("h1", board.title), tag("p", board.description), tag("dl", *listed, class_="facts"))


def _plots(table: Standings) -> list[Markup]:
    entries = [row.entry for row in table.rows]
    parts = [
        _section(
            "Standings",
            _standings(table),
            "Percent; tokens sampled and seconds are a mean episode's.",
            _notes(table),
        )
    ]
    parts.append(_section("Success within k attempts", plot.curves(table), "Bands are 95 % intervals."))
    if any(row.gain for row in table.rows):
        parts.append(
            _section(f"Gain in {table.first_k} over {table.board.baseline}, in points", plot.gains(table))
        )
    legend = "A column is a task, easiest first; the stronger the colour, the more of its attempts resolved it."
    parts.append(_section("Task by task", plot.heat(table), legend, _fold("As a table", _task_table(entries))))
    parts.append(_section("Where the numbers come from", _provenance(entries)))
    return parts


def _section(title: str, *children: Markup | str) -> Markup:
    wrapped = [child if isinstance(child, Markup) else tag("p", child, class_="note") for child in children]
    return tag("section", tag("h2", title), *wrapped)


def _fold(title: str, *children: Markup) -> Markup:
    return tag("details", tag("summary", title), *children)


def _standings(table: Standings) -> Markup:
    gains = [f"gain over {table.board.baseline}"] if table.board.baseline else []
    first, *others = table.columns
    heads = ["#", "policy", first, "", *others, *gains, "reward", "tokens", "seconds"]
    return _table("Standings", heads, [_cells(table, row) for row in table.rows])


def _cells(table: Standings, row: Row) -> list[Markup]:
    entry = row.entry
    first, *others = table.columns
    index = table.colours[entry.policy]
    name = join(tag("span", "", class_="swatch", style=f"background:{plot.colour(index)}"), entry.policy)
    return [
        tag("td", str(row.rank), class_="number faint"),
        tag("th", name, scope="row"),
        tag("td", _score(entry, first, beside(entry)), class_="number"),
        tag("td", plot.whisker(entry, first, index)),
        *(tag("td", _score(entry, name), class_="number") for name in others),
        *([tag("td", _gain(row), class_="number")] if table.board.baseline else []),
        tag(
            "td",
            UNKNOWN if entry.mean_reward is None or not entry.has_scores else f"{entry.mean_reward:.3f}",
            class_="number",
        ),
        tag("td", f"{per_episode(entry, entry.tokens.get('completion_tokens', 0)):,.0f}", class_="number"),
        tag("td", f"{per_episode(entry, entry.seconds.get('all', 0.0)):.1f}", class_="number"),
    ]


def _score(entry: Entry, name: str, note: str = "") -> Markup:
    """Return a score's cell; ``note`` is what stands beside it, or in its place."""
    score, noted = entry.score(name), tag("small", note) if note else Markup("")
    if score is None:
        return noted or Markup(UNKNOWN)
    return join(tag("b", percent(score.value)), tag("small", interval(score)), noted)


def _gain(row: Row) -> Markup:
    if row.gain is None:
        return Markup(UNKNOWN)
    value = percent(row.gain.value, signed=True)
    return join(tag("b", value), tag("small", interval(row.gain, signed=True)))


def _notes(table: Standings) -> Markup:
    notes = [tag("li", f"{row.entry.policy}: {row.note}") for row in table.rows if row.note]
    return tag("ul", *notes, class_="note") if notes else Markup("")


def _task_table(entries: list[Entry]) -> Markup:
    rows = [
        [tag("th", task, scope="row"), *(tag("td", _tally(entry, task), class_="number") for entry in entries)]
        for task in plot.by_difficulty(entries)
    ]
    return _table("Attempts resolved, by task", ["task", *(entry.policy for entry in entries)], rows)


def _tally(entry: Entry, task: str) -> str:
    n, c = entry.counts.get(task, (0, 0))
    return f"{c} / {n}" if n else UNKNOWN


def _provenance(entries: list[Entry]) -> Markup:
    heads = ["policy", "suite", "tasks", "episodes", "seeds", "not graded", "versions", "made"]
    rows = [
        [
            tag("th", entry.policy, scope="row"),
            *(tag("td", _short(d)) for d in (entry.suite_digest, entry.tasks_digest, entry.episodes_digest)),
            tag("td", ", ".join(map(str, entry.seeds))),
            tag("td", str(entry.infra_errors), class_="number"),
            tag("td", ", ".join(f"{name} {version}" for name, version in entry.versions.items()), class_="long"),
            tag("td", entry.created),
        ]
        for entry in entries
    ]
    return _table("Digests and versions", heads, rows)


def _short(digest: str) -> Markup:
    return tag("code", digest[:10], title=digest)


def _table(label: str, heads: list[str], rows: list[list[Markup]]) -> Markup:
    head = tag("tr", *(tag("th", name, scope="col") if name else Markup("<td></td>") for name in heads))
    table = tag("table", tag("thead", head), tag("tbody", *(tag("tr", *cells) for cells in rows)))
    return tag("div", table, class_="scroll", role="region", aria_label=label, tabindex="0")
