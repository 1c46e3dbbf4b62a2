"""Finds functions in languages with braces, without a parser for each: comments and strings are blanked first.

It reads C, C++ and JavaScript as people lay them out, not as a standard allows. What it takes for a function and
is none makes a task that does not build, which trying it out shows; so this may err, and stays small.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKENS = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `(?:\\.|[^`\\])*`""",
    re.DOTALL | re.VERBOSE,
)
_REGEX = re.compile(
    r"(?P<before>(?:^|[(,=:\[!&|?{};+]|\breturn)\s*)/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/", re.M
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
_ARGUMENTS = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
_C = re.compile(
    r"(?:^|[;}{])(?P<before>[^;{}()=]*?[\s*&])(?P<name>[A-Za-z_]\w*)\s*"
    + _ARGUMENTS
    + r"\s*(?:const\s*)?(?P<brace>\{)",
    re.MULTILINE,
)
_JAVASCRIPT = re.compile(
    r"(?:\bfunction\s*\*?\s*(?P<name>[\w$]+)\s*" + _ARGUMENTS
    + r"|(?P<arrow>[\w$]+)\s*[=:]\s*(?:async\s+)?(?:function\s*\*?\s*[\w$]*\s*)?"
    + r"(?:" + _ARGUMENTS + r"|[\w$]+)\s*(?:=>)?"
    + r"|^[ \t]*(?:static\s+|async\s+|get\s+|set\s+)*\*?\s*(?P<method>#?[\w$]+)\s*" + _ARGUMENTS
    + r")\s*(?P<brace>\{)",
    re.MULTILINE,
)  # fmt: skip
_NO_NAMES = frozenset(
    {"if", "for", "while", "switch", "catch", "return", "function", "do", "else", "with", "sizeof"}
)


@dataclass(frozen=True)
class Block:
    """A function: its name, what its header says before the name, and the extent of its body with the braces."""

    name: str
    before: str
    start: int
    end: int


def c_functions(source: str) -> list[Block]:
    """Return the functions of C or C++ source, in order."""
    text = _DIRECTIVE.sub(_blank, _TOKENS.sub(_blank, source))
    return list(_blocks(text, _C))


def javascript_functions(source: str) -> list[Block]:
    """Return the outermost functions and methods of JavaScript source, in order."""
    text = _REGEX.sub(lambda m: m["before"] + " " * (len(m[0]) - len(m["before"])), _TOKENS.sub(_blank, source))
    return list(_blocks(text, _JAVASCRIPT))


def _blocks(text: str, header: re.Pattern[str]) -> Iterator[Block]:
    at = 0
    while found := header.search(text, at):
        groups = found.groupdict()
        name = groups.get("name") or groups.get("arrow") or groups.get("method") or ""
        start = found.start("brace")
        end = _closing(text, start)
        if end is None or name in _NO_NAMES or (groups.get("before") or "x").split()[:1] in (["else"], ["return"]):
            at = start
            continue
        yield Block(name, groups.get("before") or "", start, end)
        at = end - 1
    return


def _closing(text: str, start: int) -> int | None:
    depth = 0
    for found in re.finditer(r"[{}]", text[start:]):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return start + found.end()
    return None


def _blank(found: re.Match[str]) -> str:
    return "".join("\n" if character == "\n" else " " for character in found[0])
