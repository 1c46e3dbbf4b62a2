"""What a box looks like from inside, in a form that two boxes of the same kind share to the letter.

A pool looks so at a box when it is new, and again after somebody else has used it. Where a box can be looked at
from outside as well (:meth:`~codegym.sandbox.protocol.Reusable.residue`), this is the second opinion.
"""

from __future__ import annotations

from collections import Counter

from codegym.deadline import keeping
from codegym.sandbox.protocol import Sandbox

_LOOK = r"""
for p in /proc/[0-9]*; do read -r name <"$p/comm" && echo "process $name"; done 2>/dev/null
while read -r _ _ _ _ at how _; do echo "mount $at $how"; done </proc/self/mountinfo
while read -r line; do case $line in TCP*) line=${line%% orphan*} ;; esac; echo "sockets ${line%% mem*}"
done </proc/self/net/sockstat
ls -1AR /tmp /dev/shm
ulimit -a
export -p
"""


def sight(box: Sandbox) -> str:
    """Return what a command sees: processes, mounts, sockets, files outside the workspace, limits, environment.

    Empty where the box has no shell to look with.
    """
    with keeping(None):
        looked = box.exec(_LOOK, timeout=20)
    return looked.stdout if looked.exit_code == 0 and not looked.truncated else ""


def strange(before: str, after: str) -> tuple[str, ...]:
    """Return what one sight shows and not the other, a line each."""
    old, new = Counter(before.splitlines()), Counter(after.splitlines())
    return (*(f"new inside: {line}" for line in new - old), *(f"gone inside: {line}" for line in old - new))
