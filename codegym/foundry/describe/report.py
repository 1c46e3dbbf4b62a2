"""The report of bugs as a user would write it, in one of several styles. All values in it come from execution."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codegym.foundry.describe.session import Prompt, outcome_words, subject, ticked
from codegym.foundry.describe.symptom import Symptom

_SHORT = 100
"""Characters of a call and its outcome that fit into one sentence."""


@dataclass(frozen=True)
class Reporter:
    """Someone who uses ``package`` and reports what they saw. ``random`` decides style and wording.

    ``suspects`` are functions that have nothing to do with the bugs, for a wrong guess at the cause.
    """

    package: str
    prompt: Prompt
    random: random.Random
    suspects: Sequence[str] = ()

    def report(self, bugs: Sequence[Sequence[Symptom]]) -> str:
        """Return the report of ``bugs``, each with at least one symptom."""
        style = self.random.choice(_STYLES)
        if len(bugs) == 1:
            parts = [style(self, bugs[0])]
        else:
            parts = [f"{len(bugs)} things go wrong in {self.package}."]
            for number, symptoms in enumerate(bugs, 1):
                parts.append(f"**{number}. {title(self, symptoms[0])}**\n\n{_body(self, symptoms)}")
        return "\n\n".join([*parts, self.closing(len(bugs))])

    def closing(self, count: int) -> str:
        """Return the last sentence."""
        what = "the cause" if count == 1 else "the causes"
        return self.random.choice((
            f"Please find {what} in the code and repair it, for similar calls as well.",
            f"Find {what} and mend the code. Other calls of this kind have to work too.",
            f"Please fix {what} in the code, not only what is shown here.",
        ))  # fmt: skip

    def guess(self) -> str:
        """Return a wrong guess at the cause; empty if there is nobody to blame."""
        if not self.suspects:
            return ""
        suspect = ticked(self.random.choice(sorted(self.suspects)))
        return self.random.choice((
            f"My guess would be {suspect}, but I have not looked into it.",
            f"Maybe {suspect} is behind this? I have not read the code.",
            f"I suspect that it comes from {suspect}, without having checked.",
        ))  # fmt: skip


def title(reporter: Reporter, symptom: Symptom) -> str:
    """Return a short line about what goes wrong."""
    name = ticked(subject(symptom.expected)) if symptom.expected.name else reporter.package
    if symptom.actual.kind == "raised" and symptom.expected.kind == "returned":
        return f"{name} raises `{symptom.actual.type}`"
    if symptom.expected.kind == "raised" and symptom.actual.kind == "returned":
        return f"{name} does not raise `{symptom.expected.type}`"
    if symptom.expected.kind == "raised":
        return f"{name} raises the wrong error"
    return reporter.random.choice((f"wrong result from {name}", f"{name} returns something else than it should"))


def _block(lines: Sequence[str]) -> str:
    return "\n".join(["```pycon", *lines, "```"])


def _script(symptom: Symptom) -> str:
    call = symptom.actual
    statements = [*(f"import {module}" for module in call.modules), *call.setup, call.as_typed]
    return "\n".join(["```python", *statements, "```"])


def _should(symptom: Symptom) -> str:
    if symptom.actual.kind == "raised" and symptom.expected.value == "None":
        return "There should be no error."
    return f"It should {outcome_words(symptom.expected, '')}."


def _expectation(symptoms: Sequence[Symptom]) -> str:
    """Return what should have come of the calls, in one sentence each."""
    first = _should(symptoms[0])
    others = [
        f"Likewise, {ticked(other.expected.as_typed)} should {outcome_words(other.expected, '')}; "
        f"it {outcome_words(other.actual)}."
        for other in symptoms[1:]
        if not other.expected.setup
    ]
    return " ".join([first, *others])


def _body(reporter: Reporter, symptoms: Sequence[Symptom]) -> str:
    first = symptoms[0]
    text = [_block(reporter.prompt.session(first.actual)), _expectation(symptoms)]
    if first.actual.kind == "returned" and first.actual.value == "None":
        text[1] = f"That is `None`. {text[1]}"
    return "\n\n".join(text)


def _terse(reporter: Reporter, symptoms: Sequence[Symptom]) -> str:
    """Return one sentence if the call is short."""
    first = symptoms[0]
    size = len(first.expected.source) + len(first.expected.value) + len(first.actual.value)
    if first.expected.setup or size > _SHORT:
        return _body(reporter, symptoms)
    words = f"{ticked(first.expected.as_typed)} {outcome_words(first.actual)}. {_should(first)}"
    if first.actual.kind == "returned":
        words = words.replace(". It should", ", but it should")
    output = reporter.prompt.output(first.actual)
    has_frames = first.actual.kind == "raised" and any("File" in line for line in output)
    return f"{words}\n\n{_block(output)}" if has_frames else words


def _titled(reporter: Reporter, symptoms: Sequence[Symptom]) -> str:
    return f"{reporter.package}: {title(reporter, symptoms[0])}\n\n{_body(reporter, symptoms)}"


def _guessing(reporter: Reporter, symptoms: Sequence[Symptom]) -> str:
    guess = reporter.guess()
    return "\n\n".join(filter(None, [_titled(reporter, symptoms), guess]))


def _steps(reporter: Reporter, symptoms: Sequence[Symptom]) -> str:
    first = symptoms[0]
    code = _script(first)
    if first.actual.kind == "raised":
        observation = f"This ends with\n\n{_block(reporter.prompt.output(first.actual))}"
    else:
        observation = f"The last line {outcome_words(first.actual)}."
    heading = f"{title(reporter, first)}\n\nSteps to reproduce:"
    return "\n\n".join([heading, code, observation, _expectation(symptoms)])


def _headings(reporter: Reporter, symptoms: Sequence[Symptom]) -> str:
    first = symptoms[0]
    expected, actual = (f"{words[:1].upper()}{words[1:]}." for words in (
        f"it {outcome_words(first.expected)}", f"it {outcome_words(first.actual)}"
    ))  # fmt: skip
    if first.actual.kind == "raised":
        actual = _block(reporter.prompt.output(first.actual))
    code = _script(first)
    return "\n\n".join(["### What I ran", code, "### Expected", expected, "### Actual", actual])


_STYLES: tuple[Callable[[Reporter, Sequence[Symptom]], str], ...] = (
    _terse, _titled, _guessing, _steps, _headings,
)  # fmt: skip


def plain_report(package: str, messages: Sequence[str], uses: Sequence[str] = (), *, more: bool = False) -> str:
    """Return a report for lack of a call that shows a bug: the first lines of what assertions said.

    ``uses`` are public names that were used there. ``more``: other bugs are reported already.
    """
    if more or not messages:
        where = f"{package} has further mistakes." if more else f"{package} does not do what it should."
        return f"{where} Its tests and its documentation show them. Find the cause in the code and repair it."
    distinct = list(dict.fromkeys(messages))[:2]
    lines = [line for message in distinct for line in (f"    {part}" for part in message.splitlines())]
    using = f" when I use {', '.join(map(ticked, uses))}" if uses else ""
    first = f"{package} does not do what it should{using}. A check of it ends with:"
    return "\n".join([first, "", *lines, "", "Find the cause in the code and repair it."])
