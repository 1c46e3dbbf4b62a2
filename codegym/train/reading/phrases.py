"""The phrases that :mod:`codegym.train.reading.composed` puts together: code, and ways to say it.

``<a>``, ``<s>`` and ``<t>`` are expressions (of numbers, of the function's kind, and conditions), ``{item}`` is a
name; ``@`` stands for a name, ``~`` for a separator and ``!`` for a clause.
"""

from __future__ import annotations

LETS = (
    "Let @ be <# words>.",
    "Call <# words> @.",
    "@ is <# words>.",
    "Take <# words> as @.",
    "First set @ to <# words>.",
    "Write @ for <# words>.",
    "@ stands for <# words>.",
)
RESULTS = (
    (
        "<a>",
        "Return <a words>.",
        "The result is <a words>.",
        "Give back <a words>.",
        "Return what <a words> comes to.",
    ),
    (
        "<a>, <b>",
        "Return <a words> and <b words>.",
        "Return a tuple of <a words> and <b words>.",
        "Return both: <a words>; <b words>.",
        "The result is a pair of <a words> and <b words>.",
        "Return two numbers, <a words>, and <b words>.",
    ),
    ("(<a>, <b>)", "Give back <a words>, and <b words>.", "Return <a words> together with <b words>."),
    ("[<a>, <b>]", "Return <a words> and <b words> in a list.", "List <a words>, and then <b words>."),
    (
        "<a>, <b>, <c>",
        "Return three numbers: <a words>, <b words>, <c words>.",
        "Return <a words>, <b words>, <c words>.",
    ),
    ("[<a>, <b>, <c>]", "Return the list of <a words>, <b words> and <c words>."),
    ("max(<a>, <b>, <c>)", "Return the largest of <a words>, <b words> and <c words>."),
    ("min(<a>, <b>, <c>)", "Return the least of <a words>, <b words> and <c words>."),
    ("sum([<a>, <b>])", "Add <a words> and <b words>, and return the sum."),
    ("abs(<a>)", "Return <a words> without its sign.", "Return the size of <a words>."),
    (
        "<a> if <t> else <b>",
        "Return <a words> if <t words>, or else <b words>.",
        "If <t words>, return <a words>, and if not, <b words>.",
        "Return <b words>, but <a words> if <t words>.",
    ),
    ("(<t>, <a>)", "Return whether <t words>, and <a words>."),
    ("str(<a>)", "Return <a words> as text."),
)
"""A result, and how it can be said."""
TEXT_RESULTS = (
    ("<s>", "Return <s words>.", "The result is <s words>."),
    ('<s> + "~" + str(<a>)', "Return <s words>, a ~ and <a words>.", "Write <s words>, then ~, then <a words>."),
    (
        'str(<a>) + "~" + <s>',
        "Write <a words>, then ~, then <s words>.",
        "Return <a words> in digits, ~, and <s words>.",
    ),
    ("<s> + str(<a>)", "Return <s words> with <a words> behind it.", "Put <a words> after <s words>."),
    ("[<s>, <a>]", "List <s words> and <a words>.", "Return <s words> and <a words> in a list."),
    ("(<a>, <s>)", "Return a tuple: <a words> and <s words>.", "Return <a words>, and <s words> as well."),
    (
        "<s> if <t> else <s2>",
        "Return <s words> if <t words>; <s2 words> if not.",
        "If <t words>, <s words>, else <s2 words>.",
    ),
)
SEPARATORS = ("-", ":", "/", "=", "+", "_", "|")
LOOPS = (
    "For each {item}:",
    "For each {item} of {items},",
    "Go through {items}: for each {item},",
    "With every {item},",
    "Take each {item} of {items} in turn:",
)
GUARDS = (
    ("if <t>:", "if <t words>, !", "! if <t words>", "! for those with <t words>", "!, provided that <t words>"),
    ("if not (<t>):", "unless <t words>, !", "! unless <t words>", "! where it is not so that <t words>"),
)
STEPS = (
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
STATES = {"total": ("0", "from 0", "at 0"), "count": ("0", "from 0", "at 0"), "out": ("[]",), "table": ("{}",)}

HELPER_STEPS = (
    ("total", "{total} += {g}({item}, {int})", "add {g} of the {item} and {int} to {total}"),
    (
        "out",
        "{out}.append({g}({item}, {int}))",
        "append {g} of it and {int} to {out}",
        "list {g} of {item} and {int} in {out}",
    ),
    ("out", "{out}.append({g}({int}, {item}))", "append {g} of {int} and the {item} to {out}"),
)
"""Steps with a helper, which is ``{g}``."""
JOINTS = (", and then ", "; then ", ", and ")
TITLES = ("Keeps {items}.", "A thing with {items}.", "Handles {items}.")
