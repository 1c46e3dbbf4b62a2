"""Writes the instruction of a task: what a user reports, or asks for, from what the code does when executed.

Only tests that the agent has are run for it. Without pytest nothing is recorded: missing functions are asked for
by their names.
"""

from __future__ import annotations

import posixpath
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from codegym.errors import SandboxError
from codegym.foundry.describe.mentions import mentions
from codegym.foundry.describe.observe import Changed, Observer
from codegym.foundry.describe.report import Reporter, plain_report
from codegym.foundry.describe.request import MissingFunction, chosen_examples, request, summary_of
from codegym.foundry.describe.script import scripts
from codegym.foundry.describe.session import Prompt, subject
from codegym.foundry.describe.symptom import Symptom, is_private, plain_outcome
from codegym.foundry.draft.draft import Draft, LocatedMutation
from codegym.foundry.record.call import RecordedCall
from codegym.foundry.record.record import Boundary
from codegym.mutate.encoding import encoding_of, text_of_source

_MOST_FAILING = 30
"""Failing tests that are run to find what a bug does."""
_MOST_PASSING = 10
_MOST_USES = 2
_MOST_SYMPTOMS = 2
"""Symptoms of one bug that a report may show."""
_MOST_REPLAYED = 8
"""Examples of one function that are made again to be sure of them."""
_WORDINGS = 4
"""Wordings that are tried until one names no test."""


@dataclass(frozen=True)
class VisibleTests:
    """The tests that the agent has: those that a draft breaks, messages of the first ones, and some others."""

    failing: tuple[str, ...]
    passing: tuple[str, ...]
    messages: tuple[str, ...]


@dataclass(frozen=True)
class Describer:
    """Writes the instructions of one project's tasks. ``package`` is its name."""

    package: str
    observer: Observer

    def instruction(self, draft: Draft, tests: VisibleTests) -> str:
        """Return what the agent is asked for if ``draft`` is in the tree. It names no test and no changed file."""
        work = _Description(self.observer, draft, tests)
        try:
            missing, bugs, uses = work.missing(), work.bugs(), work.uses()
        except (SandboxError, OSError):
            self.observer.close()
            missing, bugs, uses = work.missing_names(), [], ()
        files = sorted({located.path for located in draft.mutations})
        project_tests = self.observer.setup.tests if work.is_observable else ()
        for number in range(_WORDINGS):
            text = self._text(work, missing, bugs, uses, random.Random(f"{draft.key} {number}"))  # noqa: S311  for wording
            if not mentions(text, project_tests, files):
                return text
        return self._text(work, work.missing_names(), [], (), random.Random(draft.key), quiet=True)  # noqa: S311

    def _text(
        self,
        work: _Description,
        missing: Sequence[MissingFunction],
        bugs: Sequence[Sequence[Symptom]],
        uses: Sequence[str],
        choice: random.Random,
        *,
        quiet: bool = False,
    ) -> str:
        parts = [request(missing, work.prompt(), choice)] if missing else []
        mutations = [located for located in work.draft.mutations if not is_removal(located)]
        if bugs:
            reporter = Reporter(self.package, work.prompt(), choice, work.suspects(bugs))
            parts.append(reporter.report(bugs))
        if mutations and len(bugs) < len(mutations):
            messages = () if quiet or bugs or missing else work.tests.messages
            parts.append(plain_report(self.package, messages, uses, more=bool(bugs or missing)))
        return "\n\n".join(parts)


def is_removal(located: LocatedMutation) -> bool:
    """Return whether an edit takes a function's body away."""
    return located.mutation.operator == "removal"


