"""Makes recorded calls again, each in a process of its own: what a user who reads about the call would see."""

from __future__ import annotations

import json
import secrets
from typing import Any

from codegym.foundry.record.call import RecordedCall, read_calls
from codegym.foundry.record.record import box_program
from codegym.harness.answer import read_answer
from codegym.harness.inbox_text import ENV
from codegym.sandbox.protocol import WORKDIR, Sandbox

_PROGRAMS = ("names", "values", "objects", "arguments", "expression", "written", "prepare", "replay")
_SECONDS = 20.0
"""Seconds that one call may take."""


def replay(box: Sandbox, call: RecordedCall, *, path: str, seconds: float = _SECONDS) -> RecordedCall | None:
    """Return ``call`` with what comes of it now, alone, in ``box``; ``None`` if it can't be made there.

    ``path`` is the folder from which the package is imported. Raises
    :class:`~codegym.errors.SandboxError` if the box fails.
    """
    if not call.source:
        return None
    nonce = secrets.token_hex(16)
    request = {
        "nonce": nonce,
        "root": WORKDIR,
        "path": path,
        "modules": call.modules,
        "setup": call.setup,
        "source": call.source,
    }
    program = f"from __future__ import annotations\n{box_program(*_PROGRAMS)}\nmain()\n"
    result = box.exec(
        ["python3", "-c", program], timeout=seconds, cwd="/", env=ENV, stdin=json.dumps(request).encode()
    )
    answer: Any = read_answer(result.stdout, nonce)
    if not isinstance(answer, dict):
        return None
    blank = {"path": "", "function": "", "line": 0, "name": "", "source": "", "setup": [], "modules": []}
    outcome = read_calls([blank | {"arguments": [], "direct": True, "test": ""} | answer])
    if not outcome:
        return None
    fields = outcome[0].kind, outcome[0].value, outcome[0].type, outcome[0].message, outcome[0].frames
    return call.model_copy(update=dict(zip(("kind", "value", "type", "message", "frames"), fields, strict=True)))
