"""The page's plots, drawn as SVG: pass@k curves, the gain over a baseline, and every task's success.

Colours are CSS variables, so that a plot follows the reader's light or dark theme. Each mark carries a
``<title>`` that a pointer or a screen reader finds, and each plot a sentence that says what it shows.
"""

from __future__ import annotations

from math import log2

from codegym.board.entry import Entry
from codegym.board.markup import Markup, join, tag
from codegym.board.standings import Standings, interval, percent
from codegym.board.stats import Estimate, estimate

WIDTH = 920.0
_PALETTE = 8
_DASHES = ("", "7 4", "2 4")


def colour(index: int) -> str:
    """Return the CSS colour of a policy by its number; later ones share a hue and differ in dashes."""
    return f"var(--c{index % _PALETTE})"


def curves(table: Standings) -> Markup:
    """Draw pass@k against k for every policy, k on a logarithmic axis, with 95 % bands."""
    found = {row.entry.policy: _curve(row.entry) for row in table.rows}
    last = max((k for points in found.values() for k in points), default=1)
    top = _nice_top([e.ci95[1] for points in found.values() for e in points.values()])
    frame = _Frame(top=top, last=last)
    labels = _spread({name: frame.y(_last(points).value) for name, points in found.items() if points})
    drawn = [_series(table, frame, name, points, labels[name]) for name, points in found.items() if points]
    says = "pass@k for k from 1: " + "; ".join(
        f"{name} from {percent(points[1].value)} to {percent(_last(points).value)} %"
        for name, points in found.items()
        if 1 in points
    )
    return _svg(frame.height, says, frame.axes(), *[band for band, _ in drawn], *[line for _, line in drawn])


def gains(table: Standings) -> Markup:
    """Draw every policy's gain over the baseline with its interval; the line at zero is no difference."""
    rows = [(row.entry.policy, row.gain) for row in table.rows if row.gain]
    ends = [abs(end) for _, found in rows for end in found.ci95]
    end = _nice_top(ends)
    reach = end * 1.05
    left, right, line = 210.0, WIDTH - 190, 38.0
    height = line * len(rows) + 46

    def x(value: float) -> float:
        return left + (value + reach) / (2 * reach) * (right - left)

    zero = tag("line", x1=x(0), x2=x(0), y1=4, y2=height - 30, class_="zero")
    ticks = [
        tag("text", percent(at, signed=True) if at else "0", x=x(at), y=height - 10, class_="tick middle")
        for at in (-end, -end / 2, 0.0, end / 2, end)
    ]
    marks = [
        _gain(table, name, found, (x(found.ci95[0]), x(found.value), x(found.ci95[1])), line * (i + 0.5))
        for i, (name, found) in enumerate(rows)
    ]
    says = "; ".join(f"{name} {percent(found.value, signed=True)} points" for name, found in rows)
    return _svg(height, f"Gain in {table.first_k} over {table.board.baseline}: {says}", zero, *ticks, *marks)


def heat(table: Standings) -> Markup:
    """Draw a cell for every policy and task, darker the more attempts resolved it; tasks from easy to hard."""
    entries = [row.entry for row in table.rows]
    tasks = by_difficulty(entries)
    left, line = 210.0, 30.0
    width = (WIDTH - left) / max(1, len(tasks))
    height = line * len(entries) + 30
    rows = [
        join(
            tag("text", _cut(entry.policy), x=left - 12, y=line * i + 19, class_="label end"),
            *(
                tag(
                    "rect",
                    tag("title", f"{entry.policy}, {task}: {_tally(entry, task)}"),
                    x=left + width * j,
                    y=line * i + 2,
                    width=max(0.5, width - (1 if width > 4 else 0)),
                    height=line - 5,
                    class_="cell" if _rate(entry, task) is not None else "cell none",
                    style=f"--v:{100 * (_rate(entry, task) or 0):.0f}%",
                )
                for j, task in enumerate(tasks)
            ),
        )
        for i, entry in enumerate(entries)
    ]
    ends = [
        tag("text", "resolved most often", x=left, y=height - 8, class_="tick"),
        tag("text", "least often", x=WIDTH, y=height - 8, class_="tick end"),
    ]
    says = f"How often each of {len(entries)} policies resolved each of {len(tasks)} tasks; the table below has it"
    return _svg(height, says, *rows, *ends)


def whisker(entry: Entry, name: str, index: int) -> Markup:
    """Draw one score as a bar with its interval, for a table's cell."""
    score = entry.score(name)
    if score is None:
        return Markup("")
    low, high = (160 * end for end in score.ci95)
    return tag(
        "svg",
        tag("rect", x=0, y=7, width=160, height=8, rx=4, class_="track"),
        tag("rect", x=0, y=7, width=160 * score.value, height=8, rx=4, fill=colour(index)),
        tag("path", d=f"M{low:.1f} 4V18M{low:.1f} 11H{high:.1f}M{high:.1f} 4V18", class_="whisker"),
        viewBox="-1 0 162 22",
        class_="bar",
        aria_hidden="true",
    )