@dataclass(frozen=True)
class _Description:
    """What is found out about one draft."""

    observer: Observer
    draft: Draft
    tests: VisibleTests

    @property
    def failing(self) -> tuple[str, ...]:
        return self.tests.failing[:_MOST_FAILING]

    @property
    def is_observable(self) -> bool:
        return self.observer.setup.plan.framework == "pytest"

    def changed(self, *mutations: LocatedMutation) -> Changed:
        chosen = replace(self.draft, mutations=mutations or self.draft.mutations)
        return chosen.changed_files(self.observer.setup.files)

    def prompt(self) -> Prompt:
        return Prompt(self.observer.project.path, frozenset(self._mutated_lines()))

    def _mutated_lines(self) -> Iterator[tuple[str, int]]:
        """Yield path and line of everything that the draft writes, as the lines are in the changed files."""
        changed, shifts = self.changed(), dict[str, int]()
        for located in sorted(self.draft.mutations, key=lambda each: each.mutation.start):
            path, mutation = located.path, located.mutation
            text = changed[path].content.decode(encoding_of(self.observer.setup.files[path].content))
            start = mutation.start + shifts.get(path, 0)
            first = text.count("\n", 0, start) + 1
            yield from ((path, first + n) for n in range(mutation.new.count("\n") + 1))
            shifts[path] = shifts.get(path, 0) + len(mutation.new) - (mutation.end - mutation.start)

    def bugs(self) -> list[list[Symptom]]:
        """Return the symptoms of each mutation that shows any, as they are with all of the draft's changes."""
        mutations = [located for located in self.draft.mutations if not is_removal(located)]
        if not self.is_observable:
            return []
        alone = len(self.draft.mutations) == 1
        bugs: list[list[Symptom]] = []
        for located in mutations:
            symptoms = self._symptoms(self.changed(located))
            if not alone:
                whole = [self.observer.confirmed(self.changed(), symptom.expected) for symptom in symptoms]
                symptoms = [symptom for symptom in whole if symptom]
            if symptoms:
                bugs.append(symptoms)
        return bugs

    def _symptoms(self, changed: Changed) -> list[Symptom]:
        symptoms = self.observer.symptoms(changed, self.failing, _MOST_SYMPTOMS)
        if symptoms and not is_private(symptoms[0].expected.name):
            return [symptom for symptom in symptoms if not is_private(symptom.expected.name)]
        return self._script_symptoms(changed) or symptoms[:1]

    def _script_symptoms(self, changed: Changed) -> list[Symptom]:
        """Return a symptom that the statements of a failing test show."""
        for test in self.failing[:3]:
            path = test.partition("::")[0]
            if path not in self.observer.setup.files:
                continue
            run = self.observer.record(changed, [test]).run
            text = text_of_source(self.observer.setup.files[path].content)
            for call in scripts(test, text, run.output):
                symptom = self.observer.confirmed(changed, call)
                if symptom:
                    return [symptom]
        return []

    def uses(self) -> tuple[str, ...]:
        """Return the first public names that a failing test uses."""
        if not self.is_observable or not self.failing or all(map(is_removal, self.draft.mutations)):
            return ()
        calls = self.observer.record({}, self.failing[:1]).calls
        names = [subject(call) for call in calls if call.direct and not is_private(call.name)]
        return tuple(dict.fromkeys(filter(None, names)))[:_MOST_USES]

    def missing(self) -> list[MissingFunction]:
        """Return the functions without a body, with examples if they can be recorded."""
        removed = [located for located in self.draft.mutations if is_removal(located)]
        if not self.is_observable:
            return self.missing_names()
        return [self._missing(located) for located in removed]

    def missing_names(self) -> list[MissingFunction]:
        """Return the functions without a body, by their names alone."""
        removed = [located for located in self.draft.mutations if is_removal(located)]
        return [self._missing_function(located, "", ()) for located in removed]

    def _missing(self, located: LocatedMutation) -> MissingFunction:
        boundary = Boundary(located.path, located.mutation.function, located.first)
        tests = (*self.failing, *self.tests.passing[:_MOST_PASSING])
        calls = self.observer.record({}, tests, (boundary,)).calls if tests else ()
        own = [call for call in calls if (call.path, call.function) == (boundary.path, boundary.name)]
        name = next((call.name for call in own if call.name), "")
        examples = self._examples([call for call in own if call.is_written])
        if examples:
            return self._missing_function(located, name, examples)
        callers = self.observer.symptoms(self.changed(located), self.failing, _MOST_REPLAYED // 2)
        public = [symptom.expected for symptom in callers if symptom.expected.is_written]
        return self._missing_function(located, name, chosen_examples(public), is_reached=False)

    def _examples(self, calls: Sequence[RecordedCall]) -> tuple[RecordedCall, ...]:
        confirmed = []
        for call in chosen_examples(calls)[:_MOST_REPLAYED]:
            again = self.observer.replay({}, call)
            if again and plain_outcome(again) == plain_outcome(call):
                confirmed.append(again.model_copy(update={"frames": ()}))
        return tuple(confirmed)

    def _missing_function(
        self, located: LocatedMutation, name: str, examples: tuple[RecordedCall, ...], *, is_reached: bool = True
    ) -> MissingFunction:
        project, function = self.observer.project, located.mutation.function
        is_python = project.language == "python"
        text = text_of_source(project.files[located.path].content) if is_python else ""
        dotted = _dotted(located.path, project.path, function) if is_python else function
        return MissingFunction(
            name=name.removesuffix(".__init__") or dotted,
            summary=summary_of(text, function) if is_python else "",
            examples=examples,
            is_reached=is_reached,
            error="NotImplementedError" if is_python else "",
        )

    def suspects(self, bugs: Sequence[Sequence[Symptom]]) -> tuple[str, ...]:
        """Return public functions of the package that none of the bugs is in, and that no symptom calls."""
        guilty = {located.mutation.function for located in self.draft.mutations}
        reported = {subject(symptom.expected) for symptoms in bugs for symptom in symptoms}
        calls = self.observer.record({}, self.failing).calls if self.failing else ()
        names = {subject(call) for call in calls if call.function not in guilty and not is_private(call.name)}
        return tuple(sorted(names - reported - {""}))


def _dotted(path: str, folder: str, function: str) -> str:
    """Return the dotted name of a function in a file, as it is imported from ``folder``."""
    module = posixpath.relpath(path, folder).removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    return f"{module}.{function}"
