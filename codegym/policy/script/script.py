"""Policies that follow a script: baselines for boards, experts to learn from, attackers for tests.

A script is a generator. It yields actions, each a :class:`~codegym.tool.call.Call` or a text, and receives the
observations; when it ends, the episode is submitted. Calls are written in the episode's dialect, whichever it is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field

from codegym.episode import Episode
from codegym.errors import PolicyError
from codegym.policy.protocol import Opening, Reply
from codegym.policy.speech import spoken_dialect
from codegym.tool.call import Call
from codegym.tool.dialect import dialect

Script = Generator[Call | str, str, None]


@dataclass(frozen=True)
class ScriptedPolicy:
    """A policy that answers with the actions that ``script`` yields for an opening.

    ``dialect`` is the only one that the script can play in; empty: any.
    """

    name: str
    script: Callable[[Opening], Script]
    dialect: str = ""

    def begin(self, opening: Opening) -> ScriptedConversation:
        """Start one episode. Raises :class:`ConfigError` in a dialect that the script can't play in."""
        spoken_dialect(self, opening.dialect)
        return ScriptedConversation(opening, self.script(opening))

    def close(self) -> None:
        """Do nothing: a script has nothing to free."""


@dataclass
class ScriptedConversation:
    """One episode of a script."""

    opening: Opening
    script: Script
    usage_: dict[str, int] = field(default_factory=lambda: {"requests": 0})

    def reply(self, observation: str | None) -> Reply:
        """Return the script's next action. Raises :class:`PolicyError` if the dialect can't write it."""
        self.usage_["requests"] += 1
        try:
            action = next(self.script) if observation is None else self.script.send(observation)
        except StopIteration:
            action = Call("submit")
        if isinstance(action, str):
            return Reply(action)
        try:
            return Reply(dialect(self.opening.dialect).format(action))
        except ValueError as error:
            raise PolicyError(
                f"the script can't continue in the {self.opening.dialect!r} dialect: {error}"
            ) from error

    def tokens(self) -> None:
        """Return ``None``: a script does not handle tokens."""
        return

    def usage(self) -> dict[str, int]:
        """Return the number of requested actions."""
        return dict(self.usage_)

    def close(self) -> None:
        """End the script."""
        self.script.close()


def offered_tools(opening: Opening) -> set[str]:
    """Return the names of the tools that the env offers."""
    functions = [schema["function"] for schema in opening.tools]
    return {str(function["name"]) for function in functions if isinstance(function, dict)}


def can_write(opening: Opening, call: Call) -> bool:
    """Return whether the env offers the call's tool and its dialect can write the call."""
    if call.tool not in offered_tools(opening):
        return False
    try:
        dialect(opening.dialect).format(call)
    except ValueError:
        return False
    return True


def noop() -> ScriptedPolicy:
    """Return the policy that submits at once, the baseline for every reward."""

    def script(_: Opening) -> Script:
        yield from ()

    return ScriptedPolicy("noop", script)


def fixed(actions: Sequence[Call | str], name: str = "fixed") -> ScriptedPolicy:
    """Return the policy that takes the same ``actions`` in every task and then submits."""

    def script(_: Opening) -> Script:
        yield from (action for action in actions)  # a list's iterator takes no observations

    return ScriptedPolicy(name, script)


def replay(episodes: Iterable[Episode], name: str = "replay") -> ScriptedPolicy:
    """Return the policy that repeats the actions of recorded episodes, so that observations repeat as well.

    It uses the episode with the same task and seed, otherwise the task's first episode. Raises
    :class:`PolicyError` for a task without an episode, or with one that was played in another dialect.
    """
    by_seed: dict[tuple[str, int], Episode] = {}
    by_task: dict[str, Episode] = {}
    dialects: set[str] = set()
    for episode in episodes:
        by_seed.setdefault((episode.task, episode.seed), episode)
        by_task.setdefault(episode.task, episode)
        dialects.add(episode.versions.get("dialect", ""))

    def script(opening: Opening) -> Script:
        episode = by_seed.get((opening.task.id, opening.seed)) or by_task.get(opening.task.id)
        if episode is None:
            raise PolicyError(f"nothing to replay for task {opening.task.id!r}: there is no episode of it")
        if episode.versions.get("dialect", opening.dialect) != opening.dialect:
            raise PolicyError(
                f"can't replay task {opening.task.id!r} in the dialect {opening.dialect!r}: it was played in "
                f"{episode.versions['dialect']!r}"
            )
        for step in episode.steps:
            yield step.action

    return ScriptedPolicy(name, script, dialects.pop() if len(dialects) == 1 else "")
