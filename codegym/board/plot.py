"""What the page's plots show and where: pass@k curves, the gain over a baseline, and every task's success.

The functions here compute coordinates; ``templates/plots.svg.j2`` draws them. Lengths are in SVG units of a plot
:data:`WIDTH` wide. Each mark has a title that a pointer or a screen reader reaches, and each plot a sentence that
says what it shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np

from codegym.board.entry import Entry
from codegym.board.interval import Estimate
from codegym.board.standings import Standings, interval, percent
from codegym.board.stats import estimate

WIDTH = 920.0

_NAME_END = 198.0
"""Where a name to the left of a row ends."""
_ROW_START = 210.0
_AXIS_TOPS = (0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)

Point = tuple[float, float]
Curve = dict[int, Estimate]
"""k -> pass@k."""


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A point or cell, and its title."""

    x: float
    y: float
    title: str


@dataclass(frozen=True)
class Line:
    """A policy's curve. ``label_y`` is the height of its name, moved so that it covers no other."""

    name: str
    colour: int
    marks: tuple[Mark, ...]
    band: tuple[Point, ...]
    label_y: float
    last: float


@dataclass(frozen=True)
class Curves:
    """The pass@k curves of all policies. ``left`` and ``right`` are the ends of the grid's lines."""

    says: str
    height: float
    left: float
    right: float
    low: float
    grid: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Range:
    """A policy's gain: the interval from ``low`` to ``high`` around ``mark``; ``text`` is the same in numbers."""

    name: str
    colour: int
    low: float
    high: float
    mark: Mark
    text: str


@dataclass(frozen=True)
class Gains:
    """The gains over the baseline; no difference is at ``zero``."""

    says: str
    height: float
    name_end: float
    text_start: float
    zero: float
    ticks: tuple[Tick, ...]
    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class HeatCell:
    """One task of one policy: the share of resolved attempts, ``None`` if none was graded."""

    x: float
    share: float | None
    title: str


@dataclass(frozen=True)
class Band:
    """The tasks of one policy, in a row at ``y``."""

    name: str
    y: float
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class Heat:
    """All tasks of all policies."""

    says: str
    height: float
    name_end: float
    left: float
    cell_width: float
    cell_height: float
    bands: tuple[Band, ...]


def curves(table: Standings) -> Curves:
    """Place pass@k against k for every policy, k on a logarithmic axis, with 95 % bands."""
    left, right, low, high = 54.0, WIDTH - 210, 340.0, 14.0
    curves = {row.entry.policy: _curve(row.entry) for row in table.rows}
    points = {name: curve for name, curve in curves.items() if curve}
    last = max((k for curve in points.values() for k in curve), default=1)
    top = _axis_top([score.ci95[1] for curve in points.values() for score in curve.values()])

    def x(k: int) -> float:
        return float(np.interp(log2(k), (0, max(1e-9, log2(last))), (left, right)))

    def y(value: float) -> float:
        return float(np.interp(value, (0, top), (low, high)))

    labels = _spread({name: y(_last(curve).value) for name, curve in points.items()}, lowest=low + 12)
    lines = tuple(
        Line(
            name,
            table.colours[name],
            tuple(Mark(x(k), y(score.value), _title(name, k, score)) for k, score in curve.items()),
            tuple((x(k), y(score.ci95[1])) for k, score in curve.items())
            + tuple((x(k), y(score.ci95[0])) for k, score in reversed(curve.items())),
            labels[name],
            _last(curve).value,
        )
        for name, curve in points.items()
    )
    grid = tuple(Tick(y(part * top / 4), f"{25 * part * top:g} %") for part in range(5))
    ticks = tuple(Tick(x(2**i), f"k = {2**i}") for i in range(int(log2(last)) + 1))
    return Curves(_curves_in_words(points), 380.0, left, right, low, grid, ticks, lines)


