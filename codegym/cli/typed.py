"""Reads what a person types at ``codegym play`` as a tool call.

``view src/a.py 1 40``, ``search "def total"``, ``test``, ``!ls -l``: a tool's name and its arguments in order, as
in a shell. A required argument that is missing is asked for, and may have several lines.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from codegym.errors import unknown
from codegym.tool.call import Call, Malformed
from codegym.tool.spec import Tool

Ask = Callable[[str], str]
"""Asks a person for an argument by name and returns it; it may have several lines."""

_REST_OF_LINE = {"shell": "command", "search": "pattern"}
"""Tools whose only needed argument is the rest of the line, verbatim."""


def read_typed(line: str, tools: Sequence[Tool], ask: Ask) -> Call | Malformed:
    """Return the call that ``line`` stands for. A tool's name may be shortened if no other begins like it."""
    word, _, rest = line.strip().partition(" ")
    if line.strip().startswith("!"):
        word, rest = "shell", line.strip()[1:]
    tool = _tool(word, tools)
    if isinstance(tool, Malformed):
        return tool
    arguments = _arguments(tool, rest.strip())
    if isinstance(arguments, Malformed):
        return arguments
    for name in tool.required():
        if name not in arguments:
            arguments[name] = ask(name)
    return Call(tool.name, arguments)


def _tool(word: str, tools: Sequence[Tool]) -> Tool | Malformed:
    matches = [tool for tool in tools if tool.name == word] or [t for t in tools if t.name.startswith(word)]
    if word and len(matches) == 1:
        return matches[0]
    if matches and word:
        return Malformed(f"{word!r} could be {', '.join(tool.name for tool in matches)}")
    return Malformed(unknown("tool", word, [tool.name for tool in tools]) + " `help` explains them.")


def _arguments(tool: Tool, rest: str) -> dict[str, object] | Malformed:
    if tool.name in _REST_OF_LINE and rest:
        return {_REST_OF_LINE[tool.name]: rest}
    try:
        words = shlex.split(rest)
    except ValueError as error:
        return Malformed(f"{error}; quote arguments as in a shell")
    names = list(tool.parameters())
    if len(words) > len(names):
        return Malformed(f"too many arguments for {tool.signature()}; quote those with spaces")
    return dict(zip(names, words, strict=False))
