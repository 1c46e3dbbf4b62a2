"""The phrases that made-up families are put together from: code, and sentences that say it.

``<a>`` and ``<b>`` are expressions of numbers, ``<s>`` and ``<s2>`` of the loop's kind, ``<t>`` conditions.
``{it}`` is the name that a loop has for each element, ``{under}`` a key. ``~`` stands for a separator, ``!`` for a
clause, and ``#`` for results.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrase:
    """Code, and ways to say it. ``held_out`` are ways for val and test alone.

    A fault may have ``wrong`` in place of the code. ``state`` is what a statement changes.
    """

    code: str
    ways: tuple[str, ...]
    held_out: tuple[str, ...] = ()
    wrong: str = ""
    state: str = ""


def _phrase(code: str, ways: str, held_out: str = "", *, wrong: str = "", state: str = "") -> Phrase:
    """Return a phrase; a bar stands between two ways."""
    said, unsaid = (tuple(filter(None, text.split(" | "))) for text in (ways, held_out))
    return Phrase(code, said, unsaid, wrong, state)


LET = _phrase(
    "{it} = <s>",
    "Let {it} be <s words>. | Call <s words> {it}. | {it} is <s words>. | Take <s words> as {it}. | "
    "First set {it} to <s words>. | Write {it} for <s words>. | {it} stands for <s words>.",
    "Start with <s words>, and name it {it}. | Use {it} for <s words>. | By {it} we mean <s words>.",
)
RESULTS = (
    _phrase(
        "<a>",
        "Return <a words>. | The result is <a words>. | Give back <a words>. | Return what <a words> comes to.",
        "Answer with <a words>. | What comes out is <a words>.",
    ),
    _phrase(
        "<a>, <b>",
        "Return <a words> and <b words>. | Return a tuple of <a words> and <b words>. | "
        "Return both: <a words>; <b words>. | The result is a pair of <a words> and <b words>. | "
        "Return two numbers, <a words>, and <b words>.",
        "Answer with two values: <a words>, and <b words>. | Return <a words> first, <b words> second.",
    ),
    _phrase(
        "[<a>, <b>]",
        "Return <a words> and <b words> in a list. | List <a words>, and then <b words>.",
        "Return a list that has <a words> and <b words> in it.",
    ),
    _phrase(
        "<a>, <b>, <c>",
        "Return three numbers: <a words>, <b words>, <c words>. | Return <a words>, <b words>, <c words>.",
        "The result has three parts: <a words>, <b words> and <c words>.",
    ),
    _phrase(
        "[<a>, <b>, <c>]",
        "Return the list of <a words>, <b words> and <c words>.",
        "List three numbers: <a words>, <b words>, <c words>.",
    ),
    _phrase(
        "max(<a>, <b>, <c>)",
        "Return the largest of <a words>, <b words> and <c words>.",
        "Of <a words>, <b words> and <c words>, the largest is returned.",
    ),
    _phrase(
        "min(<a>, <b>, <c>)",
        "Return the least of <a words>, <b words> and <c words>.",
        "Of <a words>, <b words> and <c words>, the least is returned.",
    ),
    _phrase(
        "sum([<a>, <b>])",
        "Add <a words> and <b words>, and return the sum.",
        "Return the sum of two numbers: <a words>, and <b words>.",
    ),
    _phrase("abs(<a>)", "Return <a words> without its sign. | Return the size of <a words>."),
    _phrase(
        "<a> if <t> else <b>",
        "Return <a words> if <t words>, or else <b words>. | If <t words>, return <a words>, and if not, "
        "<b words>. | Return <b words>, but <a words> if <t words>.",
        "When <t words>, the result is <a words>; otherwise it is <b words>.",
    ),
    _phrase("(<t>, <a>)", "Return whether <t words>, and <a words>.", "Tell if <t words>, and return <a words>."),
    _phrase("str(<a>)", "Return <a words> as text.", "Write <a words> in digits."),
)
"""Results of a function of numbers."""
PLAIN_RESULTS = 5
"""The first of them fit any place."""
TEXT_RESULTS = (
    _phrase("<s>", "Return <s words>. | The result is <s words>.", "Answer with <s words>."),
    _phrase(
        '<s> + "~" + str(<a>)',
        "Return <s words>, a ~ and <a words>. | Write <s words>, then ~, then <a words>.",
        "Return a text of <s words>, the sign ~ and <a words>.",
    ),
    _phrase(
        'str(<a>) + "~" + <s>',
        "Write <a words>, then ~, then <s words>. | Return <a words> in digits, ~, and <s words>.",
        "Put <a words> and ~ before <s words>.",
    ),
    _phrase(
        "<s> + str(<a>)",
        "Return <s words> with <a words> behind it. | Put <a words> after <s words>.",
        "Return a text: <s words>, and at once <a words>.",
    ),
    _phrase(
        "[<s>, <a>]",
        "List <s words> and <a words>. | Return <s words> and <a words> in a list.",
        "Return a list: <s words>, <a words>.",
    ),
    _phrase(
        "(<a>, <s>)",
        "Return a tuple: <a words> and <s words>. | Return <a words>, and <s words> as well.",
        "Return <a words> first, then <s words>.",
    ),
    _phrase(
        "<s> if <t> else <s2>",
        "Return <s words> if <t words>; <s2 words> if not. | If <t words>, <s words>, else <s2 words>.",
        "When <t words>, return <s words>, otherwise <s2 words>.",
    ),
)
"""Results of a function of a text."""
SEPARATORS = ("-", ":", "/", "=", "+", "_", "|")

LOOPS = {
    "{item}": (
        _phrase(
            "for {item} in {items}:",
            "For each {item}: | For each {item} of {items}, | Go through {items}: for each {item}, | "
            "With every {item}, | Take each {item} of {items} in turn:",
            "One {item} after the other: | As often as there is a {item} in {items}:",
        ),
        _phrase(
            "for {item} in sorted({items}):",
            "Go through {items}, sorted: for each {item}, | For each {item} of {items}, the least first,",
            "Begin with the least {item} of {items} and end with the largest: each time",
            wrong="for {item} in {items}:",
        ),
        _phrase(
            "for {item} in reversed({items}):",
            "Go through {items} from the last to the first: | For each {item} of {items}, backwards,",
            "Begin with the last {item} of {items}, and go back to the first:",
            wrong="for {item} in {items}:",
        ),
        _phrase(
            "for {item} in {items}[1:]:",
            "For each {item} but the first, | Go through {items} without the first {item}:",
            "Leave the first of {items} out; with the others,",
            wrong="for {item} in {items}:",
        ),
        _phrase(
            "for {index}, {item} in enumerate({items}):",
            "For each {item} at its {index} (from 0) in {items}, | "
            "Go through {items}, counting with {index} from 0:",
            "Number {items} by {index}, the first with 0, and for each {item}",
        ),
        _phrase(
            "for {index}, {item} in enumerate({items}, 1):",
            "For each {item} at its {index} (from 1) in {items}, | "
            "Go through {items}, counting with {index} from 1:",
            "Number {items} by {index}, the first with 1, and for each {item}",
            wrong="for {index}, {item} in enumerate({items}):",
        ),
    ),
    "{word}": (
        _phrase(
            "for {word} in {items}:",
            "For each {word}: | For each {word} of {items}, | With every {word} of {items},",
            "One {word} of {items} after the other:",
        ),
        _phrase(
            "for {word} in sorted({items}):",
            "Go through {items} in the order of letters: | For each {word} of {items}, sorted,",
            "Sort {items}, and for each {word}",
            wrong="for {word} in {items}:",
        ),
        _phrase(
            "for {word} in {items}[::-1]:",
            "For each {word} of {items}, backwards, | From the last {word} to the first:",
            "Begin with the last {word} of {items}:",
            wrong="for {word} in {items}:",
        ),
    ),
    "{value}": (
        _phrase(
            "for {key}, {value} in {items}:",
            "For each pair of a {key} and a {value}, | For each {key} and {value} of {items}:",
            "Each of {items} is a {key} with a {value}; for each",
        ),
        _phrase(
            "for {key}, {value} in sorted({items}):",
            "For each {key} and {value} of {items}, sorted, | "
            "Go through the pairs of a {key} and a {value} in order:",
            "Sort {items}, which are pairs of a {key} and a {value}; for each",
            wrong="for {key}, {value} in {items}:",
        ),
    ),
}
"""Loops, by the name of an element."""
SKIPS = (
    _phrase(
        "continue",
        "Skip a {it} if <t words>. | Leave out where <t words>. | Pass over those with <t words>.",
        "No {it} counts for which <t words>. | Where <t words>, nothing is done.",
    ),
    _phrase(
        "break",
        "Stop when <t words>. | Stop at the first {it} with <t words>.",
        "As soon as <t words>, that is the end.",
    ),
)
"""What is done with an element on a condition, in place of all else."""
GUARDS = (
    _phrase(
        "if <t>:",
        "if <t words>, ! | ! if <t words> | ! for those with <t words> | !, provided that <t words>",
        "when <t words>, ! | !, but only where <t words>",
    ),
    _phrase(
        "if not (<t>):",
        "unless <t words>, ! | ! unless <t words> | ! where it is not so that <t words>",
        "!, except where <t words>",
    ),
)
STEPS = (
    _phrase(
        "{total} += <a>",
        "add <a words> to {total} | {total} grows by <a words> | raise {total} by <a words>",
        "{total} gets <a words> more | increase {total} by <a words>",
        state="total",
    ),
    _phrase(
        "{total} -= <a>",
        "take <a words> from {total} | {total} falls by <a words>",
        "{total} gets <a words> less | lower {total} by <a words>",
        state="total",
    ),
    _phrase(
        "{total} = <a>",
        "{total} becomes <a words> | set {total} to <a words> | let {total} be <a words>",
        "{total} is now <a words>",
        state="total",
    ),
    _phrase(
        "{total} = max({total}, <a>)",
        "keep in {total} the larger of it and <a words> | {total} is at least <a words> from then on",
        "raise {total} to <a words> if that is more",
        wrong="{total} = <a>",
        state="total",
    ),
    _phrase(
        "{total} = min({total}, <a>)",
        "keep in {total} the smaller of it and <a words>",
        "lower {total} to <a words> if that is less",
        wrong="{total} = <a>",
        state="total",
    ),
    _phrase(
        "{total} = 2 * {total} + <a>",
        "double {total} and add <a words> | {total} becomes twice {total} plus <a words>",
        "{total} is doubled, and gets <a words> more",
        wrong="{total} += <a>",
        state="total",
    ),
    _phrase(
        "{out}.append(<s>)",
        "append <s words> to {out} | put <s words> into {out} | list <s words> in {out}",
        "{out} gets <s words> at its end | add <s words> to the list {out}",
        state="out",
    ),
    _phrase(
        "{out}.insert(0, <s>)",
        "put <s words> at the front of {out} | insert <s words> before all of {out}",
        "{out} gets <s words> at its beginning",
        wrong="{out}.append(<s>)",
        state="out",
    ),
    _phrase(
        "{out} += [<s>, <s2>]",
        "put <s words>, then <s2 words> into {out} | list both <s words> and <s2 words> in {out}",
        "{out} gets two more: <s words>, <s2 words>",
        wrong="{out} += [<s>]",
        state="out",
    ),
    _phrase(
        "{out}.append(({it}, <s>))",
        "put the pair of {it} and <s words> into {out} | append a tuple of {it} and <s words> to {out}",
        "{out} gets the {it} together with <s words>",
        wrong="{out}.append(<s>)",
        state="out",
    ),
    _phrase("{count} += 1", "count it in {count} | {count} grows by one", "{count} is one more", state="count"),
    _phrase(
        "{table}[<s>] = {it}",
        "keep the {it} in {table} under <s words> | {table} has the {it} under <s words>",
        "store the {it} in {table} at <s words>",
        state="table",
    ),
    _phrase(
        "{table}[{under}] = <s>",
        "under the {under} put <s words> into {table} | let {table} have <s words> for the {under}",
        "store <s words> in {table} at the {under}",
        state="table",
    ),
    _phrase(
        "{table}[{under}] = {table}.get({under}, 0) + <a>",
        "add <a words> to what {table} has for the {under} | add up <a words> per {under} in {table}",
        "{table} has for each {under} the sum of <a words>",
        wrong="{table}[{under}] = <a>",
        state="table",
    ),
    _phrase(
        "{table}[{under}] = max({table}.get({under}, 0), <a>)",
        "keep in {table}, per {under}, the largest <a words>, at least 0",
        "{table} has for each {under} the most of <a words>, and never less than 0",
        wrong="{table}[{under}] = <a>",
        state="table",
    ),
    _phrase(
        "{table}.setdefault({under}, []).append(<s>)",
        "list <s words> per {under} in {table} | append <s words> to the list that {table} has for the {under}",
        "{table} has for each {under} a list, which gets <s words>",
        wrong="{table}[{under}] = [<s>]",
        state="table",
    ),
    _phrase(
        "{table}.setdefault(<a>, {it})",
        "keep in {table}, under <a words>, the first {it} | {table} has under <a words> the {it} that came first",
        "of those with the same <a words>, {table} has the first {it}",
        wrong="{table}[<a>] = {it}",
        state="table",
    ),
)
"""Statements that change a state."""
HELPER_STEPS = (
    _phrase(
        "{total} += {g}({it}, {int})",
        "add {g} of the {it} and {int} to {total} | {total} grows by {g} of {it} and {int}",
        "{total} gets {g} of {it} and {int} more",
        wrong="{total} += {it}",
        state="total",
    ),
    _phrase(
        "{out}.append({g}({it}, {int}))",
        "append {g} of {it} and {int} to {out} | list {g} of {it} and {int} in {out}",
        "{out} gets {g} of {it} and {int}",
        wrong="{out}.append({int})",
        state="out",
    ),
    _phrase(
        "{out}.append({g}({int}, {it}))",
        "append {g} of {int} and the {it} to {out} | put {g} of {int} and {it} into {out}",
        "{out} gets {g} of {int} and {it}",
        wrong="{out}.append({int})",
        state="out",
    ),
)
"""Steps with a helper, which is ``{g}``."""
JOINTS = (", and then ", "; then ", ", and ")

STATES = {
    "total": _phrase("0", "from 0 | at 0", "with 0"),
    "count": _phrase("0", "from 0 | at 0", "with 0"),
    "out": _phrase("[]", ""),
    "table": _phrase("{}", ""),
}
"""What a state is at first, and how that can be said."""
STARTS = _phrase("", "Start {it} #. | {it} starts #.", "Begin {it} #.")
AFTER = (
    _phrase("{out}.sort()", "Sort {out}. | Then bring {out} in order.", "{out} is sorted at the end.",
            state="out"),
    _phrase("{out}.reverse()", "Turn {out} round. | Then reverse {out}.", "The order of {out} is turned.",
            state="out"),
    _phrase("{out}.append({int})", "Append {int} to {out}. | Then put {int} into {out}.", "{out} ends with {int}.",
            state="out"),
    _phrase("{total} = max({total}, 0)", "{total} is at least 0. | Then raise {total} to 0 if it is less.",
            "{total} never ends below 0.", state="total"),
    _phrase("{total} *= {int}", "Multiply {total} by {int}. | Then {total} is taken {int} times.",
            "At the end {total} is multiplied with {int}.", state="total"),
)  # fmt: skip
"""Statements after a loop."""
PARTS = {
    "out": (
        _phrase("{out}", "{out}", "the list {out}"),
        _phrase("{out}[::-1]", "{out} backwards", "{out} from its last to its first", wrong="{out}"),
        _phrase("len({out})", "the length of {out} | how many {out} has", "the size of {out}", wrong="{out}"),
        _phrase("{out}[-2:]", "the last two of {out}", "the end of {out}, two at most", wrong="{out}[:2]"),
        _phrase("{out}[:3]", "the first three of {out}", "the beginning of {out}, three at most",
                wrong="{out}[3:]"),
        _phrase("{out}[::2]", "every second of {out}, from the first", "one in two of {out}", wrong="{out}[2:]"),
    ),
    "table": (
        _phrase("{table}", "{table}", "all of {table}"),
        _phrase("sorted({table}.items())", "the pairs of {table}, sorted", "what {table} has, as sorted pairs",
                wrong="sorted({table})"),
        _phrase("sorted({table})", "the keys of {table}, sorted", "what {table} has something for, sorted",
                wrong="list({table}.values())"),
        _phrase("list({table}.values())", "the values of {table}", "a list of what {table} has",
                wrong="list({table})"),
        _phrase("len({table})", "the length of {table} | how many keys {table} has", "the size of {table}",
                wrong="{table}"),
    ),
    "total": (
        _phrase("{total}", "{total}", "the number {total}"),
        _phrase("<a>", "<a words>"),
    ),
    "count": (_phrase("{count}", "{count}"), _phrase("<a>", "<a words>")),
}  # fmt: skip
"""Parts of a result, by state."""
RETURNS = _phrase("", "Return #. | Give back #. | The result is #.", "Answer with #. | What comes out is #.")
TITLES = ("Keeps {items}.", "A thing with {items}.", "Handles {items}.")

_ALL = (
    *(LET, *RESULTS, *TEXT_RESULTS, *SKIPS, *GUARDS, *STEPS, *HELPER_STEPS, *AFTER, STARTS, RETURNS),
    *(phrase for group in (*LOOPS.values(), *PARTS.values()) for phrase in group),
    *STATES.values(),
)
HELD_OUT = frozenset(way for phrase in _ALL for way in phrase.held_out)
"""What train never says."""
SENTENCES = (*TITLES, *(way for phrase in _ALL for way in (*phrase.ways, *phrase.held_out)))
"""All that made-up docstrings can say."""
