"""Runs pytest through a warm server in a box that supports one; see :mod:`codegym.harness.inbox.warm`.

The request and the answer are those of a cold run, but no interpreter is started and pytest is not imported again.
The server is started at the first request, and again if it has ended.
"""

from __future__ import annotations

import secrets

from codegym.harness.framework.pytest import GRACE, Question, pytest_request, read_run
from codegym.harness.inbox_text import ENV, program
from codegym.harness.result import TestRun
from codegym.sandbox.protocol import ExecResult, Sandbox, Spawns

_GONE = 75
_ASK = """
gone() { rm -rf /tmp/.codegym-warm; exit 75; }
cd /tmp/.codegym-warm && read -r pid <pid && read -r _ _ state _ <"/proc/$pid/stat" && [ "$state" != Z ] || gone
timeout 10 sh -c 'exec cat >in' || gone
cat out || exit 1
[ ! -e killed ] || { rm killed; exit 1; }
"""
_AWAIT = "n=0; until [ -e /tmp/.codegym-warm/pid ] || [ $n -ge 500 ]; do sleep 0.01; n=$((n+1)); done\n"


def run_pytest_warm(box: Sandbox, question: Question) -> TestRun | None:
    """Run ``question`` with the box's warm server; ``None`` if the box supports none or it did not answer."""
    if not isinstance(box, Spawns):
        return None
    nonce = secrets.token_hex(16)
    request = pytest_request(box, nonce, question)
    result = _ask(box, _ASK, request, question.timeout)
    if result.exit_code == _GONE:
        start_server(box)
        result = _ask(box, _AWAIT + _ASK, request, question.timeout)
    return read_run(result, nonce, question) if nonce in result.stdout else None


def prepare(box: Sandbox) -> bool:
    """Start a server in ``box`` before any other code runs there; return whether it accepts requests."""
    if not isinstance(box, Spawns):
        return False
    start_server(box)
    return box.exec(["sh", "-c", _AWAIT + "[ -e /tmp/.codegym-warm/pid ]"], timeout=GRACE * 2).exit_code == 0


def run_pytest_prepared(box: Sandbox, question: Question) -> TestRun:
    """Run ``question`` with the server of a prepared box. Without an answer the run is not complete."""
    nonce = secrets.token_hex(16)
    return read_run(_ask(box, _ASK, pytest_request(box, nonce, question), question.timeout), nonce, question)


def start_server(box: Spawns) -> None:
    """Start a server in ``box``. Returns before it is ready; callers wait for its pid file."""
    box.spawn(["python3", "-c", _server()], ENV)


def _server() -> str:
    return program("compiler", "addopts", "pytest_child", "supervisor", "warm") + "\nserve()\n"


def _ask(box: Sandbox, script: str, request: bytes, timeout: float) -> ExecResult:
    return box.exec(["sh", "-c", f"exec 2>/dev/null; {script}"], timeout=timeout + GRACE, cwd="/", stdin=request)
