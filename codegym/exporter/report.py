"""Reads and writes reports in SWE-bench's format: which instances were resolved, and results of their tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from codegym.episode import Outcome, TestStatus, Verdict
from codegym.errors import TaskError

_ENDED = (Outcome.RESOLVED, Outcome.UNRESOLVED, Outcome.TAMPERED)


class RunReport(BaseModel):
    """The report of a run, in SWE-bench's schema 2. Other fields are kept.

    An instance is *completed* if its tests ran to a verdict. A patch that does not apply, a timeout and a failure
    of the machine are *errors*.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    total_instances: int
    submitted_instances: int
    completed_instances: int
    resolved_instances: int
    unresolved_instances: int
    empty_patch_instances: int
    error_instances: int
    completed_ids: list[str]
    incomplete_ids: list[str]
    empty_patch_ids: list[str]
    submitted_ids: list[str]
    resolved_ids: list[str]
    unresolved_ids: list[str]
    error_ids: list[str]
    schema_version: int = 2


def make_report(total: Iterable[str], submitted: Iterable[str], verdicts: Mapping[str, Verdict]) -> RunReport:
    """Return the report on ``verdicts``, by instance. Instances submitted without a verdict had an empty patch."""
    everything, attempted = sorted(total), sorted(submitted)
    ended = sorted(name for name, verdict in verdicts.items() if verdict.outcome in _ENDED)
    resolved = [name for name in ended if verdicts[name].outcome is Outcome.RESOLVED]
    unresolved = [name for name in ended if name not in resolved]
    empty = [name for name in attempted if name not in verdicts]
    failed = sorted(set(verdicts) - set(ended))
    return RunReport(
        total_instances=len(everything),
        submitted_instances=len(attempted),
        completed_instances=len(ended),
        resolved_instances=len(resolved),
        unresolved_instances=len(unresolved),
        empty_patch_instances=len(empty),
        error_instances=len(failed),
        completed_ids=ended,
        incomplete_ids=[name for name in everything if name not in attempted],
        empty_patch_ids=empty,
        submitted_ids=attempted,
        resolved_ids=resolved,
        unresolved_ids=unresolved,
        error_ids=failed,
    )


def instance_report(name: str, verdict: Verdict) -> dict[str, Any]:
    """Return the content of SWE-bench's ``report.json`` for one instance."""
    return {
        name: {
            "patch_is_None": False,
            "patch_exists": True,
            "patch_successfully_applied": verdict.outcome is not Outcome.INVALID_PATCH,
            "resolved": verdict.outcome is Outcome.RESOLVED,
            "tests_status": {
                "FAIL_TO_PASS": _sides(verdict.fail_to_pass),
                "PASS_TO_PASS": _sides(verdict.pass_to_pass),
                "FAIL_TO_FAIL": {"success": [], "failure": []},
                "PASS_TO_FAIL": {"success": [], "failure": []},
            },
        }
    }


def read_report(path: Path) -> RunReport:
    """Read the report of a run. Raises :class:`~codegym.errors.TaskError`, which names a wrong field."""
    try:
        return RunReport(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError, ValidationError) as error:
        raise TaskError(f"{path} is no report of SWE-bench: {error}") from error


def write_report(path: Path, report: RunReport | dict[str, Any]) -> None:
    """Write a report as JSON, laid out like SWE-bench's."""
    value = report.model_dump(mode="json") if isinstance(report, RunReport) else report
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=4, ensure_ascii=False) + "\n", errors="backslashreplace")


def _sides(statuses: Mapping[str, TestStatus]) -> dict[str, list[str]]:
    passed = [name for name, status in statuses.items() if status is TestStatus.PASSED]
    return {"success": passed, "failure": [name for name in statuses if name not in passed]}
