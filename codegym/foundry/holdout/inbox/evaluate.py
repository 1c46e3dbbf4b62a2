# ruff: noqa: S307
"""Makes many calls, each in a process of its own, and writes what comes of them, as a pytest test of its own.

Written for Python 3.8, which a box may have. ``SETTINGS`` is written in front.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import time
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # in the box the programs are one text
    from codegym.foundry.record.inbox.names import PublicNames
    from codegym.foundry.record.inbox.prepare import prepared_names
    from codegym.foundry.record.inbox.values import UnwritableError, ValueWriter

    SETTINGS: dict[str, Any] = {}

_SECONDS = 2
"""Seconds of one call. The process is killed after that."""
_ALL_SECONDS = 30


def outcome_of(row: dict[str, Any]) -> list[Any] | None:
    """Return how a call ended, with what, and the modules to import for that; ``None`` if it can't be written."""
    writer = ValueWriter(PublicNames(), lambda _: "")
    names = prepared_names(row["modules"], row["setup"])
    if names is None:
        return None
    try:
        value = eval(row["source"], names)
    except Exception as error:  # noqa: BLE001  the package's own code runs here
        return ["raised", *_written(writer, writer.name_of, type(error))]
    return ["returned", *_written(writer, writer.write, value)]


def _written(writer: ValueWriter, write: Any, value: Any) -> list[Any]:
    try:
        writer.modules.clear()
        return [write(value), sorted(writer.modules)]
    except (UnwritableError, ValueError, TypeError, AttributeError, RecursionError, RuntimeError):
        return ["", []]


def outcome_in_child(row: dict[str, Any]) -> Any:
    """Return :func:`outcome_of` a row, from a process that is killed if it takes too long."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_SECONDS)
        try:
            os.write(writing, json.dumps(outcome_of(row)).encode("utf-8", "replace"))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text.decode("utf-8", "replace")) if text else None


def test_evaluate() -> None:
    """Write the outcomes of all rows; those for which there was no time are ``None``."""
    deadline = time.monotonic() + _ALL_SECONDS
    outcomes = [outcome_in_child(row) if time.monotonic() < deadline else None for row in SETTINGS["rows"]]
    packed = base64.b64encode(zlib.compress(json.dumps(outcomes).encode())).decode()
    with open(SETTINGS["record"], "w") as file:  # noqa: PTH123
        file.write("\n" + SETTINGS["nonce"] + " " + packed + "\n")
