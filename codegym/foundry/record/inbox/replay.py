# ruff: noqa: PTH100, S307
"""Makes one recorded call again, in a process of its own, and prints what comes of it.

The request is JSON on standard input: ``nonce``, ``root``, ``path``, and the call's ``modules``, ``setup`` and
``source``. Written for Python 3.8, which a box may have.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # in the box the programs are one text
    from codegym.foundry.record.inbox.names import PublicNames
    from codegym.foundry.record.inbox.objects import MadeObjects
    from codegym.foundry.record.inbox.prepare import prepared_names
    from codegym.foundry.record.inbox.written import CallWriter


def replay(request: dict[str, Any]) -> dict[str, Any] | None:
    """Return what comes of a call, or ``None`` if what comes before it can't be done."""
    writer = CallWriter(PublicNames(), MadeObjects(), {**request, "most": 1, "most_each": 1})
    names = prepared_names(request["modules"], request["setup"])
    if names is None:
        return None
    try:
        value = eval(request["source"], names)
    except Exception as error:  # noqa: BLE001  the package's own code runs here
        return writer.raised((type(error), error, error.__traceback__))
    return writer.returned(value)


def main() -> None:
    """Answer the request on standard input."""
    request = json.load(sys.stdin)
    os.chdir(request["root"])
    sys.path.insert(0, os.path.abspath(request["path"]))
    text = json.dumps(replay(request)).encode("utf-8", "replace")
    line = "\n{} {}\n".format(request["nonce"], base64.b64encode(zlib.compress(text)).decode())
    os.write(1, line.encode())
    os._exit(0)
