"""Asking a warm pytest server in a box, where the box can hold one; see :mod:`codegym.harness.inbox.warm`.

The same question as to a cold one, the same answer, without starting an interpreter and importing pytest. The
server is started at the first question, and again when it is gone.
"""

from __future__ import annotations

import secrets

from codegym.harness.framework.pytest import GRACE, Question, read_run, request
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
    """Run what is asked by the box's warm server; ``None`` if the box can't hold one or it did not answer."""
    if not isinstance(box, Spawns):
        return None
    nonce = secrets.token_hex(16)
    asked = request(box, nonce, question)
    done = _ask(box, _ASK, asked, question.timeout)
    if done.exit_code == _GONE:
        start_server(box)
        done = _ask(box, _AWAIT + _ASK, asked, question.timeout)
    return read_run(done, nonce, question) if nonce in done.stdout else None


def prepare(box: Sandbox) -> bool:
    """Start a server in ``box``, in which nobody's code has run; returns whether it takes questions."""
    if not isinstance(box, Spawns):
        return False
    start_server(box)
    return box.exec(["sh", "-c", _AWAIT + "[ -e /tmp/.codegym-warm/pid ]"], timeout=GRACE * 2).exit_code == 0


def run_pytest_prepared(box: Sandbox, question: Question) -> TestRun:
    """Run what is asked by the server of a box that was prepared; without an answer nothing is established."""
    nonce = secrets.token_hex(16)
    return read_run(_ask(box, _ASK, request(box, nonce, question), question.timeout), nonce, question)


def start_server(box: Spawns) -> None:
    """Start a server in ``box``, where none is; it is ready when it is ready."""
    box.spawn(["python3", "-c", _server()], ENV)


def _server() -> str:
    return program("compiler", "addopts", "pytest_child", "supervisor", "warm") + "\nserve()\n"


def _ask(box: Sandbox, script: str, asked: bytes, timeout: float) -> ExecResult:
    return box.exec(["sh", "-c", f"exec 2>/dev/null; {script}"], timeout=timeout + GRACE, cwd="/", stdin=asked)
