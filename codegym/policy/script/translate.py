"""Plays recorded episodes again in another dialect, so that a model that can't speak it yet has a way in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from codegym.episode import Episode, Step
from codegym.errors import PolicyError
from codegym.policy.protocol import Opening
from codegym.policy.script.script import Script, ScriptedPolicy
from codegym.tool.call import Call
from codegym.tool.dialect import DIALECTS


def translate(episodes: Iterable[Episode], name: str = "translate") -> ScriptedPolicy:
    """Return the policy that makes the calls of recorded episodes, in the dialect of the episode that it plays.

    Of several recordings of a task the seed chooses one. What was malformed is left out. Raises
    :class:`PolicyError` for a task without a recording, or a call that the dialect can't write.
    """
    by_task: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        by_task[episode.task].append(episode)

    def script(opening: Opening) -> Script:
        recordings = by_task.get(opening.task.id)
        if not recordings:
            raise PolicyError(f"nothing to play again for task {opening.task.id!r}: there is no episode of it")
        for step in recordings[opening.seed % len(recordings)].steps:
            call = call_of(step)
            if call is not None:
                yield call

    return ScriptedPolicy(name, script)


def call_of(step: Step) -> Call | None:
    """Return the call that a step's action was read as, whatever its dialect; ``None`` if it was malformed."""
    calls = (spoken.parse(step.action) for spoken in DIALECTS.values())
    return next((call for call in calls if isinstance(call, Call) and call.tool == step.tool), None)
