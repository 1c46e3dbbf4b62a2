"""Turns tests that report in TAP or to node into tests that a correct solution fails, mostly by their text.

No parser for C and JavaScript is at hand, so that this knows what assertions look like and no more. It is sound
all the same, since what a sabotaged test does with the right answer is not assumed: the gold patch shows it.
"""

from __future__ import annotations

import re
from random import Random

from codegym.grade.other_literal import other_numbers, other_texts
from codegym.grade.sabotage_python import Copy, Source

SHARE = 0.6
"""The part of all checks that is changed; the others are dressed like them, and show whether a result repeats."""

_C = re.compile(
    r"""(?P<skip>//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|^[ \t]*\#(?:\\\n|[^\n])*)"""
    r"""|(?P<before>[\w*]+[ \t]+)?\b(?:\w+_)?(?:check|assert|expect|require|verify|ok|is)(?:_\w+)?[ \t]*\(""",
    re.DOTALL | re.MULTILINE | re.IGNORECASE | re.VERBOSE,
)
_STATEMENT = frozenset({"return", "else", "do"})
_CONTRARY = {"==": "!=", "===": "!==", "<": ">=", ">": "<=", "true": "false"}
_CONTRARY |= {contrary: written for written, contrary in _CONTRARY.items()}
_COMPARES = re.compile(r"(?<=[\w)\]}\s])([=!]==?|[<>]=?)(?=[\w\s(\"'!-])")
_INNER = re.compile(r"""\((?:[^()]|\([^()]*\))*\)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""")
"""What stands in parentheses or quotes, so that a comparison there is not this check's."""
_LITERAL = re.compile(r"""(?<![\w.])\d[\w.]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\b(?:true|false)\b""")
_WHOLE = re.compile(rf"[\s-]*(?P<literal>{_LITERAL.pattern})\s*")
_Place = tuple[int, int, str]
_JS = re.compile(
    r"(?<![\w.$])(?<!function )(?P<what>(?:t\.|console\.)?assert(?:\.strict)?|ok|holds)(?:\.(?P<name>\w+))?\("
)
_JS_SAME = """
function NAME(assert, name) {
  return name ? assert[name].bind(assert) : assert;
}
"""
_JS_WRONG = """
function NAME(assert, name) {
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


def sabotaged(path: str, text: str, chance: Random, share: float = SHARE) -> str | None:
    """Return ``text`` with a ``share`` of its checks changed, one at least, of 0 none; ``None`` without checks.

    A change puts another literal or comparison in the place of one. Where there is none, checks that are not
    changed are written in the way of those that are, as far as that goes.
    """
    language = SUFFIXES.get("." + path.rpartition(".")[2])
    change = {"c": _c, "js": _js, "python": _python}.get(language or "")
    return change(text, chance, share) if change else None


def _c(text: str, chance: Random, share: float) -> str | None:
    places = [found.end() for found in _C.finditer(text) if _is_check(found)]
    for place in sorted(_some(places, chance, share), reverse=True):
        end = _first_argument(text, place)
        more = _first_argument(text, end + 1) if text[end : end + 1] == "," else end
        edit = _compared(text, place, end, chance) or _literal(text, end + 1, more, chance)
        start, end, other = edit or (place, end, f"!({text[place:end]})")
        text = text[:start] + other + text[end:]
    return text if places else None


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


def _js(text: str, chance: Random, share: float) -> str | None:
    places = list(_JS.finditer(text))
    chosen = _some([found.start() for found in places], chance, share)
    names = _names(chance)
    helped = False
    for found in reversed(places):
        changed = found.start() in chosen
        edit = _other_value(text, found, chance)
        if edit is None:
            method = f", {found['name']!r}" if found["name"] else ""
            edit = found.start(), found.end(), f"{names[changed]}({found['what']}{method})("
            changed = helped = True
        if changed:
            text = text[: edit[0]] + edit[2] + text[edit[1] :]
    helpers = _JS_SAME.replace("NAME", names[0]) + _JS_WRONG.replace("NAME", names[1])
    return text + helpers * helped if places else None


def _other_value(text: str, call: re.Match[str], chance: Random) -> _Place | None:
    """Return another literal for one in what a call expects, and where that is; nothing where none is expected."""
    name = call["name"] or "ok"
    end = _first_argument(text, call.end())
    if name == "ok":
        return _compared(text, call.end(), end, chance)
    if not re.search(r"[eE]qual$", name) or re.match("not|notS|notD", name):
        return None
    last = _first_argument(text, end + 1)
    found = [] if "(" in text[end:last] else list(_LITERAL.finditer(text, end + 1, last))
    chance.shuffle(found)
    return next((edit for place in found if (edit := _literal(text, *place.span(), chance))), None)


def _compared(text: str, start: int, end: int, chance: Random) -> _Place | None:
    """Return another literal for one that something is compared with, or a contrary comparison, and where that is.

    Nothing that is given to a call is changed: another solution may rightly do something else there.
    """
    flat = _INNER.sub(lambda inner: "_" * len(inner[0]), text[start:end])
    found = list(_COMPARES.finditer(flat))
    if len(found) != 1:
        return None
    first, last = (start + place for place in found[0].span())
    changed = _literal(text, last, end, chance) or _literal(text, start, first, chance)
    return changed or (first, last, _CONTRARY[found[0][0]])


def _literal(text: str, start: int, end: int, chance: Random) -> _Place | None:
    """Return another literal for the one that is all there is between two places, and where it is."""
    place = _WHOLE.fullmatch(text, start, end)
    if place is None:
        return None
    written = place["literal"]
    if written in _CONTRARY:
        others = [_CONTRARY[written]]
    else:
        others = (other_texts if written[0] in "\"'" else other_numbers)(written, chance)
    return (*place.span("literal"), others[0]) if others else None


def _python(text: str, chance: Random, share: float) -> str | None:
    source = Source(text)
    tests = [place for place in source.functions if "test" in place.lower()]
    chosen = sorted(_some(list(range(len(tests))), chance, share))
    copies = {
        tests[n]: [Copy(tests[n].rpartition("::")[2], source.expecting(tests[n], chance)[0])] for n in chosen
    }
    return source.with_copies(copies) if tests else None


def _names(chance: Random) -> tuple[str, str]:
    """Return what checks that stay are called by, and what those that are changed are."""
    return f"_{chance.getrandbits(40):010x}", f"_{chance.getrandbits(40):010x}"


def _some(places: list[int], chance: Random, share: float) -> set[int]:
    if not places or not share:
        return set()
    return {place for place in places if chance.random() < share} | {chance.choice(places)}
