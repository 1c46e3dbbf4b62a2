"""Families of programs without end: templates put together at random from statements and ways to say them.

A model that reads a few dozen families learns their texts by heart. Here the sentence around an expression, the
statement for it and their order change from program to program, so that only what the words mean stays the same.
None is a family of a suite; they are for reading alone.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from codegym.generator.family import ProgramFamily

_LETS = (
    "Let @ be <# words>.", "Call <# words> @.", "@ is <# words>.", "Take <# words> as @.", "First set @ to <# words>.",
    "Write @ for <# words>.", "@ stands for <# words>.",
)  # fmt: skip
_RESULTS = (
    ("<a>", "Return <a words>.", "The result is <a words>.", "Give back <a words>.", "Return what <a words> comes to."),
    (
        "<a>, <b>", "Return <a words> and <b words>.", "Return a tuple of <a words> and <b words>.",
        "Return both: <a words>; <b words>.", "The result is a pair of <a words> and <b words>.",
        "Return two numbers, <a words>, and <b words>.",
    ),
    ("(<a>, <b>)", "Give back <a words>, and <b words>.", "Return <a words> together with <b words>."),
    ("[<a>, <b>]", "Return <a words> and <b words> in a list.", "List <a words>, and then <b words>."),
    ("<a>, <b>, <c>", "Return three numbers: <a words>, <b words>, <c words>.", "Return <a words>, <b words>, <c words>."),
    ("[<a>, <b>, <c>]", "Return the list of <a words>, <b words> and <c words>."),
    ("max(<a>, <b>, <c>)", "Return the largest of <a words>, <b words> and <c words>."),
    ("min(<a>, <b>, <c>)", "Return the least of <a words>, <b words> and <c words>."),
    ("sum([<a>, <b>])", "Add <a words> and <b words>, and return the sum."),
    ("abs(<a>)", "Return <a words> without its sign.", "Return the size of <a words>."),
    (
        "<a> if <t> else <b>", "Return <a words> if <t words>, or else <b words>.",
        "If <t words>, return <a words>, and if not, <b words>.", "Return <b words>, but <a words> if <t words>.",
    ),
    ("(<t>, <a>)", "Return whether <t words>, and <a words>."),
    ("str(<a>)", "Return <a words> as text."),
)  # fmt: skip
"""A result, and how it can be said."""
_TEXT_RESULTS = (
    ("<s>", "Return <s words>.", "The result is <s words>."),
    ('<s> + "~" + str(<a>)', "Return <s words>, a ~ and <a words>.", "Write <s words>, then ~, then <a words>."),
    ('str(<a>) + "~" + <s>', "Write <a words>, then ~, then <s words>.", "Return <a words> in digits, ~, and <s words>."),
    ('<s> + str(<a>)', "Return <s words> with <a words> behind it.", "Put <a words> after <s words>."),
    ("[<s>, <a>]", "List <s words> and <a words>.", "Return <s words> and <a words> in a list."),
    ("(<a>, <s>)", "Return a tuple: <a words> and <s words>.", "Return <a words>, and <s words> as well."),
    ("<s> if <t> else <s2>", "Return <s words> if <t words>; <s2 words> if not.", "If <t words>, <s words>, else <s2 words>."),
)  # fmt: skip
_SEPARATORS = ("-", ":", "/", "=", "+", "_", "|")
_LOOPS = (
    "For each {item}:", "For each {item} of {items},", "Go through {items}: for each {item},", "With every {item},",
    "Take each {item} of {items} in turn:",
)  # fmt: skip
_GUARDS = (
    ("if <t>:", "if <t words>, !", "! if <t words>", "! for those with <t words>", "!, provided that <t words>"),
    ("if not (<t>):", "unless <t words>, !", "! unless <t words>", "! where it is not so that <t words>"),
)
_STEPS = (
    (
        "total",
        "{total} += <s>",
        "add <s words> to {total}",
        "{total} grows by <s words>",
        "raise {total} by <s words>",
    ),
    ("total", "{total} -= <s>", "take <s words> from {total}", "{total} falls by <s words>"),
    (
        "total",
        "{total} = <s>",
        "{total} becomes <s words>",
        "set {total} to <s words>",
        "let {total} be <s words>",
    ),
    ("total", "{total} = max({total}, <s>)", "keep in {total} the larger of it and <s words>"),
    (
        "out",
        "{out}.append(<s>)",
        "append <s words> to {out}",
        "put <s words> into {out}",
        "list <s words> in {out}",
    ),
    ("out", "{out}.insert(0, <s>)", "put <s words> at the front of {out}"),
    ("count", "{count} += 1", "count it in {count}", "{count} grows by one"),
    ("table", "{table}[<s>] = {item}", "keep the {item} in {table} under <s words>"),
    ("table", "{table}[{item}] = <s>", "under the {item} put <s words> into {table}"),
)
"""A state, a statement that changes it, and how it can be said."""
_STATES = {"total": ("0", "from 0", "at 0"), "count": ("0", "from 0", "at 0"), "out": ("[]",), "table": ("{}",)}


def compose(draw: random.Random) -> ProgramFamily:
    """Return a random family."""
    draft = draw.choice((_plain, _plain_text, _loop, _loop, _with_helper, _class))(_Draft(draw))
    return ProgramFamily(
        name="composed",
        level=1,
        split="train",
        code="\n".join(draft.lines),
        call=draft.call,
        setup=draft.setup,
        moves=draft.moves,
        slots=draft.slots,
    )


@dataclass
class _Draft:
    """A template in the making. ``reads`` are the numbers, ``texts`` the texts that an expression may read."""

    draw: random.Random
    reads: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    slots: dict[str, str] = field(default_factory=dict)
    call: str = ""
    setup: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()

    def filled(self, code: str, words: str, reads: Sequence[str] = ()) -> tuple[str, str]:
        """Return a statement and its words with slots of this template's own in them."""
        for name in ("a", "b", "c", "s", "s2", "t"):
            if f"<{name}>" in code:
                slot = f"{name}{len(self.slots)}"
                self.slots[slot] = self._rule(name, list(reads) or self.reads)
                code = code.replace(f"<{name}>", f"<{slot}>")
                words = words.replace(f"<{name} words>", f"<{slot} words>")
        if "~" in code:
            separator = self.draw.choice(_SEPARATORS)
            code, words = code.replace("~", separator), words.replace("~", f"{separator!r}")
        return code, words

    def said(self, options: Sequence[str]) -> tuple[str, str]:
        """Return a code and one of the ways to say it."""
        code, *ways = options
        return code, self.draw.choice(ways)

    def _rule(self, name: str, reads: list[str]) -> str:
        self.draw.shuffle(reads)
        depth = self.draw.choice((1, 1, 2))
        if name == "t":
            return f"bool {depth}: {', '.join(reads)}"
        if name in ("s", "s2") and self.texts:
            return f"text {depth}: {', '.join(self.texts)}; {', '.join(reads)}"
        return f"int {depth}: {', '.join(reads)}"


