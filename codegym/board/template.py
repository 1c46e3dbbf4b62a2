"""Pages from jinja2 templates, in which all text is escaped and a missing name is an error.

A page names policies and tasks that strangers chose. The templates are in ``templates/``: ``layout.html.j2`` is
the frame of every page, ``macros.html.j2`` has its parts, ``plots.svg.j2`` its plots. A page opens from disk: it
has no script, loads nothing, and its style sheet is part of it.
"""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from codegym.board.plot import WIDTH
from codegym.board.standings import UNKNOWN, interval, percent


def fill(template: str, **values: object) -> str:
    """Return ``template`` (a file name in ``templates/``) with ``values``; the same values give the same bytes."""
    return _environment().get_template(template).render(values)


def coordinate(value: float) -> str:
    """Return a number as SVG coordinates are written: with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"percent": percent, "interval": interval, "coordinate": coordinate}
    environment.globals |= {"UNKNOWN": UNKNOWN, "PLOT_WIDTH": WIDTH}
    return environment
