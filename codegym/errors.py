"""The errors of codegym, named by the part that failed.

::

    CodegymError
    ├── ConfigError      a setting, option or file that the user wrote
    ├── TaskError        a task or suite that can't be loaded, built or trusted
    ├── SandboxError     the box itself failed (a command that fails or times out in it is a result, no error)
    │   └── ImageError   the image of a box, its toolchain, is not available
    ├── GradeError       a result could not be established: the episode has no reward
    └── PolicyError      the policy could not answer (endpoint down, context full, no such model)

A message says what failed, with which value, and what to do next. A mistake of the agent is never an exception:
it is an observation.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError

from codegym.failure import Failure, FailureKind


class CodegymError(Exception):
    """The base class of every error that codegym raises on purpose."""


class ConfigError(CodegymError):
    """A setting, option or file that the user wrote is wrong."""


class TaskError(CodegymError):
    """A task or suite can't be loaded, built or trusted."""


class SandboxError(CodegymError):
    """The sandbox itself failed; a command's exit code or timeout is a result, never this."""


class ImageError(SandboxError):
    """The image of a box, its toolchain, is not available."""


class GradeError(CodegymError):
    """A result could not be established; the reward is ``None``. ``failure`` names the kind and the owner."""

    def __init__(self, message: str, failure: Failure | None = None) -> None:
        super().__init__(message)
        self.failure = failure or Failure(FailureKind.UNREADABLE)


class PolicyError(CodegymError):
    """The policy could not answer."""


_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EIO})


def is_of_machine(error: OSError) -> bool:
    """Return whether reading an agent's files failed because the host lacks memory, disk or file handles.

    Any other error is caused by the agent: by a name, a mode or a depth that it chose.
    """
    return error.errno in _MACHINE


def failure_of(error: Exception) -> Failure:
    """Return the failure that an infrastructure error stands for."""
    if isinstance(error, GradeError):
        return error.failure
    return Failure(FailureKind.IMAGE if isinstance(error, ImageError) else FailureKind.BOX)


def wrong_fields(error: ValidationError) -> str:
    """Return a line that names each invalid field in what a user wrote, and the reason."""
    reasons = (
        (".".join(map(str, problem["loc"])), problem["msg"].removeprefix("Value error, "))
        for problem in error.errors()
    )
    return "; ".join(": ".join(filter(None, parts)) for parts in reasons)


def unknown(kind: str, name: str, choices: Iterable[str]) -> str:
    """Return the message for an unknown name: the name, the nearest match, and the known names."""
    names = sorted(choices)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(names[:12]) + (f", … ({len(names)} in all)" if len(names) > 12 else "")
    return f"unknown {kind} {name!r}.{hint} Known: {listed or 'none'}."
