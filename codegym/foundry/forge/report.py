"""What a forge reports: the suite, the counts of every operator, and the seconds that each step took."""

from __future__ import annotations

from collections.abc import Mapping

from codegym.task import Frozen


class OperatorYield(Frozen):
    """What became of one operator's drafts. ``seconds`` were spent on trying them, without certification."""

    tried: int
    made: int
    certified: int
    refused: dict[str, int]
    seconds: float


class ForgeReport(Frozen):
    """A forged suite: where it is, and what came of each operator.

    ``with_hidden_tests`` counts the tasks that are also decided by tests which the agent does not get. ``pins``
    are the packages added to the image, ``missing`` the requirements that could not be installed, ``left_out`` the
    test files that were not surveyed. ``failed`` is how many tests fail in the untouched tree and are left out.
    ``per_minute`` is certified tasks per minute of all time.
    """

    suite: str
    folder: str
    version: int
    digest: str
    origin: str
    tasks: int
    with_hidden_tests: int
    tests: int
    failed: int = 0
    quarantined: tuple[str, ...]
    left_out: tuple[str, ...]
    image: str
    pins: tuple[str, ...]
    missing: tuple[str, ...]
    operators: dict[str, OperatorYield]
    test_seconds: float
    survey_seconds: float
    certify_seconds: float
    seconds: float
    per_minute: float


def why_empty(operators: Mapping[str, OperatorYield], left_out: tuple[str, ...]) -> str:
    """Return why no task was certified, operator by operator, and what the user may try."""
    reasons = "; ".join(
        f"{operator}: {result.tried} tried, {', '.join(f'{why} {count}' for why, count in result.refused.items())}"
        for operator, result in operators.items()
        if result.tried
    )
    first = ", ".join(left_out[:3])
    files = f"; {len(left_out)} test files were left out ({first}, …)" if left_out else ""
    nothing = "Nothing was tried: give more --seconds or other --operators"
    advice = "Give more --seconds, or none, or name the tests that matter with --test-command"
    return f"{reasons or nothing}{files}. {advice}"
