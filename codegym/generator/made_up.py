"""Families of programs without end: templates put together at random from statements and ways to say them.

A model that reads a few dozen families learns their texts by heart. Here the sentence around an expression, the
statement for it and their order change from program to program, so that only what the words mean stays the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from codegym.digest import digest_json
from codegym.generator.family import ProgramFamily
from codegym.generator.phrases import PHRASES, PLAIN_RESULTS, Phrase
from codegym.generator.stream import Stream

_SLOTS = ("a", "b", "c", "s", "s2", "t")
_ARGUMENTS = {"{item}": "<some>", "{word}": "<words>", "{value}": "<pairs>"}
"""What a loop's list is drawn from, by the name of an element."""


def make_up(stream: Stream, split: str, level: int) -> ProgramFamily:
    """Return a random family with places for faults.

    In val and test at least one sentence is one that train never has.
    """
    has_held_out = split in ("val", "test")
    while True:
        draft = _Draft(stream, level, has_held_out)
        stream.choose(_SHAPES[level])(draft)
        if (draft.slots or draft.faults) and draft.is_new == has_held_out:
            return draft.family(split if has_held_out else "train")


@dataclass(frozen=True)
class _Said:
    """A code, the code that a fault has in its place (empty: none), and the words for both."""

    code: str
    words: str
    wrong: str


@dataclass
class _Draft:
    """A template in the making.

    ``reads`` are the numbers, ``texts`` the texts that an expression may read. ``element`` and ``key`` are what
    ``{it}`` and ``{under}`` stand for. ``is_new`` once a sentence is held out of train.
    """

    stream: Stream
    level: int
    has_held_out: bool
    reads: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    element: str = "{item}"
    key: str = "{item}"
    lines: list[str] = field(default_factory=list)
    slots: dict[str, str] = field(default_factory=dict)
    call: str = ""
    setup: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    is_new: bool = False
    faults: int = 0

    def family(self, split: str) -> ProgramFamily:
        """Return the template. Its name is made of the digest of all that is in it."""
        parts = [self.lines, self.slots, self.call, self.setup, self.moves]
        return ProgramFamily(
            name=f"made_up_{digest_json(parts)[:12]}",
            level=self.level,
            split=split,
            code="\n".join(self.lines),
            call=self.call,
            setup=self.setup,
            moves=self.moves,
            slots=self.slots,
        )

    def chance(self, percent: int) -> bool:
        """Return true in so many of a hundred cases."""
        return self.stream.below(100) < percent

    def way(self, phrase: Phrase) -> str:
        """Return one way to say a phrase."""
        if self.has_held_out and phrase.held_out and self.chance(50):
            self.is_new = True
            return self.stream.choose(phrase.held_out)
        return self.stream.choose(phrase.ways)

    def say(self, phrase: Phrase, reads: Sequence[str] = ()) -> _Said:
        """Return a phrase with slots of this template's own in it, which read ``reads``."""
        texts = [phrase.code, self.way(phrase), phrase.wrong]
        marks = {"{it}": self.element, "{under}": self.key}
        for name in _SLOTS:
            if f"<{name}>" in phrase.code:
                slot = f"{name}{len(self.slots)}"
                self.slots[slot] = self._rule(name, list(reads) or self.reads)
                marks |= {f"<{name}>": f"<{slot}>", f"<{name} words>": f"<{slot} words>"}
        if "~" in phrase.code:
            separator = self.stream.choose(PHRASES.separators)
            texts[0], texts[1] = texts[0].replace("~", separator), texts[1].replace("~", f"{separator!r}")
        for mark, text in marks.items():
            texts = [part.replace(mark, text) for part in texts]
        return _Said(*texts)

    def marked(self, lines: Sequence[str], wrong: str = "", *, can_miss: bool = False) -> list[str]:
        """Return lines of which a fault may have the last as ``wrong``, or miss all."""
        tag = f"fault{self.faults}"
        if wrong and self.chance(70):
            self.faults += 1
            return [*lines[:-1], f"{lines[-1]}  #= {tag}: {wrong}"]
        if can_miss and self.chance(40):
            self.faults += 1
            return [f"{line}  #- {tag}" for line in lines]
        return list(lines)

    def function(self, head: str, words: Sequence[str], body: Sequence[str]) -> None:
        """Add a function with a docstring."""
        sentences = " ".join(sentence[0].upper() + sentence[1:] for sentence in words)
        self.lines += [head, f'    """{sentences}"""', *(f"    {line}" for line in body)]

    def _rule(self, name: str, reads: list[str]) -> str:
        numbers = ", ".join(self.stream.shuffled(reads))
        depth = self.stream.choose((1, 1, 2))
        if name == "t":
            return f"bool {depth}: {numbers}"
        if name in ("s", "s2") and self.texts and (self.level < 3 or self.chance(60)):
            return f"text {depth}: {', '.join(self.texts)}; {numbers}"
        return f"int {depth}: {numbers}"


