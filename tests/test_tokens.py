"""An episode's tokens keep what was sampled, by whom and where; tokens of older episodes still load."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from codegym.tokens import Tokens, TokenSequence, TurnSpan, turns_of_mask

IDS = st.integers(0, 2**17)
OLDER = '{"prompt_ids":[7,8],"completion_ids":[1,2,3],"mask":[1,0,1],"logprobs":[-0.5,0.0,-0.25]}'


@st.composite
def sequences(draw: st.DrawFn) -> TokenSequence:
    """A sequence of turns, with or without an observation between two of them."""
    mask: list[int] = []
    turns: list[TurnSpan] = []
    for step in range(draw(st.integers(0, 5))):
        start = len(mask)
        mask += [1] * draw(st.integers(1, 4))
        version = draw(st.none() | st.integers(0, 9))
        turns.append(
            TurnSpan(start=start, end=len(mask), version=version, step=draw(st.sampled_from([step, None])))
        )
        mask += [0] * draw(st.integers(0, 3))
    return TokenSequence(
        prompt_ids=tuple(draw(st.lists(IDS, max_size=4))),
        completion_ids=tuple(draw(IDS) for _ in mask),
        mask=tuple(mask),
        logprobs=tuple(-0.5 if sampled else 0.0 for sampled in mask),
        turns=tuple(turns),
    )


@given(st.lists(sequences(), min_size=1, max_size=3))
def test_what_is_written_is_read_again(made: list[TokenSequence]) -> None:
    tokens = Tokens(sequences=tuple(made))
    assert Tokens.from_json_line(tokens.json_line()) == tokens
    assert Tokens.model_validate(tokens.model_dump()) == tokens


@given(st.lists(st.sampled_from([0, 1])))
def test_turns_of_a_mask_are_its_runs_of_sampled_ids(mask: list[int]) -> None:
    turns = turns_of_mask(mask)
    covered = {index for turn in turns for index in range(turn.start, turn.end)}
    assert covered == {index for index, sampled in enumerate(mask) if sampled}
    assert all(before.end < after.start for before, after in pairwise(turns))
    assert {(turn.version, turn.step) for turn in turns} <= {(None, None)}


@given(sequences(), st.data())
def test_a_sequence_whose_parts_do_not_fit_is_refused(made: TokenSequence, data: st.DataObject) -> None:
    values = json.loads(made.model_dump_json()) | {"turns": [turn.model_dump() for turn in made.turns]}
    name = data.draw(st.sampled_from(["completion_ids", "mask", "logprobs"]))
    with pytest.raises(ValidationError, match="entries"):
        TokenSequence.model_validate(values | {name: [*values[name], 1]})
    if made.turns:
        spoilt = data.draw(st.sampled_from([values["turns"][1:], [*values["turns"], values["turns"][0]]]))
        with pytest.raises(ValidationError, match=r"belongs to no turn|but the turn before it ends"):
            TokenSequence.model_validate(values | {"turns": spoilt})


def test_tokens_of_an_older_episode_are_one_sequence_and_are_written_as_they_were() -> None:
    tokens = Tokens.from_json_line(OLDER)
    (sequence,) = tokens.sequences
    assert sequence.turns == (TurnSpan(start=0, end=1), TurnSpan(start=2, end=3))
    assert tokens.json_line() == OLDER


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"turns": [{"start": 0, "end": 4}]}, "but there are 3 ids"),
        ({"turns": [{"start": 1, "end": 1}]}, "has no ids"),
        ({"mask": [2, 0, 1]}, "other than 0 and 1"),
        ({"mask": 5}, "mask"),
        ({"version": 1}, "version"),
    ],
)
def test_what_is_wrong_with_tokens_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Tokens.model_validate(json.loads(OLDER) | change)


def test_turns_cost_little_room() -> None:
    turns = tuple(TurnSpan(start=30 * i, end=30 * i + 10, version=120, step=i) for i in range(20))
    mask = (*((1,) * 10 + (0,) * 20) * 20,)
    tokens = Tokens(
        sequences=(
            TokenSequence(
                prompt_ids=(1,),
                completion_ids=(1000,) * 600,
                mask=mask,
                logprobs=tuple(-1.2345678901234567 * sampled for sampled in mask),
                turns=turns,
            ),
        )
    )
    plain = len(
        Tokens(sequences=(tokens.sequences[0].model_copy(update={"turns": turns_of_mask(mask)}),)).json_line()
    )
    assert len(tokens.json_line()) < 1.2 * plain
