"""One short line per action, for policies of a few million parameters and contexts of a few hundred tokens.

A letter names the tool; the rest of the line is its arguments, verbatim and in order: ``f 2``, ``v a.py 10 20``,
``r 12 x < 1 => x <= 1``, ``t``, ``q``. Thoughts are removed, then only the first line that is not empty is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codegym.tool.call import Call, Malformed, ToolResult
from codegym.tool.dialect.thought import Span, without_thoughts
from codegym.tool.spec import Tool


@dataclass(frozen=True)
class Verb:
    """A letter and the form of the arguments after it.

    ``pattern`` matches the rest of the line; its named groups are the tool's arguments. ``form`` is the template
    from which the line is written, with optional parts in brackets. ``may_be_empty`` names an argument that is
    empty if it is left out.
    """

    letter: str
    tool: str
    form: str = ""
    pattern: str = ""
    may_be_empty: str = ""


VERBS: tuple[Verb, ...] = (
    Verb("s", "locate"),
    Verb("f", "focus", "{rank}", r"(?P<rank>\d+)"),
    Verb("r", "fix", "{line} {old} => {new}", r"(?P<line>\d+) (?P<old>.+?) =>(?: (?P<new>.*))?", "new"),
    Verb("w", "rewrite", "{line} [{text}]", r"(?P<line>\d+)(?: (?P<text>.*))?", "text"),
    Verb("a", "add", "{line} {text}", r"(?P<line>\d+) (?P<text>.*\S.*)"),
    Verb("v", "view", "{path} [{start}] [{end}]", r"(?P<path>\S.*?)(?: (?P<start>\d+)(?: (?P<end>\d+))?)?"),
    Verb("l", "list", "[{path}]", r"(?P<path>\S.*)?"),
    Verb("g", "search", "{pattern}", r"(?P<pattern>.+)"),
    Verb("x", "shell", "{command}", r"(?P<command>.+)"),
    Verb("c", "compile"),
    Verb("t", "test"),
    Verb("d", "diff"),
    Verb("u", "undo"),
    Verb("q", "submit"),
)
_BY_LETTER = {verb.letter: verb for verb in VERBS}
_BY_TOOL = {verb.tool: verb for verb in VERBS}


@dataclass(frozen=True)
class LineDialect:
    """The line dialect: ``r 12 x < 1 => x <= 1``."""

    name: str = "line"

    def offers(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """Return the tools that have a letter."""
        return tuple(tool for tool in tools if tool.name in _BY_TOOL)

    def system(self, tools: Sequence[Tool]) -> str:
        """Return one line per verb: its form and the tool's name."""
        offered = {tool.name for tool in self.offers(tools)}
        return "\n".join(f"{_usage(verb)}: {verb.tool}" for verb in VERBS if verb.tool in offered)

    def parse(self, text: str) -> Call | Malformed:
        """Read the first line that is not empty, after removing thoughts."""
        text = without_thoughts(text, self._find_call)
        line = next((line for line in text.split("\n") if line.strip()), "")
        return self._read(line.lstrip().removesuffix("\r"))

    def _find_call(self, text: str) -> Span | None:
        start = len(text) - len(text.lstrip())
        line = text[start:].partition("\n")[0]
        call = self._read(line.removesuffix("\r"))
        return None if isinstance(call, Malformed) else (start, start + len(line))

    def _read(self, line: str) -> Call | Malformed:
        letter, _, rest = line.partition(" ")
        verb = _BY_LETTER.get(letter.strip())
        if verb is None:
            return Malformed(f"expected {' '.join(_BY_LETTER)}")
        match = re.fullmatch(verb.pattern, rest if verb.pattern else rest.strip(), re.DOTALL)
        if match is None:
            return Malformed(f"expected {_usage(verb)}")
        arguments = {name: value for name, value in match.groupdict().items() if value is not None}
        if verb.may_be_empty:
            arguments.setdefault(verb.may_be_empty, "")
        return Call(verb.tool, arguments)

    def format(self, call: Call) -> str:
        """Return the line for ``call``. Raises :class:`ValueError` if :meth:`parse` would read it differently."""
        verb = _BY_TOOL.get(call.tool)
        if verb is None:
            raise ValueError(f"the line dialect has no letter for {call.tool!r}")
        arguments = {name: str(value) for name, value in call.arguments.items()}
        text = f"{verb.letter} {_fill(verb.form, arguments)}".rstrip(" " if verb.tool != "fix" else "")
        if self.parse(text) != Call(call.tool, arguments):
            raise ValueError(f"the line dialect can't write {call.tool} with {arguments!r}")
        return text

    def render(self, result: ToolResult) -> str:
        """Return the brief text if there is one, otherwise the full text."""
        return result.brief or result.text


def _usage(verb: Verb) -> str:
    return f"{verb.letter} {re.sub('[{}]', '', verb.form)}".strip()


def _fill(form: str, arguments: dict[str, str]) -> str:
    """Fill in the arguments; leave out bracketed parts whose argument is missing."""
    form = re.sub(r" ?\[\{(\w+)\}\]", lambda m: " {" + m[1] + "}" if m[1] in arguments else "", form).strip()
    return re.sub(r"\{(\w+)\}", lambda m: arguments.get(m[1], ""), form)