def _numbers(draft: _Draft) -> None:
    """A function of numbers: from level 2 on names for parts of the result, and the result."""
    stream = draft.stream
    draft.reads = [f"{{int{n}}}" for n in range(1, stream.between(2, 3) + 1)]
    draft.call = f"{{f}}({', '.join(['<int>'] * len(draft.reads))})"
    head, words, body = f"def {{f}}({', '.join(draft.reads)}):", [], []
    if draft.level > 1:
        for name in stream.shuffled(("{value}", "{total}"))[: stream.between(1, 2)]:
            draft.element = name
            let = draft.say(PHRASES.let)
            words.append(let.words)
            body += draft.marked([let.code])
            draft.reads = [*draft.reads, name]
    result = draft.say(stream.choose(PHRASES.results))
    draft.function(head, [*words, result.words], [*body, f"return {result.code}"])


def _text(draft: _Draft) -> None:
    """A function of a text and a number."""
    stream = draft.stream
    draft.reads, draft.texts = ["{int}", *(["len({text})"] if draft.chance(50) else [])], ["{text}"]
    arguments, marks = ["{text}", "{int}"], ["<word>", "<small>"]
    if draft.chance(30):
        arguments, marks = arguments[::-1], marks[::-1]
    draft.call = f"{{f}}({', '.join(marks)})"
    head, words, body = f"def {{f}}({', '.join(arguments)}):", [], []
    if draft.level > 1:
        draft.element = "{word}"
        let = draft.say(PHRASES.let)
        words.append(let.words)
        body.append(let.code)
        draft.texts = ["{word}", "{text}"]
    result = draft.say(stream.choose(PHRASES.text_results))
    draft.function(head, [*words, result.words], [*body, f"return {result.code}"])


def _loop(draft: _Draft) -> None:
    """A function with a loop over a list, and state."""
    draft.element = draft.stream.choose(("{item}", "{item}", "{word}", "{value}"))
    draft.call = f"{{f}}({_ARGUMENTS[draft.element]}, <int>)"
    draft.function("def {f}({items}, {int}):", *_looping(draft, PHRASES.steps))


def _with_helper(draft: _Draft) -> None:
    """A helper, and a loop that uses it."""
    draft.reads = ["{int1}", "{int2}"]
    result = draft.say(PHRASES.results[0])
    draft.function("def {g}({int1}, {int2}):", [result.words], [f"return {result.code}"])
    draft.lines += ["", ""]
    draft.call = "{f}(<some>, <int>)"
    draft.function("def {f}({items}, {int}):", *_looping(draft, PHRASES.helper_steps))


def _looping(draft: _Draft, first: Sequence[Phrase]) -> tuple[list[str], list[str]]:
    """Return the words and the lines of a loop, what is done after it, and a result. One step is of ``first``."""
    stream = draft.stream
    steps = stream.shuffled([stream.choose(first), *([stream.choose(PHRASES.steps)] if draft.chance(40) else [])])
    if [step.state for step in steps].count("table") > 1:
        steps = steps[:1]
    states = list(dict.fromkeys(step.state for step in steps))
    words, body = _beginning(draft, states)
    is_pair, is_word = draft.element == "{value}", draft.element == "{word}"
    draft.key = "{key}" if is_pair else draft.element
    draft.texts = ["{key}"] if is_pair else ["{word}"] if is_word else []
    draft.reads = ["{int}"]
    loops = [loop for loop in PHRASES.loops if loop.element == draft.element]
    opening = draft.say(stream.choose((loops[0], *loops)))
    body += draft.marked([opening.code], opening.wrong)
    numbers = [f"{{{state}}}" for state in states if state in ("total", "count")]
    tested = ["len({word})" if is_word else draft.element, "{int}"]
    reads = [*tested, *numbers, *(["{index}"] if "{index}" in opening.code else [])]
    if draft.chance(15):
        skip = draft.say(Phrase(code="<t>", ways=(draft.way(kind := stream.choose(PHRASES.skips)),)), tested)
        words.append(skip.words)
        body += [f"    {line}" for line in draft.marked([f"if {skip.code}:", f"    {kind.code}"], can_miss=True)]
    clauses = []
    for step in steps:
        lines, clause = _step(draft, step, reads, tested, guarded=40, can_miss=len(steps) > 1)
        body += [f"    {line}" for line in lines]
        clauses.append(clause)
    words.append(f"{opening.words} {stream.choose(PHRASES.joints).join(clauses)}.")
    after = [phrase for phrase in PHRASES.after if phrase.state in states]
    if after and draft.chance(25):
        last = draft.say(stream.choose(after))
        words.append(last.words)
        body += draft.marked([last.code], can_miss=True)
    draft.reads, draft.texts = ["{int}", *numbers], []
    parts = [draft.say(stream.choose(_parts(state))) for state in states]
    words.append(draft.way(PHRASES.returned).replace("#", " and ".join(part.words for part in parts)))
    wrong = next((part.wrong for part in parts if part.wrong), "") if len(parts) == 1 else ""
    result = ", ".join(part.code for part in parts)
    return words, [*body, *draft.marked([f"return {result}"], wrong and f"return {wrong}")]