def by_difficulty(entries: list[Entry]) -> list[str]:
    """Return all tasks, those resolved most often over all policies first."""
    tasks = sorted({task for entry in entries for task in entry.counts})
    return sorted(tasks, key=lambda task: -sum(_rate(entry, task) or 0 for entry in entries))


class _Frame:
    """The coordinate system of the curves."""

    left, right, height, low, high = 54.0, WIDTH - 210, 380.0, 340.0, 14.0

    def __init__(self, top: float, last: int) -> None:
        self.top, self.last = top, last

    def x(self, k: int) -> float:
        return self.left + (log2(k) / max(1e-9, log2(self.last))) * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.low - value / self.top * (self.low - self.high)

    def axes(self) -> Markup:
        grid = [value * self.top / 4 for value in range(5)]
        ks = [2**i for i in range(int(log2(self.last)) + 1)]
        return join(
            *(tag("line", x1=self.left, x2=self.right, y1=self.y(v), y2=self.y(v), class_="grid") for v in grid),
            *(tag("text", f"{100 * v:g} %", x=self.left - 8, y=self.y(v) + 4, class_="tick end") for v in grid),
            *(tag("text", f"k = {k}", x=self.x(k), y=self.low + 24, class_="tick middle") for k in ks),
        )


def _curve(entry: Entry) -> dict[int, Estimate]:
    ks = range(1, entry.samples_per_task + 1) if entry.has_scores else ()
    found = {k: estimate(entry.counts, k) for k in ks}
    return {k: value for k, value in found.items() if value is not None}


def _last(points: dict[int, Estimate]) -> Estimate:
    return points[max(points)]


def _series(
    table: Standings, frame: _Frame, name: str, points: dict[int, Estimate], label: float
) -> tuple[Markup, Markup]:
    """Return a policy's band, and its line with points and label."""
    index = table.colours[name]
    up = [f"{frame.x(k):.1f},{frame.y(e.ci95[1]):.1f}" for k, e in points.items()]
    down = [f"{frame.x(k):.1f},{frame.y(e.ci95[0]):.1f}" for k, e in points.items()]
    path = " ".join(f"{frame.x(k):.1f},{frame.y(e.value):.1f}" for k, e in points.items())
    dots = [
        tag(
            "circle",
            tag("title", f"{name}: pass@{k} {percent(e.value)} % ({interval(e)}), {e.tasks} tasks"),
            cx=frame.x(k),
            cy=frame.y(e.value),
            r=4.5,
        )
        for k, e in points.items()
    ]
    end, y = frame.x(max(points)), frame.y(_last(points).value)
    leader = tag("line", x1=end + 7, y1=y, x2=end + 18, y2=label, class_="leader")
    text = tag("text", f"{_cut(name)} {percent(_last(points).value)}", x=end + 22, y=label + 4, class_="label")
    line = tag("polyline", points=path, class_="line", stroke_dasharray=_DASHES[index // _PALETTE % 3] or None)
    style = f"--c:{colour(index)}"
    band = tag("polygon", points=" ".join([*up, *reversed(down)]), class_="band", style=style)
    return band, tag("g", line, *dots, leader, text, class_="series", style=style)


def _gain(table: Standings, name: str, found: Estimate, at: tuple[float, float, float], y: float) -> Markup:
    low, middle, high = at
    said = f"{percent(found.value, signed=True)} ({interval(found, signed=True)})"
    return tag(
        "g",
        tag("text", _cut(name), x=198, y=y + 5, class_="label end"),
        tag("line", x1=low, x2=high, y1=y, y2=y, class_="range"),
        tag("circle", tag("title", f"{name}: {said}"), cx=middle, cy=y, r=6),
        tag("text", said, x=WIDTH - 180, y=y + 5, class_="label"),
        class_="series",
        style=f"--c:{colour(table.colours[name])}",
    )


def _svg(height: float, says: str, *children: Markup) -> Markup:
    box = f"0 0 {WIDTH:g} {height:g}"
    drawn = tag("svg", tag("desc", says), *children, viewBox=box, role="img", aria_label=says, class_="plot")
    return tag("div", drawn, class_="scroll", role="region", aria_label="plot", tabindex="0")


def _nice_top(values: list[float]) -> float:
    """Return the smallest comfortable end of an axis of fractions that holds all values."""
    return next(top for top in (0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if top >= max(values, default=0.0) - 1e-9)


def _spread(wanted: dict[str, float], gap: float = 18.0) -> dict[str, float]:
    """Move labels apart so that none stands on another, keeping their order."""
    placed: dict[str, float] = {}
    floor = 10.0
    for name, y in sorted(wanted.items(), key=lambda item: item[1]):
        placed[name] = max(y, floor)
        floor = placed[name] + gap
    ceiling = 352.0
    for name in reversed(placed):
        placed[name] = min(placed[name], ceiling)
        ceiling = placed[name] - gap
    return placed


def _rate(entry: Entry, task: str) -> float | None:
    n, c = entry.counts.get(task, (0, 0))
    return c / n if n else None


def _tally(entry: Entry, task: str) -> str:
    n, c = entry.counts.get(task, (0, 0))
    return f"{c} of {n}" if n else "not graded"


def _cut(name: str, most: int = 24) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