def gains(table: Standings) -> Gains | None:
    """Place every policy's gain over the baseline with its interval; ``None`` if there is none."""
    rows = [(row.entry.policy, row.gain) for row in table.rows if row.gain]
    if not rows:
        return None
    line, left, right = 38.0, _ROW_START, WIDTH - 190
    end = _axis_top([abs(bound) for _, gain in rows for bound in gain.ci95])
    reach = end * 1.05

    def x(value: float) -> float:
        return float(np.interp(value, (-reach, reach), (left, right)))

    ranges = []
    for number, (name, gain) in enumerate(rows):
        text = f"{percent(gain.value, signed=True)} ({interval(gain, signed=True)})"
        mark = Mark(x(gain.value), line * (number + 0.5), f"{name}: {text}")
        ranges.append(Range(name, table.colours[name], x(gain.ci95[0]), x(gain.ci95[1]), mark, text))
    places = (-end, -end / 2, 0.0, end / 2, end)
    ticks = tuple(Tick(x(at), percent(at, signed=True) if at else "0") for at in places)
    summary = "; ".join(f"{name} {percent(gain.value, signed=True)} points" for name, gain in rows)
    says = f"Gain in {table.ranking_score} over {table.board.baseline}: {summary}"
    return Gains(says, line * len(rows) + 46, _NAME_END, WIDTH - 180, x(0), ticks, tuple(ranges))


def heat(table: Standings) -> Heat:
    """Place a cell for every policy and task, the tasks from easy to hard."""
    entries = [row.entry for row in table.rows]
    tasks = by_difficulty(entries)
    line, width = 30.0, (WIDTH - _ROW_START) / max(1, len(tasks))
    gap = 1 if width > 4 else 0  # many tasks leave no room between cells
    bands = tuple(
        Band(
            entry.policy,
            line * number + 2,
            tuple(
                HeatCell(_ROW_START + width * i, _share(entry, task), _cell_title(entry, task))
                for i, task in enumerate(tasks)
            ),
        )
        for number, entry in enumerate(entries)
    )
    says = f"How often each of {len(entries)} policies resolved each of {len(tasks)} tasks; the table below has it"
    height = line * len(entries) + 30
    return Heat(says, height, _NAME_END, _ROW_START, max(0.5, width - gap), line - 5, bands)


def by_difficulty(entries: list[Entry]) -> list[str]:
    """Return all tasks, those resolved most often over all policies first."""
    tasks = sorted({task for entry in entries for task in entry.counts})
    return sorted(tasks, key=lambda task: -sum(_share(entry, task) or 0 for entry in entries))


def _curve(entry: Entry) -> Curve:
    ks = range(1, entry.samples_per_task + 1) if entry.has_scores else ()
    scores = {k: estimate(entry.counts, k, clusters=entry.clusters) for k in ks}
    return {k: score for k, score in scores.items() if score is not None}


def _last(curve: Curve) -> Estimate:
    return curve[max(curve)]


def _title(name: str, k: int, score: Estimate) -> str:
    return f"{name}: pass@{k} {percent(score.value)} % ({interval(score)}), {score.tasks} tasks"


def _curves_in_words(points: dict[str, Curve]) -> str:
    ends = [
        f"{name} from {percent(curve[1].value)} to {percent(_last(curve).value)} %"
        for name, curve in points.items()
        if 1 in curve
    ]
    return f"pass@k for k from 1: {'; '.join(ends)}"


def _axis_top(values: list[float]) -> float:
    """Return the smallest round end of an axis of fractions that is above all values."""
    return next(top for top in _AXIS_TOPS if top >= max(values, default=0.0) - 1e-9)


def _spread(heights: dict[str, float], *, lowest: float, gap: float = 18.0) -> dict[str, float]:
    """Move labels apart so that none covers another, in the same order, none below ``lowest``."""
    placed: dict[str, float] = {}
    floor = 10.0
    for name, y in sorted(heights.items(), key=lambda item: item[1]):
        placed[name] = max(y, floor)
        floor = placed[name] + gap
    ceiling = lowest
    for name in reversed(placed):
        placed[name] = min(placed[name], ceiling)
        ceiling = placed[name] - gap
    return placed


def _share(entry: Entry, task: str) -> float | None:
    n, c = entry.counts.get(task, (0, 0))
    return c / n if n else None


def _cell_title(entry: Entry, task: str) -> str:
    n, c = entry.counts.get(task, (0, 0))
    return f"{entry.policy}, {task}: {f'{c} of {n}' if n else 'not graded'}"
