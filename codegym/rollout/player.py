"""What makes an episode of a job: the engine is handed a player and knows nothing of how it plays.

:func:`codegym.rollout.play.play` is the plainest: one conversation, one attempt. A search is another: it plays one
job on several forks of the env and returns the episode that it chose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from codegym.deadline import Ledger
from codegym.env import CodeEnv
from codegym.episode import Episode
from codegym.policy.protocol import Policy
from codegym.rollout.job import Job


class StoppedError(Exception):
    """The run is being stopped. A player raises it between two turns; the episode is dropped."""


class Closable(Protocol):
    """Something that has to be closed, such as a conversation or the fork of an env."""

    def close(self) -> None:
        """Close it, from any thread; closing twice is fine."""


class Player(Protocol):
    """Makes the episode of a job."""

    def __call__(
        self,
        job: Job,
        policy: Policy,
        env: CodeEnv,
        *,
        stopping: Callable[[], bool],
        opened: Callable[[Closable], None],
        ledger: Ledger,
    ) -> Episode:
        """Return the episode. The caller closes ``env``.

        ``stopping()`` is true once the run has to stop: check it between two turns. Call ``opened`` with whatever
        the player opens, so that another thread can close it if the player is stuck. Time limits are noted in
        ``ledger``, which explains most if there will be no episode. Raises :class:`StoppedError`, and whatever the
        env and the policy raise.
        """
