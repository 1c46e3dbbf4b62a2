"""How a box looks from inside, as text that is the same for any two new boxes of the same kind.

A pool takes this view of a new box, and again after somebody has used it. If a box can also be inspected from
outside (:meth:`~codegym.sandbox.protocol.Reusable.residue`), this is a second check.
"""

from __future__ import annotations

from collections import Counter

from codegym.deadline import keeping
from codegym.sandbox.protocol import Sandbox

_VIEW = r"""
for p in /proc/[0-9]*; do read -r name <"$p/comm" && echo "process $name"; done 2>/dev/null
while read -r _ _ _ _ at how _; do echo "mount $at $how"; done </proc/self/mountinfo
while read -r line; do case $line in TCP*) line=${line%% orphan*} ;; esac; echo "sockets ${line%% mem*}"
done </proc/self/net/sockstat
ls -1AR /tmp /dev/shm
ulimit -a
export -p
"""
_VIEW_SECONDS = 20


def view_from_inside(box: Sandbox) -> str:
    """Return what a command sees: processes, mounts, sockets, files outside the workspace, limits, environment.

    Empty if the box has no shell to run the command.
    """
    with keeping(None):
        result = box.exec(_VIEW, timeout=_VIEW_SECONDS)
    return result.stdout if result.exit_code == 0 and not result.truncated else ""


def view_differences(before: str, after: str) -> tuple[str, ...]:
    """Return one line per difference between two views."""
    old, new = Counter(before.splitlines()), Counter(after.splitlines())
    return (*(f"new inside: {line}" for line in new - old), *(f"gone inside: {line}" for line in old - new))
