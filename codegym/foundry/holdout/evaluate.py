"""Finds out in a box what calls return or raise, with the files as they are there."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codegym.foundry.holdout.example import Example
from codegym.foundry.record.call import is_expression
from codegym.foundry.record.record import box_program
from codegym.harness.answer import read_answer
from codegym.harness.inbox_text import without_future
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import Sandbox
from codegym.task import TestPlan

_PROGRAM = Path(__file__).parent / "inbox" / "evaluate.py"
_RECORD = "/tmp/.codegym-outcomes-"  # noqa: S108  a path in the box
_MOST_BYTES = 4 << 20
_MOST_SECONDS = 60.0


def evaluate(box: Sandbox, plan: TestPlan, folder: str, calls: Sequence[Example]) -> list[Example | None]:
    """Return ``calls`` with what comes of them in ``box``; ``None`` for those that can't be made or written.

    They are made in a test file in ``folder``, under the same settings as the other tests. Raises
    :class:`~codegym.errors.SandboxError` if the box fails.
    """
    nonce = secrets.token_hex(16)
    rows = [{"source": call.source, "setup": call.setup, "modules": call.modules} for call in calls]
    file, size = f"{_RECORD}{nonce[:8]}", str(_MOST_BYTES)
    settings = {"nonce": nonce, "record": file, "rows": rows}
    program = box_program("names", "values", "prepare") + "\n" + without_future(_PROGRAM.read_text())
    path = f"{folder}test_outcomes_{nonce[:8]}.py"
    box.write(path, f"from __future__ import annotations\nSETTINGS = {settings!r}\n{program}".encode())
    try:
        run_tests(box, plan, [f"{path}::test_evaluate"], timeout=_MOST_SECONDS, warm=True)
        record = box.exec(["sh", "-c", 'head -c "$1" "$2"; rm -f "$2"', "sh", size, file], cwd="/")
    finally:
        box.remove(path)
    answer = read_answer(record.stdout, nonce)
    outcomes = answer if isinstance(answer, list) and len(answer) == len(calls) else [None] * len(calls)
    return [_with_outcome(call, outcome) for call, outcome in zip(calls, outcomes, strict=True)]


def _with_outcome(call: Example, outcome: Any) -> Example | None:
    match outcome:
        case [("returned" | "raised") as kind, str(value), [*modules]] if is_expression(value):
            names = {name for name in modules if isinstance(name, str) and name.replace(".", "").isidentifier()}
            return Example(
                source=call.source,
                setup=call.setup,
                modules=tuple(sorted({*call.modules, *names})),
                value=value,
                raises=kind == "raised",
                is_varied=call.is_varied,
            )
    return None
