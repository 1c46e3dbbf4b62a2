"""What teaches nothing is not computed, and the loss of the rest is what it was."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.train
pytest.importorskip("trl", reason="needs the train extra")

import torch  # noqa: E402

from codegym.train.algorithm.teaching import trimmed  # noqa: E402


def test_rows_and_columns_of_padding_are_left_out() -> None:
    inputs = {
        "prompt_ids": torch.tensor([[1, 2, 3], [0, 0, 4], [0, 5, 6]]),
        "prompt_mask": torch.tensor([[1, 1, 1], [0, 0, 1], [0, 1, 1]]),
        "completion_ids": torch.tensor([[7, 8, 9, 7], [8, 9, 0, 0], [9, 0, 0, 0]]),
        "completion_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]]),
        "tool_mask": torch.ones(3, 4),
        "advantages": torch.tensor([0.0, 1.0, -1.0]),
        "num_items_in_batch": torch.tensor(3),
    }
    kept = trimmed(inputs, inputs["advantages"] != 0)
    assert kept["prompt_ids"].tolist() == [[0, 4], [5, 6]]
    assert kept["completion_ids"].tolist() == [[8, 9], [9, 0]]
    assert kept["tool_mask"].shape == (2, 2)
    assert kept["advantages"].tolist() == [1.0, -1.0]
    assert kept["num_items_in_batch"] == 3
    whole = trimmed(inputs, torch.tensor([True, True, True]))
    assert whole["completion_ids"].equal(inputs["completion_ids"])