def _plain(draft: _Draft) -> _Draft:
    """A function of numbers: names for parts of the result, and the result."""
    draw = draft.draw
    draft.reads = [f"{{int{n}}}" for n in range(1, draw.randint(2, 3) + 1)]
    draft.call = f"{{f}}({', '.join(['<int>'] * len(draft.reads))})"
    head = f"def {{f}}({', '.join(draft.reads)}):"
    words, body = [], []
    for name in draw.sample(("{value}", "{total}"), draw.choice((0, 0, 1, 2))):
        code, said = draft.filled("<s>", draw.choice(_LETS).replace("#", "s").replace("@", name))
        words.append(said)
        body.append(f"{name} = {code}")
        draft.reads = [*draft.reads, name]
    code, said = draft.filled(*draft.said(draw.choice(_RESULTS)))
    return _function(draft, head, [*words, said], [*body, f"return {code}"])


def _plain_text(draft: _Draft) -> _Draft:
    """A function of a text and a number."""
    draft.reads, draft.texts = ["{int}", *draft.draw.choice(((), ("len({text})",)))], ["{text}"]
    arguments, marks = ["{text}", "{int}"], ["<word>", "<small>"]
    if draft.draw.random() < 0.3:
        arguments.reverse()
        marks.reverse()
    draft.call = f"{{f}}({', '.join(marks)})"
    code, said = draft.filled(*draft.said(draft.draw.choice(_TEXT_RESULTS)))
    return _function(draft, f"def {{f}}({', '.join(arguments)}):", [said], [f"return {code}"])


def _loop(draft: _Draft) -> _Draft:
    """A function with a loop over a list of numbers, and state."""
    draft.call = "{f}(<some>, <int>)"
    return _function(draft, "def {f}({items}, {int}):", *_looping(draft))


