"""What can go wrong, named by the boundary that was crossed.

::

    CodegymError
    ├── ConfigError      a setting, option or file that the user wrote
    ├── TaskError        a task or suite that can't be loaded, built or trusted
    ├── SandboxError     the box itself failed (never: a command in it exited non-zero or timed out)
    │   └── ImageError   the toolchain of a box is not to be had
    ├── GradeError       a result could not be established: the episode has no reward
    └── PolicyError      the policy could not answer (endpoint down, context full, no such model)

A message says what failed, with which value, and what to do next. What the agent does wrong is never an
exception: it is an observation.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError

from codegym.failure import Failure, FailureKind


class CodegymError(Exception):
    """The root of every error that codegym raises on purpose."""


class ConfigError(CodegymError):
    """A setting, option or file that the user wrote is wrong."""


class TaskError(CodegymError):
    """A task or suite can't be loaded, built or trusted."""


class SandboxError(CodegymError):
    """The sandbox itself failed; a command's exit code or timeout is a result, never this."""


class ImageError(SandboxError):
    """The toolchain of a box, its image, is not to be had."""


class GradeError(CodegymError):
    """A result could not be established; the reward is ``None``. ``failure`` says why and whose fault it is."""

    def __init__(self, message: str, failure: Failure | None = None) -> None:
        super().__init__(message)
        self.failure = failure or Failure(FailureKind.UNREADABLE)


class PolicyError(CodegymError):
    """The policy could not answer."""


_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EIO})


def is_of_machine(error: OSError) -> bool:
    """Return whether reading what an agent wrote failed for lack of something that the host has to give.

    Any other failure is the agent's doing: a name, a mode, a depth that it chose.
    """
    return error.errno in _MACHINE


def failure_of(error: Exception) -> Failure:
    """Return what kind of failure an error of the infrastructure is."""
    if isinstance(error, GradeError):
        return error.failure
    return Failure(FailureKind.IMAGE if isinstance(error, ImageError) else FailureKind.BOX)


def wrong_fields(error: ValidationError) -> str:
    """Return what is wrong with values that a user wrote, in one line: each field by name, and why."""
    told = ((".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, ")) for one in error.errors())
    return "; ".join(": ".join(filter(None, parts)) for parts in told)


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a name that does not exist: what was asked, the nearest match, what there is."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(names[:12]) + (f", … ({len(names)} in all)" if len(names) > 12 else "")
    return f"unknown {kind} {name!r}.{hint} Known: {listed or 'none'}."
