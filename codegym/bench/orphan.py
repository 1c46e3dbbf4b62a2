"""What remains of boxes when their owner is killed: the first question of a cluster's operator."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from codegym.bench.trace import Trace
from codegym.bench.workspace import Contender
from codegym.errors import SandboxError

_BOXES = 3
_WAIT_SECONDS = 10.0
_OWNER = """
import sys, time
from pathlib import Path
from codegym.bench.contenders import find_contender
from codegym.sandbox.protocol import Tree
contender = find_contender(sys.argv[1], Tree((Path(sys.argv[2]),), "bench"))
workspaces = [contender.fresh() for _ in range(int(sys.argv[3]))]
print("open", flush=True)
time.sleep(float(sys.argv[4]))
for workspace in workspaces:
    workspace.close()
"""


@dataclass(frozen=True)
class Orphans:
    """What remains of ``boxes`` boxes ten seconds after ``kill -9`` of their owner, and after the next start.

    Both dictionaries count processes, mounts, control groups and folders.
    """

    boxes: int
    after_kill: dict[str, int]
    after_next_start: dict[str, int]


def orphans(contender: Contender, layer: Path) -> Orphans:
    """Start an owner of three workspaces of ``contender``, kill it, count what remains, and clean up."""
    before = Trace.now()
    argv = [sys.executable, "-c", _OWNER, contender.name, str(layer)]
    with subprocess.Popen([*argv, str(_BOXES), "600"], stdout=subprocess.PIPE) as owner:
        try:
            if owner.stdout is None or b"open\n" not in owner.stdout:  # others may print before
                raise SandboxError(f"{contender.name}: the process that opens its boxes did not start")
            owned = Trace.now().since(before, owner.pid, containers=contender.containers)
        finally:
            owner.kill()
    deadline = time.monotonic() + _WAIT_SECONDS
    while any((remaining := owned.still(Trace.now())).counts().values()) and time.monotonic() < deadline:
        time.sleep(0.2)
    after_kill = remaining.counts()
    subprocess.run([*argv, "1", "0"], stdout=subprocess.DEVNULL, check=True)
    after_next_start = remaining.still(Trace.now()).counts()
    contender.sweep()
    return Orphans(_BOXES, after_kill, after_next_start)
