"""Makes hidden tests of a changed function: examples of what it does without the bug.

The calls of the existing tests are recorded on the right tree, and further calls are made of them by changing
literals. What each of them returns or raises there is what is expected. An example is kept if it passes on the
right tree in another process, and some of them have to fail with the bug. Certification then runs them in another
order, on another date and with another hash seed, and removes those that do not always pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from codegym.episode import TestStatus
from codegym.foundry.holdout.evaluate import evaluate
from codegym.foundry.holdout.example import Example, examples_file, names
from codegym.foundry.holdout.open_project import Noticed, OpenProject
from codegym.foundry.holdout.run_changed import run_changed, write_changes
from codegym.foundry.holdout.unit import file_of
from codegym.foundry.holdout.vary import varied_sources
from codegym.foundry.record.call import RecordedCall
from codegym.foundry.record.record import record_calls
from codegym.harness.result import TestRun
from codegym.sandbox.protocol import Changes, File

_RECORDED_TESTS = 60
"""Tests whose calls are recorded: those that fail, and others."""
_RECORDED = 40
"""Recorded calls that are tried as examples."""
_VARIED = 80
"""Varied calls that are tried as examples."""
_FAILING = 8
"""Examples that fail with the bug, of one task."""
_PASSING = 4
"""Examples that pass with the bug as well: a wrong repair may break these."""


@dataclass(frozen=True)
class MadeTests:
    """A test file of examples, the ids of its tests, and their results with the bug."""

    path: str
    text: str
    ids: tuple[str, ...]
    run: TestRun


def characterise(opened: OpenProject, noticed: Noticed) -> MadeTests | None:
    """Return examples of the changed functions; ``None`` if none can be written that fails with the bug.

    Raises :class:`~codegym.errors.SandboxError` if the box fails.
    """
    folder = _folder(noticed)
    calls = _calls(opened, noticed)
    if not calls:
        return None
    right = evaluate(opened.box, opened.plan, folder, calls)
    write_changes(opened.box, noticed.changes)
    try:
        wrong = evaluate(opened.box, opened.plan, folder, calls)
    finally:
        write_changes(opened.box, {path: opened.files.get(path) for path in noticed.changes})
    if noticed.is_described:  # documentation seldom tells which varied calls raise
        right = [None if one is not None and one.is_varied and one.raises else one for one in right]
    examples = _chosen(right, wrong)
    return _confirmed(opened, noticed, folder, examples) if examples else None


def _folder(noticed: Noticed) -> str:
    """Return the folder of the test that fails first, with a slash at its end."""
    path = file_of(noticed.failed[0])
    return path[: path.rfind("/") + 1]


def _calls(opened: OpenProject, noticed: Noticed) -> list[Example]:
    """Return recorded calls and variations of them, without outcomes, in an order that the draft's key decides."""
    chance = Random(noticed.key)  # noqa: S311 - the same calls every time
    tests = [*noticed.failed, *noticed.passed][:_RECORDED_TESTS]
    recording = record_calls(
        opened.box,
        opened.plan,
        tests,
        sources=sorted({each.path for each in noticed.functions}),
        functions=noticed.functions,
        timeout=opened.seconds,
    )
    recorded = _near(recording.calls, noticed)[:_RECORDED]
    varied: list[Example] = []
    groups: dict[tuple[str, ...], list[RecordedCall]] = defaultdict(list)
    for call in recorded:
        groups[call.setup].append(call)
    for setup, group in groups.items():
        sources = [call.source for call in group]
        modules = tuple(sorted({module for call in group for module in call.modules}))
        share = -(-_VARIED * len(group) // len(recorded))
        others = varied_sources(sources, share, chance, alike=noticed.is_described)
        varied += [_call(source, setup, modules, is_varied=True) for source in others]
    return [*varied, *(_call(call.source, call.setup, call.modules, is_varied=False) for call in recorded)]


def _call(source: str, setup: Sequence[str], modules: Sequence[str], *, is_varied: bool) -> Example:
    return Example(source, tuple(setup), tuple(modules), "", raises=False, is_varied=is_varied)


def _near(calls: Sequence[RecordedCall], noticed: Noticed) -> list[RecordedCall]:
    """Return the calls that can be written: of the changed functions; if there is none, of others in the file."""
    written = [call for call in calls if call.source]
    changed = {(each.path, each.name) for each in noticed.functions}
    own = [call for call in written if (call.path, call.function) in changed]
    return own or [call for call in written if call.direct]


def _chosen(right: Sequence[Example | None], wrong: Sequence[Example | None]) -> list[Example]:
    """Return the examples of a task: those that fail with the bug first, varied ones before recorded ones."""
    pairs = [(one, other) for one, other in zip(right, wrong, strict=True) if one is not None]
    failing = [one for one, other in pairs if other is None or one.outcome != other.outcome]
    passing = [one for one, _ in pairs if one not in failing]
    return [*failing[:_FAILING], *passing[:_PASSING]] if failing else []


def _confirmed(
    opened: OpenProject, noticed: Noticed, folder: str, examples: Sequence[Example]
) -> MadeTests | None:
    """Return the examples that pass on the right tree, if some of them fail with the bug."""
    path = f"{folder}test_examples_{noticed.key[:8]}.py"
    subject = list(dict.fromkeys(each.name for each in noticed.functions))
    first = _run(opened, {}, path, examples_file(subject, examples), len(examples))
    kept_examples = [
        example
        for name, example in zip(names(examples), examples, strict=True)
        if first.complete and first.results.get(f"{path}::{name}") is TestStatus.PASSED
    ]
    text = examples_file(subject, kept_examples)
    ids = tuple(f"{path}::{name}" for name in names(kept_examples))
    run = _run(opened, noticed.changes, path, text, len(kept_examples))
    failed = [test for test in ids if run.results.get(test) in (TestStatus.FAILED, TestStatus.ERROR)]
    return MadeTests(path, text, ids, run) if run.complete and failed else None


def _run(opened: OpenProject, changes: Changes, path: str, text: str, count: int) -> TestRun:
    ids = [f"{path}::test_example_{number}" for number in range(1, count + 1)]
    files: Changes = {**changes, path: File(text.encode())}
    return run_changed(opened.box, opened.plan, opened.files, files, tests=ids, seconds=opened.seconds)
