"""Episodes as rows of token ids, in the fields that TRL's ``rollout_func`` returns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from codegym.episode import Episode
from codegym.errors import PolicyError
from codegym.tokens import TokenSequence


def completions(episodes: Sequence[Episode], group: int, eos_id: int) -> dict[str, list[Any]]:
    """Return TRL's fields, one row per episode; ``group`` consecutive episodes are attempts at the same task.

    If all rewards of a group are equal, its advantages are 0 and nothing can be learnt from it: its completions
    are cut to one token, so that they cost no computation and do not dilute the mean of the loss.

    Raises :class:`PolicyError` for an episode of several sequences: TRL takes one completion per prompt.
    """
    rows: dict[str, list[Any]] = defaultdict(list)
    for start in range(0, len(episodes), group):
        members = episodes[start : start + group]
        teaches = len({episode.reward for episode in members if episode.reward is not None}) > 1
        for episode in members:
            for name, value in _row(episode, eos_id, whole=teaches and episode.reward is not None).items():
                rows[name].append(value)
    return dict(rows)


def _row(episode: Episode, eos_id: int, *, whole: bool) -> dict[str, Any]:
    sequence = _only_sequence(episode)
    if not sequence or not sequence.completion_ids:
        sequence = TokenSequence(prompt_ids=(eos_id,), completion_ids=(eos_id,), mask=(1,), logprobs=(0.0,))
    end = None if whole else 1
    return {
        "prompt_ids": list(sequence.prompt_ids),
        "completion_ids": list(sequence.completion_ids[:end]),
        "logprobs": list(sequence.logprobs[:end]),
        "env_mask": list(sequence.mask[:end]),
        "episode_reward": episode.reward,
    }


def _only_sequence(episode: Episode) -> TokenSequence | None:
    sequences = episode.tokens.sequences if episode.tokens else ()
    if len(sequences) > 1:
        raise PolicyError(
            f"an episode of task {episode.task!r} has {len(sequences)} token sequences, and TRL takes one "
            f"completion per prompt: train policy {episode.policy!r} without what rewrites its history"
        )
    return sequences[0] if sequences else None