def _beginning(draft: _Draft, states: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what is said of the states at first, and the lines that set them."""
    words, body = [], []
    for state in states:
        start = next(phrase for phrase in PHRASES.states if phrase.state == state)
        body.append(f"{{{state}}} = {start.code}")
        if start.ways and draft.chance(70):
            words.append(draft.way(PHRASES.start).replace("{it}", f"{{{state}}}").replace("#", draft.way(start)))
    return words, body


def _step(
    draft: _Draft, phrase: Phrase, reads: Sequence[str], tested: Sequence[str], *, guarded: int, can_miss: bool
) -> tuple[list[str], str]:
    """Return the lines and the words of a step that reads ``reads``, perhaps under a condition on ``tested``."""
    step = draft.say(phrase, reads)
    if not draft.chance(guarded):
        return draft.marked([step.code], step.wrong, can_miss=can_miss), step.words
    guard = draft.say(draft.stream.choose(PHRASES.guards), tested)
    lines = draft.marked([guard.code, f"    {step.code}"], step.wrong, can_miss=can_miss)
    return lines, guard.words.replace("!", step.words)


def _class(draft: _Draft) -> None:
    """A class with a number, methods that change it, and a report."""
    stream = draft.stream
    draft.setup = ("{obj} = {C}(<int>)",)
    draft.moves = ("{obj}.{add}(<int>)", "{obj}.{add}(<int>)", "{obj}.{take}(<int>)")
    draft.call = "{obj}.{report}()"
    draft.lines = [
        "class {C}:", f'    """{stream.choose(PHRASES.titles)}"""', "",
        "    def __init__(self, {limit}):", "        self.{limit} = {limit}", "        self.{total} = 0",
        "        self.{count} = 0", "        self.{out} = []", "",
    ]  # fmt: skip
    steps = [step for step in PHRASES.steps if step.state != "table"]
    reads = ["{item}", "self.{limit}", "self.{total}"]
    for method in ("{add}", "{take}"):
        chosen = [stream.choose(steps), *([stream.choose(steps)] if draft.chance(30) else [])]
        done = [
            _step(draft, _of_self(step), reads, reads, guarded=40, can_miss=len(chosen) > 1) for step in chosen
        ]
        clause = stream.choose(PHRASES.joints).join(words for _, words in done)
        draft.lines += [f"    def {method}(self, {{item}}):", f'        """{clause[0].upper()}{clause[1:]}."""']
        draft.lines += [*(f"        {line}" for lines, _ in done for line in lines), ""]
    draft.reads = ["self.{total}", "self.{count}", "self.{limit}"]
    listed = draft.say(_of_self(stream.choose(_parts("out"))))
    result = draft.say(stream.choose(PHRASES.results[:PLAIN_RESULTS]))
    draft.lines += ["    def {report}(self):"]
    if result.code[0] in "([":
        draft.lines += [f'        """First {listed.words}. {result.words}"""']
        draft.lines += [f"        return ({listed.code}, {result.code})"]
    else:
        draft.lines += [f'        """First {{total}} and {listed.words}. {result.words}"""']
        draft.lines += [f"        return [self.{{total}}, {listed.code}, {result.code}]"]


def _parts(state: str) -> list[Phrase]:
    return [phrase for phrase in PHRASES.parts if phrase.state == state]


def _of_self(phrase: Phrase) -> Phrase:
    """Return a phrase about attributes."""
    code, wrong = phrase.code, phrase.wrong
    for state in ("total", "count", "out"):
        code, wrong = (text.replace(f"{{{state}}}", f"self.{{{state}}}") for text in (code, wrong))
    return phrase.model_copy(update={"code": code, "wrong": wrong})


_SHAPES: dict[int, tuple[Callable[[_Draft], None], ...]] = {
    1: (_numbers, _text),
    2: (_numbers, _text),
    3: (_loop,),
    4: (_with_helper,),
    5: (_class,),
}
"""What a family of a level can be."""
