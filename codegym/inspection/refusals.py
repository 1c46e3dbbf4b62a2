"""What a suite lost on the way and why: drafts of the forge, tasks, tests, rows without runner."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from codegym.suite import Suite
from codegym.task import Frozen, Task


class Refusal(Frozen):
    """``count`` things that ``stage`` refused for one reason."""

    stage: str
    reason: str
    count: int


def refusals_of(suite: Suite, tasks: Iterable[Task]) -> tuple[Refusal, ...]:
    """Return what was refused, stage by stage, the most frequent reasons first."""
    counts: Counter[tuple[str, str]] = Counter()
    for stage, reasons in _forged(suite).items():
        for reason, count in reasons.items():
            counts[stage, reason] += count
    for why in suite.refused.values():
        counts["certificate: task refused", why.partition(":")[0]] += 1
    for tests in suite.quarantined.values():
        counts["certificate: task lost tests", f"{len(tests)} in quarantine"] += 1
    for task in tasks:
        if why := str(task.metadata.get("no_runner") or ""):
            counts["import: can't be played", why] += 1
    rows = sorted(counts.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
    return tuple(Refusal(stage=stage, reason=reason, count=count) for (stage, reason), count in rows)


def _forged(suite: Suite) -> Mapping[str, Mapping[str, int]]:
    """Return what the forge refused, by operator, as its report says."""
    path = suite.root / "forge.json"
    report: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    operators: dict[str, Any] = report.get("operators") or {}
    refused = {f"forge: {name}, draft refused": dict(row.get("refused") or {}) for name, row in operators.items()}
    others = {
        "forge: test file left out": dict.fromkeys(report.get("left_out") or (), 1),
        "forge: test in quarantine": dict.fromkeys(report.get("quarantined") or (), 1),
        "forge: requirement not installed": dict.fromkeys(report.get("missing") or (), 1),
    }
    return refused | others