def _looping(draft: _Draft, more: Sequence[tuple[str, ...]] = ()) -> tuple[list[str], list[str]]:
    """Return the words and the lines of a loop; ``more`` are further steps that it may take."""
    draw, words, body = draft.draw, [], []
    steps = [draw.choice((*_STEPS, *more, *more)) for _ in range(draw.choice((1, 1, 2)))]
    states = list(dict.fromkeys(state for state, *_ in steps))
    for state in states:
        value, *ways = _STATES[state]
        body.append(f"{{{state}}} = {value}")
        if ways and draw.random() < 0.7:
            words.append(
                draw.choice(("Start {@} &.", "{@} starts &.")).replace("@", state).replace("&", draw.choice(ways))
            )
    numbers = [f"{{{state}}}" for state in states if state in ("total", "count")]
    heard = draw.choice(_LOOPS)
    body.append("for {item} in {items}:")
    clauses = []
    for _, *options in steps:
        code, said = draft.filled(*draft.said(options), reads=["{item}", "{int}", *numbers])
        lines = [code]
        if draw.random() < 0.5:
            guard, way = draft.filled(*draft.said(draw.choice(_GUARDS)), reads=["{item}", "{int}"])
            lines, said = [guard, f"    {code}"], way.replace("!", said)
        body += [f"    {line}" for line in lines]
        clauses.append(said)
    words.append(f"{heard} {draw.choice((', and then ', '; then ', ', and ')).join(clauses)}.")
    draft.reads = ["{int}", *numbers]
    others = [f"{{{state}}}" for state in states if state not in ("total", "count")]
    if others and draw.random() < 0.6:
        result, said = ", ".join(others + numbers), f"Return {' and '.join(others + numbers)}."
    else:
        code, said = draft.filled(*draft.said(draw.choice(_RESULTS[:8])))
        result = f"{', '.join(others)}, {code}" if others and code[0] not in "([" else code
        said = said.replace("Return", f"Return {' and '.join(others)}, and", 1) if result != code else said
    return [*words, said], [*body, f"return {result}"]


def _with_helper(draft: _Draft) -> _Draft:
    """A helper, and a loop that may use it."""
    draft.reads = ["{int1}", "{int2}"]
    code, said = draft.filled(*draft.said(_RESULTS[0]))
    draft = _function(draft, "def {g}({int1}, {int2}):", [said], [f"return {code}"])
    draft.lines += ["", ""]
    draft.call = "{f}(<some>, <int>)"
    more = (
        ("total", "{total} += {g}({item}, {int})", "add {g} of the {item} and {int} to {total}"),
        ("out", "{out}.append({g}({item}, {int}))", "append {g} of it and {int} to {out}", "list {g} of {item} and {int} in {out}"),
        ("out", "{out}.append({g}({int}, {item}))", "append {g} of {int} and the {item} to {out}"),
    )  # fmt: skip
    return _function(draft, "def {f}({items}, {int}):", *_looping(draft, more))


def _class(draft: _Draft) -> _Draft:
    """A class with a number, methods that change it, and a report."""
    draw = draft.draw
    draft.setup = ("{obj} = {C}(<int>)",)
    draft.moves = ("{obj}.{add}(<int>)", "{obj}.{add}(<int>)", "{obj}.{take}(<int>)")
    draft.call = "{obj}.{report}()"
    draft.lines = [
        "class {C}:", f'    """{draw.choice(("Keeps {items}.", "A thing with {items}.", "Handles {items}."))}"""', "",
        "    def __init__(self, {limit}):", "        self.{limit} = {limit}", "        self.{total} = 0",
        "        self.{count} = 0", "        self.{out} = []", "",
    ]  # fmt: skip
    steps = [step for step in _STEPS if step[0] != "table"]
    for method in ("{add}", "{take}"):
        _, *options = draw.choice(steps)
        code, said = draft.filled(
            *draft.said([_of_self(options[0]), *options[1:]]), reads=["{item}", "self.{limit}", "self.{total}"]
        )
        lines = [code]
        if draw.random() < 0.4:
            guard, way = draft.filled(
                *draft.said(draw.choice(_GUARDS)), reads=["{item}", "self.{limit}", "self.{total}"]
            )
            lines, said = [guard, f"    {code}"], way.replace("!", said)
        said = said[0].upper() + said[1:]
        draft.lines += [f"    def {method}(self, {{item}}):", f'        """{said}."""']
        draft.lines += [*(f"        {line}" for line in lines), ""]
    draft.reads = ["self.{total}", "self.{count}", "self.{limit}"]
    code, said = draft.filled(*draft.said(draw.choice(_RESULTS[:5])))
    result = f"[self.{{total}}, self.{{out}}, {code}]" if code[0] not in "([" else f"(self.{{out}}, {code})"
    listed = "{total}, {out}" if code[0] not in "([" else "{out}"
    draft.lines += [
        "    def {report}(self):",
        f'        """First give {listed}. {said}"""',
        f"        return {result}",
    ]
    return draft


def _of_self(code: str) -> str:
    for state in ("total", "count", "out"):
        code = code.replace(f"{{{state}}}", f"self.{{{state}}}")
    return code


def _function(draft: _Draft, head: str, words: Sequence[str], body: Sequence[str]) -> _Draft:
    sentences = " ".join(sentence[0].upper() + sentence[1:] for sentence in words)
    draft.lines += [head, f'    """{sentences}"""', *(f"    {line}" for line in body)]
    return draft
