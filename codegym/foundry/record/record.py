"""Runs tests in a box and records their calls into the package: what a user would call, and what comes of it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codegym.foundry.record.call import RecordedCall, read_calls
from codegym.harness.answer import read_answer
from codegym.harness.inbox_text import without_future
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.sandbox.protocol import WORKDIR, Sandbox
from codegym.task import TestPlan

_INBOX = Path(__file__).parent / "inbox"
_PROGRAMS = ("names", "values", "objects", "arguments", "expression", "written", "calls")
_PLUGIN = "codegym_calls"
_RECORD = "/tmp/.codegym-calls"  # noqa: S108  a path in the box
_FUTURE = "from __future__ import annotations\n"
_MOST_CALLS = 2000
_MOST_EACH = 60
_MOST_BYTES = 16 << 20
"""Bytes of a record that are read."""


@dataclass(frozen=True)
class Boundary:
    """A function whose calls are recorded, whoever makes them.

    ``name`` is qualified (``Class.method``, without ``<locals>``); ``line`` is its ``def``'s, or a line below it.
    It matters only if several functions of the file have that name.
    """

    path: str
    name: str
    line: int = 0


@dataclass(frozen=True)
class Recording:
    """The run of the tests, and the distinct calls that were seen, in the order in which they ended."""

    run: TestRun
    calls: tuple[RecordedCall, ...]


def record_calls(
    box: Sandbox,
    plan: TestPlan,
    tests: Sequence[str],
    *,
    sources: Sequence[str],
    functions: Sequence[Boundary] = (),
    direct: bool = True,
    timeout: float,
    most: int = _MOST_CALLS,
    most_each: int = _MOST_EACH,
) -> Recording:
    """Run the pytest ``tests`` in ``box`` and record calls into ``sources``, files of the package.

    Recorded are the calls that code outside of ``sources`` makes directly (``direct``) and all calls of the
    ``functions``: at most ``most`` distinct ones, ``most_each`` per function. Values are written as
    :mod:`codegym.foundry.record.inbox.values` says. The workspace is restored; the tests' results are those of a
    run without the recorder, except for tests that trace themselves or depend on a frame's depth. No call is
    returned if the run did not end in order. Raises :class:`~codegym.errors.SandboxError` if the box fails.
    """
    nonce = secrets.token_hex(16)
    file = f"{_RECORD}-{nonce[:8]}"
    settings = {
        "root": WORKDIR,
        "nonce": nonce,
        "record": file,
        "sources": sorted(sources),
        "functions": [[each.path, each.name, each.line] for each in functions],
        "direct": direct,
        "most": most,
        "most_each": most_each,
    }
    plugin = f"{_PLUGIN}_{nonce[:8]}"
    box.write(f"{plugin}.py", f"{_FUTURE}SETTINGS = {settings!r}\n{box_program(*_PROGRAMS)}".encode())
    try:
        recording_plan = plan.model_copy(update={"command": f"{plan.command} -p {plugin}".strip()})
        run = run_tests(box, recording_plan, tests, timeout=timeout, warm=True)
        record = box.exec(["sh", "-c", 'head -c "$1" "$2"; rm -f "$2"', "sh", str(_MOST_BYTES), file])
    finally:
        box.remove(f"{plugin}.py")
    return Recording(run, read_calls(read_answer(record.stdout, nonce)) if run.complete else ())


def box_program(*names: str) -> str:
    """Return the text of the named programs of ``inbox/``, without the ``__future__`` import."""
    return "\n".join(without_future((_INBOX / f"{name}.py").read_text()) for name in names)
