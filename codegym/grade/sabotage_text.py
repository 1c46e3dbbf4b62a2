"""Turns tests that report in TAP or to node into tests that a correct solution fails, mostly by their text.

No parser for C and JavaScript is at hand, so that this knows what assertions look like and no more. It is sound
all the same, since what a sabotaged test does with the right answer is not assumed: the gold patch shows it.
"""

from __future__ import annotations

import re
from random import Random

from codegym.grade.sabotage_python import Copy, functions, with_copies

_SHARE = 0.6
"""The part of all checks that is changed; the others show whether a result can be repeated."""

_C = re.compile(
    r"""(?P<skip>//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|^[ \t]*\#(?:\\\n|[^\n])*)"""
    r"""|(?P<before>[\w*]+[ \t]+)?\b(?:\w+_)?(?:check|assert|expect|require|verify|ok|is)(?:_\w+)?[ \t]*\(""",
    re.DOTALL | re.MULTILINE | re.IGNORECASE | re.VERBOSE,
)
_STATEMENT = frozenset({"return", "else", "do"})
_JS = re.compile(
    r"(?<![\w.$])(?<!function )(?P<what>(?:t\.|console\.)?assert(?:\.strict)?|ok|holds)(?:\.(?P<name>\w+))?\("
)
_JS_WRONG = """
function WRONG(assert, name) {
  const other = { [name]: assert };
  const call = name ? assert[name].bind(assert) : assert;
  if (!name || name === 'ok') return (value, ...rest) => call(!value, ...rest);
  if (/^(notE|notS|notD|doesNotMatch|ifError)/.test(name)) return (value) => assert.equal(value, other);
  if (/[eE]qual$/.test(name)) return (value, _, ...rest) => call(value, other, ...rest);
  if (name === 'match') return (value, _, ...rest) => call(value, /(?!)/, ...rest);
  if (name === 'throws') return (_, ...rest) => call(() => {}, ...rest);
  if (name === 'rejects') return (_, ...rest) => call(Promise.resolve(), ...rest);
  return call;
}
"""
SUFFIXES = dict.fromkeys((".c", ".h", ".cc", ".cpp", ".cxx", ".hpp"), "c")
SUFFIXES |= dict.fromkeys((".js", ".cjs", ".mjs", ".ts"), "js") | {".py": "python"}
"""Languages by the ends of files' names."""


def sabotaged(path: str, text: str, chance: Random) -> str | None:
    """Return ``text`` with some of its checks changed; ``None`` where none is known."""
    language = SUFFIXES.get("." + path.rpartition(".")[2])
    change = {"c": _c, "js": _js, "python": _python}.get(language or "")
    return change(text, chance) if change else None


def _c(text: str, chance: Random) -> str | None:
    places = [found.end() for found in _C.finditer(text) if _is_check(found)]
    chosen = _some(places, chance)
    for place in sorted(chosen, reverse=True):
        end = _first_argument(text, place)
        text = f"{text[:place]}!({text[place:end]}){text[end:]}"
    return text if chosen else None


def _is_check(found: re.Match[str]) -> bool:
    before = (found["before"] or "").strip()
    return found["skip"] is None and (not before or before in _STATEMENT)


def _first_argument(text: str, start: int) -> int:
    """Return where the argument that begins at ``start`` ends: at a comma, or at the parenthesis of the call."""
    depth = 0
    for token in re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[()\[\]{},]').finditer(text, start):
        if depth == 0 and token[0] in (")", ","):
            return token.start()
        depth += (token[0] in ("(", "[", "{")) - (token[0] in (")", "]", "}"))
    return start


def _js(text: str, chance: Random) -> str | None:
    chosen = _some([found.start() for found in _JS.finditer(text)], chance)
    name = f"_{chance.getrandbits(40):x}"

    for found in reversed([found for found in _JS.finditer(text) if found.start() in chosen]):
        start, end, wrong = _other_literal(text, found)
        if not wrong:
            method = f", {found['name']!r}" if found["name"] else ""
            start, end, wrong = found.start(), found.end(), f"{name}({found['what']}{method})("
        text = text[:start] + wrong + text[end:]
    return text + _JS_WRONG.replace("WRONG", name) if chosen else None


def _other_literal(text: str, call: re.Match[str]) -> tuple[int, int, str]:
    """Return where a call's expected literal is, and another one; nothing where it expects no literal."""
    start = _first_argument(text, call.end()) + 1
    end = _first_argument(text, start)
    given = text[start:end].strip()
    if not re.search(r"[eE]qual$", call["name"] or "") or re.match("not|notS|notD", call["name"]):
        return start, end, ""
    if re.fullmatch(r"-?\d+(\.\d+)?", given):
        return start, end, f" {given}1"
    if re.fullmatch(r"'[^'\\\n]*'|\"[^\"\\\n]*\"", given):
        return start, end, f" {given[:-1]}s{given[-1]}"
    return start, end, {"true": " false", "false": " true"}.get(given, "")


def _python(text: str, chance: Random) -> str | None:
    tests = [place for place in functions(text) if "test" in place.lower()]
    chosen = sorted(_some(list(range(len(tests))), chance))
    copies = {tests[n]: [Copy(tests[n].rpartition("::")[2], sabotaged=True)] for n in chosen}
    return with_copies(text, copies) if copies else None


def _some(places: list[int], chance: Random) -> set[int]:
    if not places:
        return set()
    return {place for place in places if chance.random() < _SHARE} | {chance.choice(places)}
