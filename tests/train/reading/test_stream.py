"""The rows of a stream are the same, wherever training begins and however many workers make them."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from codegym.errors import ConfigError
from codegym.policy.protocol import Opening
from codegym.suite import load_suite
from codegym.train.data.conversation import texts

pytestmark = pytest.mark.train

SIZE, BATCHES = 2, 100
"""A block has 32 batches."""


@pytest.fixture(scope="module")
def reading() -> Any:
    pytest.importorskip("torch", reason="needs the train extra")
    from codegym.train.reading.stream import Reading

    return Reading(load_suite("drill"), "train-d1", seed=7, renamed_share=0.5, right_share=0.3)


def encoding_of(reading: Any, limit: int) -> Any:
    from codegym.policy.chat import ChatFormat
    from codegym.train.model.tiny import make_tokenizer
    from codegym.train.reading.stream import Encoding

    tokenizer = make_tokenizer(texts(islice(reading.conversations(), 30)), 400)
    opening = Opening(
        reading.suite.draw("train-d1", lambda _: 0), system="", observation="", seed=0, dialect="line"
    )
    return Encoding(ChatFormat(tokenizer), limit, opening)


@pytest.fixture(scope="module")
def encoding(reading: Any) -> Any:
    """An encoding that a part of the episodes is too long for."""
    return encoding_of(reading, 400)


@pytest.fixture(scope="module")
def unbroken(reading: Any, encoding: Any) -> list[Any]:
    rows = list(islice(reading.rows(encoding, SIZE), SIZE * BATCHES))
    return [rows[at : at + SIZE] for at in range(0, len(rows), SIZE)]


def test_a_part_of_the_episodes_is_left_out_and_no_row_comes_twice(
    reading: Any, encoding: Any, unbroken: list[Any]
) -> None:
    fits = [encoding(one) is not None for one in islice(reading.conversations(), 200)]
    assert 20 < sum(fits) < 180
    rows = [tuple(row["input_ids"]) for batch in unbroken for row in batch]
    assert len(set(rows)) > 0.95 * len(rows)


@pytest.mark.parametrize("first", [1, 31, 32, 77])
def test_training_that_goes_on_reads_what_it_would_have_read(
    reading: Any, encoding: Any, unbroken: list[Any], first: int
) -> None:
    rows = list(islice(reading.rows(encoding, SIZE, first), SIZE * (BATCHES - first)))
    assert rows == [row for batch in unbroken[first:] for row in batch]


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_share_the_batches(reading: Any, encoding: Any, unbroken: list[Any], workers: int) -> None:
    def batches(first: int, last: int) -> list[Any]:
        """Return the batches that a loader takes from the workers in turn."""
        streams = [
            reading.rows(encoding, SIZE, first, worker=worker, workers=workers) for worker in range(workers)
        ]
        return [list(islice(streams[number % workers], SIZE)) for number in range(last - first)]

    together = batches(0, 32 * workers)
    alone = list(islice(reading.rows(encoding, SIZE), SIZE * 32 * workers))
    key = str
    assert sorted((row for batch in together for row in batch), key=key) == sorted(alone, key=key)
    assert batches(5, 32 * workers) == together[5:]


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # tests may run on one core
def test_a_loader_with_workers_takes_each_row_once(reading: Any, encoding: Any, unbroken: list[Any]) -> None:
    from torch.utils.data import DataLoader

    from codegym.train.algorithm.pretrain import StreamRows

    rows = StreamRows(lambda worker, workers: reading.rows(encoding, SIZE, worker=worker, workers=workers))
    loader = DataLoader(rows, batch_size=SIZE, num_workers=2, collate_fn=list)
    loaded = list(islice(loader, 64))
    expected = [row for batch in unbroken[:64] for row in batch]
    assert sorted((row for batch in loaded for row in batch), key=str) == sorted(expected, key=str)


def test_no_row_is_shorter_than_a_tiny_policy_needs(reading: Any) -> None:
    from codegym.train.reading.stream import Shortest

    encoding, shortest = encoding_of(reading, 10**6), Shortest(10**6)
    for conversation in islice(reading.conversations(), 100):
        row = shortest(conversation)
        assert row is not None
        ids = encoding(conversation)["input_ids"]
        assert len(ids) / 4 < len(row["input_ids"]) < len(ids)
    with pytest.raises(ConfigError, match="at most 40 tokens: raise"):
        reading.check_fits(Shortest(40))


def test_a_context_that_is_too_small_is_named(reading: Any) -> None:
    with pytest.raises(ConfigError, match="at most 40 tokens: raise"):
        reading.check_fits(encoding_of(reading, 40))
