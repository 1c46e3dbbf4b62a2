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
from codegym.train.reading import phrases


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
            separator = self.draw.choice(phrases.SEPARATORS)
            code, words = code.replace("~", separator), words.replace("~", f"{separator!r}")
        return code, words

    def phrased(self, options: Sequence[str]) -> tuple[str, str]:
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
        code, clause = draft.filled("<s>", draw.choice(phrases.LETS).replace("#", "s").replace("@", name))
        words.append(clause)
        body.append(f"{name} = {code}")
        draft.reads = [*draft.reads, name]
    code, clause = draft.filled(*draft.phrased(draw.choice(phrases.RESULTS)))
    return _function(draft, head, [*words, clause], [*body, f"return {code}"])


def _plain_text(draft: _Draft) -> _Draft:
    """A function of a text and a number."""
    draft.reads, draft.texts = ["{int}", *draft.draw.choice(((), ("len({text})",)))], ["{text}"]
    arguments, marks = ["{text}", "{int}"], ["<word>", "<small>"]
    if draft.draw.random() < 0.3:
        arguments.reverse()
        marks.reverse()
    draft.call = f"{{f}}({', '.join(marks)})"
    code, clause = draft.filled(*draft.phrased(draft.draw.choice(phrases.TEXT_RESULTS)))
    return _function(draft, f"def {{f}}({', '.join(arguments)}):", [clause], [f"return {code}"])


def _loop(draft: _Draft) -> _Draft:
    """A function with a loop over a list of numbers, and state."""
    draft.call = "{f}(<some>, <int>)"
    return _function(draft, "def {f}({items}, {int}):", *_looping(draft))


def _looping(draft: _Draft, more: Sequence[tuple[str, ...]] = ()) -> tuple[list[str], list[str]]:
    """Return the words and the lines of a loop; ``more`` are further steps that it may take."""
    draw, words, body = draft.draw, [], []
    steps = [draw.choice((*phrases.STEPS, *more, *more)) for _ in range(draw.choice((1, 1, 2)))]
    states = list(dict.fromkeys(state for state, *_ in steps))
    for state in states:
        value, *ways = phrases.STATES[state]
        body.append(f"{{{state}}} = {value}")
        if ways and draw.random() < 0.7:
            begin = draw.choice(("Start {@} &.", "{@} starts &."))
            words.append(begin.replace("@", state).replace("&", draw.choice(ways)))
    numbers = [f"{{{state}}}" for state in states if state in ("total", "count")]
    opening = draw.choice(phrases.LOOPS)
    body.append("for {item} in {items}:")
    clauses = []
    for _, *options in steps:
        lines, clause = _step(draft, options, ["{item}", "{int}", *numbers], ["{item}", "{int}"], guarded=0.5)
        body += [f"    {line}" for line in lines]
        clauses.append(clause)
    words.append(f"{opening} {draw.choice(phrases.JOINTS).join(clauses)}.")
    draft.reads = ["{int}", *numbers]
    others = [f"{{{state}}}" for state in states if state not in ("total", "count")]
    if others and draw.random() < 0.6:
        result, clause = ", ".join(others + numbers), f"Return {' and '.join(others + numbers)}."
    else:
        code, clause = draft.filled(*draft.phrased(draw.choice(phrases.RESULTS[:8])))
        result = f"{', '.join(others)}, {code}" if others and code[0] not in "([" else code
        clause = clause.replace("Return", f"Return {' and '.join(others)}, and", 1) if result != code else clause
    return [*words, clause], [*body, f"return {result}"]


def _step(
    draft: _Draft, options: Sequence[str], reads: Sequence[str], tested: Sequence[str], *, guarded: float
) -> tuple[list[str], str]:
    """Return the lines and the words of a step that reads ``reads``, perhaps under a condition on ``tested``."""
    code, clause = draft.filled(*draft.phrased(options), reads=reads)
    if draft.draw.random() >= guarded:
        return [code], clause
    guard, way = draft.filled(*draft.phrased(draft.draw.choice(phrases.GUARDS)), reads=tested)
    return [guard, f"    {code}"], way.replace("!", clause)


def _with_helper(draft: _Draft) -> _Draft:
    """A helper, and a loop that may use it."""
    draft.reads = ["{int1}", "{int2}"]
    code, clause = draft.filled(*draft.phrased(phrases.RESULTS[0]))
    draft = _function(draft, "def {g}({int1}, {int2}):", [clause], [f"return {code}"])
    draft.lines += ["", ""]
    draft.call = "{f}(<some>, <int>)"
    return _function(draft, "def {f}({items}, {int}):", *_looping(draft, phrases.HELPER_STEPS))


def _class(draft: _Draft) -> _Draft:
    """A class with a number, methods that change it, and a report."""
    draw = draft.draw
    draft.setup = ("{obj} = {C}(<int>)",)
    draft.moves = ("{obj}.{add}(<int>)", "{obj}.{add}(<int>)", "{obj}.{take}(<int>)")
    draft.call = "{obj}.{report}()"
    draft.lines = [
        "class {C}:", f'    """{draw.choice(phrases.TITLES)}"""', "",
        "    def __init__(self, {limit}):", "        self.{limit} = {limit}", "        self.{total} = 0",
        "        self.{count} = 0", "        self.{out} = []", "",
    ]  # fmt: skip
    steps = [step for step in phrases.STEPS if step[0] != "table"]
    reads = ["{item}", "self.{limit}", "self.{total}"]
    for method in ("{add}", "{take}"):
        _, *options = draw.choice(steps)
        lines, clause = _step(draft, [_of_self(options[0]), *options[1:]], reads, reads, guarded=0.4)
        clause = clause[0].upper() + clause[1:]
        draft.lines += [f"    def {method}(self, {{item}}):", f'        """{clause}."""']
        draft.lines += [*(f"        {line}" for line in lines), ""]
    draft.reads = ["self.{total}", "self.{count}", "self.{limit}"]
    code, clause = draft.filled(*draft.phrased(draw.choice(phrases.RESULTS[:5])))
    is_bare = code[0] not in "(["
    result = f"[self.{{total}}, self.{{out}}, {code}]" if is_bare else f"(self.{{out}}, {code})"
    listed = "{total}, {out}" if is_bare else "{out}"
    draft.lines += [
        "    def {report}(self):",
        f'        """First give {listed}. {clause}"""',
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
