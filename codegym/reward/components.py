"""Components: what can be measured of an attempt, each number under its own name.

Components are measured here, not weighted. They are functions of the steps, the patch and the verdict, which an
:class:`~codegym.episode.Episode` contains, and of the parts of a chain; so an old episode gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from codegym.episode import Outcome, Step, TestStatus, Verdict
from codegym.patch import changed_lines


@dataclass(frozen=True)
class Attempt:
    """What components are computed from. ``subtasks`` maps each part of a chain to whether it is resolved."""

    steps: Sequence[Step]
    patch: str
    verdict: Verdict
    subtasks: Mapping[str, bool]


def _resolved(attempt: Attempt) -> float:
    return float(attempt.verdict.outcome is Outcome.RESOLVED)


def _tampered(attempt: Attempt) -> float:
    return float(attempt.verdict.outcome is Outcome.TAMPERED)


def _subtasks(attempt: Attempt) -> float:
    parts = attempt.subtasks or {"all": attempt.verdict.outcome is Outcome.RESOLVED}
    return _fraction(sum(parts.values()), len(parts))


def _f2p_fraction(attempt: Attempt) -> float:
    return _passed(attempt.verdict.fail_to_pass)


def _p2p_kept(attempt: Attempt) -> float:
    return _passed(attempt.verdict.pass_to_pass) if attempt.verdict.pass_to_pass else 1.0


def _patch_lines(attempt: Attempt) -> float:
    return float(len(changed_lines(attempt.patch)))


def _patched(attempt: Attempt) -> float:
    return float(bool(attempt.patch.strip()))


def _steps(attempt: Attempt) -> float:
    return float(len(attempt.steps))


def _malformed(attempt: Attempt) -> float:
    return _fraction(sum(step.tool is None for step in attempt.steps), len(attempt.steps))


def _test_runs(attempt: Attempt) -> float:
    return float(sum(step.tool in ("test", "try") for step in attempt.steps))


COMPONENTS: dict[str, Callable[[Attempt], float]] = {
    "resolved": _resolved,
    "subtasks": _subtasks,
    "f2p_fraction": _f2p_fraction,
    "p2p_kept": _p2p_kept,
    "tampered": _tampered,
    "patched": _patched,
    "patch_lines": _patch_lines,
    "steps": _steps,
    "malformed": _malformed,
    "test_runs": _test_runs,
}
"""Every component there is.

``resolved``, ``tampered`` and ``patched`` (the patch is not empty) are 0 or 1. Four are fractions: ``subtasks`` of
a chain's parts whose tests all passed (without a chain: ``resolved``), ``f2p_fraction`` of the fail-to-pass tests
that passed, ``p2p_kept`` of the pass-to-pass tests that passed, and ``malformed`` of the steps that were no call.
Without such tests or steps they are 0, but ``p2p_kept`` is 1. Three are counts: ``patch_lines`` (added and
removed), ``steps`` and ``test_runs`` (calls of test and try).
"""


def components(
    steps: Sequence[Step], patch: str, verdict: Verdict | None, subtasks: Mapping[str, bool] | None = None
) -> dict[str, float] | None:
    """Return all components by name; ``None`` if nothing was established (no verdict, or the machine failed).

    ``subtasks`` are as :func:`codegym.reward.subtasks.subtask_verdicts` returns them.
    """
    if verdict is None or verdict.outcome is Outcome.INFRA_ERROR:
        return None
    attempt = Attempt(steps, patch, verdict, subtasks or {})
    return {name: measure(attempt) for name, measure in COMPONENTS.items()}


def _passed(results: Mapping[str, TestStatus]) -> float:
    return _fraction(sum(status is TestStatus.PASSED for status in results.values()), len(results))


def _fraction(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
