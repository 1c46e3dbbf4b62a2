"""An excerpt of one function, in as few characters as its repair needs.

Lines are numbered from the function's first line, so that the numbers are small. The number is a comment at the
end of the line, since a model reads from left to right. ``*`` marks the most suspicious lines of the function. Of
the docstring the first paragraph is shown, in one line; comments are left out; a long function is cut around the
marked lines. The function's own indentation is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from codegym.tool.call import ToolError
from codegym.tool.compact.indent import indentation
from codegym.tool.compact.suspect import Suspect
from codegym.tool.cut import clip

LONGEST_LINE = 120
DOCSTRING_CHARS = 240


def excerpt(suspect: Suspect, source: Sequence[str]) -> str:
    """Return the function's name and numbered lines; ``source`` are the file's lines.

    Raises :class:`ToolError` if the file ends before the function does.
    """
    if not suspect.first <= suspect.last <= len(source):
        raise ToolError(f"{suspect.name} is no longer there: call locate again.", "locate again")
    margin = indentation(source[suspect.first - 1])
    stars = dict.fromkeys(suspect.hot, "*")
    rows = [
        (n, f"{line.removeprefix(margin)[:LONGEST_LINE]} #{n - suspect.first + 1}{stars.get(n, '')}")
        for n in suspect.lines()
        if (line := source[n - 1].rstrip()) and not line.lstrip().startswith("#")
    ]
    if suspect.docstring:
        first, last = suspect.docstring
        rows = sorted([*rows, (first, _summary(source[first - 1 : last]))])
    return "\n".join([suspect.name, *(row for _, row in rows)])


def _summary(docstring: Sequence[str]) -> str:
    """Return the first paragraph of a docstring in one line, cut if it is long."""
    paragraph = "\n".join(docstring).strip().strip("rRuUbB").strip("\"'").strip().split("\n\n")[0]
    return f'    """{clip(" ".join(paragraph.split()), DOCSTRING_CHARS)}"""'
