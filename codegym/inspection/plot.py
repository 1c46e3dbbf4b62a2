"""What the plots of a suite's page show and where: bars by name, histograms of sizes, solve rates with intervals.

As in :mod:`codegym.board.plot`, lengths are in SVG units, each mark has a title, and each plot a sentence that
says what it shows. ``templates/charts.svg.j2`` draws them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegym.board.plot import WIDTH, Mark, Tick
from codegym.board.standings import percent
from codegym.inspection.facts import TaskFacts

_LINE = 28.0
"""Height of a row of bars."""
_BARS_WIDTH = 540.0
_BAR_START = 226.0
_BAR_END = _BARS_WIDTH - 90
_MOST_BARS = 18
"""Rows of bars; of the rest only the sum is written."""
_SMALL_WIDTH = 300.0
"""Width of a histogram; several are side by side."""
_SMALL_HEIGHT = 142.0
_FLOOR = 118.0
"""Where the columns of a histogram stand."""
_CEILING = 22.0


@dataclass(frozen=True)
class Segment:
    """A part of a bar: where it starts, how long it is, the number of its colour, and its title."""

    x: float
    width: float
    colour: int
    title: str


@dataclass(frozen=True)
class Bar:
    """A row: its name, the height of its middle, its parts, and a text to the right of them, at ``text_x``."""

    name: str
    y: float
    segments: tuple[Segment, ...]
    text: str
    text_x: float


@dataclass(frozen=True)
class BarChart:
    """Horizontal bars. ``track`` is the length of the whole behind each bar; 0 if bars are counts."""

    says: str
    width: float
    height: float
    name_end: float
    start: float
    track: float
    bars: tuple[Bar, ...]
    names: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Column:
    """A column of a histogram: the tasks with more than the last column's bound and at most ``bound``."""

    mark: Mark
    width: float
    height: float
    bound: str
    count: int


@dataclass(frozen=True)
class Histogram:
    """How many tasks have which size; the bounds of the columns double. ``name`` gives the unit."""

    name: str
    says: str
    summary: str
    width: float
    height: float
    floor: float
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class RateRange:
    """A task's solve rate at ``mark``, with its interval from ``low`` to ``high``."""

    mark: Mark
    low: float
    high: float
    level: str


@dataclass(frozen=True)
class Rates:
    """The solve rates of all measured tasks, the easiest to the left."""

    says: str
    height: float
    left: float
    right: float
    floor: float
    grid: tuple[Tick, ...]
    ranges: tuple[RateRange, ...]


def bars(counts: Mapping[str, Mapping[str, int]], says: str, colours: Sequence[str] = ("",)) -> BarChart | None:
    """Place a bar per name, as long as the sum of its parts; ``colours`` are the names of all parts.

    ``None`` if there are no bars.
    """
    rows = sorted(counts.items(), key=lambda row: (-sum(row[1].values()), row[0]))
    rows, rest = (rows[:_MOST_BARS], rows[_MOST_BARS:]) if len(rows) > _MOST_BARS + 1 else (rows, [])
    longest = max((sum(parts.values()) for _, parts in rows), default=0)
    if not longest:
        return None
    scale = (_BAR_END - _BAR_START) / longest
    placed = tuple(_bar(number, name, parts, colours, scale) for number, (name, parts) in enumerate(rows))
    sums = {part: sum(row.get(part, 0) for row in counts.values()) for part in colours}
    key = tuple((f"{part}: {count} tasks", number) for number, (part, count) in enumerate(sums.items()) if part)
    if rest:
        others = f"{sum(sum(parts.values()) for _, parts in rest)} in all"
        placed += (Bar(f"{len(rest)} others", _LINE * (len(rows) + 0.5), (), others, _BAR_START),)
    return BarChart(says, _BARS_WIDTH, _LINE * len(placed) + 6, _BAR_START - 10, _BAR_START, 0.0, placed, key)


