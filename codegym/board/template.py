"""Pages from jinja2 templates, in which all text is escaped and a missing name is an error.

A page names policies and tasks that strangers chose. The templates are in ``templates/``: ``layout.html.j2`` is
the frame of every page, ``macros.html.j2`` has its parts, ``plots.svg.j2`` its plots; another package's pages use
them too. A page opens from disk: it
has no script, loads nothing, and its style sheet is part of it.
"""

from __future__ import annotations

from functools import lru_cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from codegym.board.plot import WIDTH
from codegym.board.standings import UNKNOWN, interval, percent


def fill(template: str, *, package: str = "codegym.board", **values: object) -> str:
    """Return ``template`` (a file name in ``templates/``) with ``values``; the same values give the same bytes.

    Templates are those of ``package`` and of this one.
    """
    return _environment(package).get_template(template).render(values)


def coordinate(value: float) -> str:
    """Return a number as SVG coordinates are written: with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


@lru_cache(maxsize=4)
def _environment(package: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(__package__)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"percent": percent, "interval": interval, "coordinate": coordinate}
    environment.globals |= {"UNKNOWN": UNKNOWN, "PLOT_WIDTH": WIDTH}
    return environment
