"""Runs a project with and without a bug in one box, and compares what the two trees do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from codegym.foundry.describe.symptom import Symptom, candidates, plain_outcome
from codegym.foundry.draft.setup import TrialSetup
from codegym.foundry.limits import FORGE_LIMITS
from codegym.foundry.record.call import RecordedCall
from codegym.foundry.record.record import Boundary, Recording, record_calls
from codegym.foundry.record.replay import replay
from codegym.foundry.repository.project import Project
from codegym.sandbox.protocol import Backend, File, Sandbox

_MOST_REPLAYED = 8
"""Candidates that are checked before a better fallback is looked for."""

Changed = Mapping[str, File]
"""The files that a bug changes, with the bug in them; empty for the right tree."""


@dataclass
class Observer:
    """A project in a box that is opened when it is needed. Use it as a context, and in one thread at a time."""

    project: Project
    setup: TrialSetup
    backend: Backend
    _box: Sandbox | None = field(default=None, init=False)
    _right: dict[tuple[tuple[str, ...], tuple[Boundary, ...]], Recording] = field(default_factory=dict, init=False)
    _right_replays: dict[tuple[str, ...], RecordedCall | None] = field(default_factory=dict, init=False)

    def record(self, changed: Changed, tests: Sequence[str], functions: tuple[Boundary, ...] = ()) -> Recording:
        """Return the calls of ``tests`` in a tree, those that they make themselves and those of ``functions``."""
        key = (tuple(tests), functions)
        if not changed and key in self._right:
            return self._right[key]
        with self._tree(changed) as box:
            recording = record_calls(
                box,
                self.setup.plan,
                tests,
                sources=self.project.sources,
                functions=functions,
                timeout=self.setup.seconds,
            )
        if not changed:
            self._right[key] = recording
        return recording

    def replay(self, changed: Changed, call: RecordedCall) -> RecordedCall | None:
        """Return ``call`` with what comes of it in a tree, in a process of its own."""
        key = (*call.setup, call.source)
        if not changed and key in self._right_replays:
            return self._right_replays[key]
        with self._tree(changed) as box:
            again = replay(box, call, path=self.project.path)
        if not changed:
            self._right_replays[key] = again
        return again

    def symptoms(self, changed: Changed, tests: Sequence[str], most: int) -> list[Symptom]:
        """Return up to ``most`` symptoms that ``tests`` show and that are the same in a process of their own.

        They are of different functions as far as possible.
        """
        if not tests:
            return []
        proposed = candidates(self.record({}, tests).calls, self.record(changed, tests).calls)
        chosen: list[Symptom] = []
        for symptom in _spread(proposed)[:_MOST_REPLAYED]:
            confirmed = self.confirmed(changed, symptom.expected)
            if confirmed and plain_outcome(confirmed.expected) == plain_outcome(symptom.expected):
                chosen.append(confirmed)
            if len(chosen) == most:
                break
        return chosen

    def confirmed(self, changed: Changed, call: RecordedCall) -> Symptom | None:
        """Return the symptom that ``call`` is if it is made alone in both trees; ``None`` if it is none."""
        expected, actual = self.replay({}, call), self.replay(changed, call)
        symptom = Symptom(expected, actual) if expected and actual else None
        return symptom if symptom and symptom.is_clear else None

    @contextmanager
    def _tree(self, changed: Changed) -> Iterator[Sandbox]:
        if self._box is None:
            self._box = self.backend.open(self.setup.tree, self.setup.image, FORGE_LIMITS)
        for path, file in changed.items():
            self._box.write(path, file.content, executable=file.executable)
        yield self._box
        for path in changed:
            original = self.setup.files[path]
            self._box.write(path, original.content, executable=original.executable)

    def close(self) -> None:
        """Close the box; the next use opens another."""
        if self._box is not None:
            self._box.close()
            self._box = None

    def __enter__(self) -> Observer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _spread(symptoms: Sequence[Symptom]) -> list[Symptom]:
    """Return the first symptom of each function, then the second of each, and so on."""
    turns: dict[str, int] = {}
    ranked: list[tuple[int, int, Symptom]] = []
    for number, symptom in enumerate(symptoms):
        name = symptom.expected.name
        ranked.append((turns.get(name, 0), number, symptom))
        turns[name] = turns.get(name, 0) + 1
    return [symptom for _, _, symptom in sorted(ranked, key=lambda entry: entry[:2])]
