"""Finds functions in languages with braces, without a parser for each: comments and strings are blanked first.

It reads C, C++ and JavaScript as people usually write them, not all that the standards allow. It may take other
text for a function. A task made from that does not build, which its trial shows, so this module can stay small.
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
_KEYWORDS = frozenset(
    {"if", "for", "while", "switch", "catch", "return", "function", "do", "else", "with", "sizeof"}
)


@dataclass(frozen=True)
class Block:
    """A function: its name, the text of its header before the name, and where its body starts and ends.

    ``start`` and ``end`` count characters; the braces are part of the body.
    """

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
    while match := header.search(text, at):
        groups = match.groupdict()
        name = groups.get("name") or groups.get("arrow") or groups.get("method") or ""
        start = match.start("brace")
        end = _closing(text, start)
        if end is None or name in _KEYWORDS or (groups.get("before") or "x").split()[:1] in (["else"], ["return"]):
            at = start
            continue
        yield Block(name, groups.get("before") or "", start, end)
        at = end - 1


def _closing(text: str, start: int) -> int | None:
    """Return the position after the brace that closes the one at ``start``, or ``None`` if there is none."""
    depth = 0
    for brace in re.finditer(r"[{}]", text[start:]):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return start + brace.end()
    return None


def _blank(match: re.Match[str]) -> str:
    """Return spaces in place of a match; its line feeds stay."""
    return "".join("\n" if character == "\n" else " " for character in match[0])
