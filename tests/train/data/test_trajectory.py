"""Episodes become rows for TRL; what says nothing costs nothing and counts for nothing."""

import pytest

from codegym.episode import Episode, Outcome, StopReason, Verdict
from codegym.errors import PolicyError
from codegym.evaluate.attempts import rate, solved_note
from codegym.tokens import Tokens, TokenSequence
from codegym.train.data.trajectory import completions

SEQUENCE = TokenSequence(prompt_ids=(7, 8), completion_ids=(1, 2, 3), mask=(1, 0, 1), logprobs=(-0.5, 0.0, -0.25))
TOKENS = Tokens(sequences=(SEQUENCE,))
END = 99


def episode(reward: float | None, tokens: Tokens | None = TOKENS) -> Episode:
    outcome = Outcome.INFRA_ERROR if reward is None else Outcome.RESOLVED if reward else Outcome.UNRESOLVED
    return Episode(
        id="1",
        suite="s",
        task="t",
        task_digest="d",
        policy="p",
        seed=0,
        stop=StopReason.SUBMITTED,
        verdict=Verdict(outcome=outcome),
        reward=reward,
        tokens=tokens,
    )


def test_ids_masks_and_logprobs_are_those_of_the_episode() -> None:
    rows = completions([episode(1.0), episode(0.0)], 2, END)
    assert rows["prompt_ids"] == [[7, 8], [7, 8]]
    assert rows["completion_ids"] == [[1, 2, 3], [1, 2, 3]]
    assert rows["env_mask"] == [[1, 0, 1], [1, 0, 1]]
    assert rows["logprobs"] == [[-0.5, 0.0, -0.25], [-0.5, 0.0, -0.25]]
    assert rows["episode_reward"] == [1.0, 0.0]


def test_a_group_of_equal_rewards_is_cut_and_its_neighbour_is_not() -> None:
    rows = completions([episode(0.0), episode(0.0), episode(0.0), episode(1.0)], 2, END)
    assert [len(ids) for ids in rows["completion_ids"]] == [1, 1, 3, 3]
    assert all(len(rows[name][0]) == 1 for name in ("logprobs", "env_mask"))


def test_an_episode_without_a_grade_has_no_reward_and_no_part_in_the_group() -> None:
    rows = completions([episode(None), episode(0.0), episode(1.0), episode(None, None)], 4, END)
    assert rows["episode_reward"] == [None, 0.0, 1.0, None]
    assert [len(ids) for ids in rows["completion_ids"]] == [1, 3, 3, 1]
    assert (rows["prompt_ids"][3], rows["completion_ids"][3], rows["env_mask"][3]) == ([END], [END], [1])
    assert rate([episode(None), episode(0.0), episode(1.0)]) == 0.5
    assert solved_note([episode(None), episode(0.0), episode(1.0)]) == "solved 50% of 2, 1 lost"
    assert solved_note([episode(1.0)]) == "solved 100% of 1"


def test_an_episode_of_several_sequences_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"task 't' has 2 token sequences"):
        completions([episode(1.0, Tokens(sequences=(SEQUENCE, SEQUENCE)))], 1, END)