def shares(rows: Sequence[tuple[str, int, int]], says: str, unit: str) -> BarChart | None:
    """Place a bar per (name, part, whole), in front of a track that is the whole. ``None`` if there are none."""
    length = _BAR_END - _BAR_START
    placed = []
    rows, rest = (rows[:_MOST_BARS], rows[_MOST_BARS:]) if len(rows) > _MOST_BARS + 1 else (rows, ())
    if rest:
        rows = [*rows, (f"{len(rest)} others", sum(row[1] for row in rest), sum(row[2] for row in rest))]
    for number, (name, part, whole) in enumerate(rows):
        share = part / whole if whole else 0.0
        text = f"{part} of {whole}"
        title = f"{name}: {text} {unit}, {percent(share)} %"
        segment = Segment(_BAR_START, length * share, 0, title)
        placed.append(Bar(name, _LINE * (number + 0.5), (segment,), text, _BAR_END + 10))
    if not placed:
        return None
    height = _LINE * len(placed) + 6
    return BarChart(says, _BARS_WIDTH, height, _BAR_START - 10, _BAR_START, length, tuple(placed), ())


def histogram(name: str, values: Sequence[int], summary: str) -> Histogram:
    """Place a column per range of sizes: 0, 1, 2, up to 4, up to 8, and so on."""
    bounds = [0, 1, 2]
    while bounds[-1] < max(values):
        bounds.append(2 * bounds[-1])
    counts = [
        sum(low < value <= high for value in values) for low, high in zip([-1, *bounds], bounds, strict=False)
    ]
    first = next(i for i, count in enumerate(counts) if count)
    last = max(i for i, count in enumerate(counts) if count)
    step = _SMALL_WIDTH / max(last - first + 1, 5)
    columns = []
    for place, i in enumerate(range(first, last + 1)):
        height = (_FLOOR - _CEILING) * counts[i] / max(counts)
        low = bounds[i - 1] + 1 if i else 0
        span = str(bounds[i]) if low == bounds[i] else f"{low} to {bounds[i]}"
        mark = Mark(step * place + 2, _FLOOR - height, f"{span}: {counts[i]} tasks")
        columns.append(Column(mark, step - 4, height, str(bounds[i]), counts[i]))
    says = f"{name}: {'; '.join(column.mark.title for column in columns)}"
    return Histogram(name, says, summary, _SMALL_WIDTH, _SMALL_HEIGHT, _FLOOR, tuple(columns))


def rates(rows: Sequence[TaskFacts]) -> Rates | None:
    """Place the solve rate of each measured task with its interval; ``None`` if none was measured."""
    measured = sorted((row for row in rows if row.ci95), key=lambda row: (-row.solved / row.attempts, row.task))
    if not measured:
        return None
    left, right, floor, ceiling = 54.0, WIDTH - 10, 246.0, 14.0
    step = (right - left) / len(measured)

    def y(rate: float) -> float:
        return floor - rate * (floor - ceiling)

    ranges = []
    for number, row in enumerate(measured):
        low, high = row.ci95 or (0.0, 1.0)
        rate = row.solved / row.attempts
        title = f"{row.task}: {row.difficulty}, solved {row.solved} of {row.attempts}"
        title += f", {percent(rate)} % ({percent(low)} to {percent(high)})"
        ranges.append(
            RateRange(Mark(left + step * (number + 0.5), y(rate), title), y(low), y(high), row.difficulty)
        )
    grid = tuple(Tick(y(part / 4), f"{25 * part} %") for part in range(5))
    says = f"Solve rates of {len(measured)} tasks with 95 % intervals, the easiest first"
    return Rates(says, 280.0, left, right, floor, grid, tuple(ranges))


def _bar(number: int, name: str, parts: Mapping[str, int], names: Sequence[str], scale: float) -> Bar:
    segments, x = [], _BAR_START
    for part, count in sorted(parts.items(), key=lambda item: names.index(item[0])):
        title = f"{name}: {count} tasks" if len(names) == 1 else f"{name}, {part}: {count} tasks"
        segments.append(Segment(x, count * scale, names.index(part), title))
        x += count * scale
    return Bar(name, _LINE * (number + 0.5), tuple(segments), str(sum(parts.values())), x + 8)
