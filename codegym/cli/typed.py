"""What a person types at ``codegym play``, read as a tool call.

``view src/a.py 1 40``, ``search "def total"``, ``test``, ``!ls -l``: a tool's name and its arguments in order, as
in a shell. An argument that was left out and is needed is asked for, on as many lines as it takes.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from codegym.errors import unknown
from codegym.tool.call import Call, Malformed
from codegym.tool.spec import Tool

Ask = Callable[[str], str]
"""Asks a person for one argument by name and returns it, lines and all."""

_REST_OF_LINE = {"shell": "command", "search": "pattern"}
"""Tools whose only needed argument is the rest of the line, verbatim."""


def read_typed(line: str, tools: Sequence[Tool], ask: Ask) -> Call | Malformed:
    """Return the call that ``line`` means; tools may be shortened as long as it is clear which is meant."""
    word, _, rest = line.strip().partition(" ")
    if line.strip().startswith("!"):
        word, rest = "shell", line.strip()[1:]
    tool = _tool(word, tools)
    if isinstance(tool, Malformed):
        return tool
    given = _arguments(tool, rest.strip())
    if isinstance(given, Malformed):
        return given
    for name in tool.required():
        if name not in given:
            given[name] = ask(name)
    return Call(tool.name, given)


def _tool(word: str, tools: Sequence[Tool]) -> Tool | Malformed:
    found = [tool for tool in tools if tool.name == word] or [t for t in tools if t.name.startswith(word)]
    if word and len(found) == 1:
        return found[0]
    if found and word:
        return Malformed(f"{word!r} could be {', '.join(tool.name for tool in found)}")
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
