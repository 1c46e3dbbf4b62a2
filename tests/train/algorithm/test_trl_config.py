"""What ``[phase.trl]`` can't have is refused with what to do, before anything is loaded."""

from typing import Any

import pytest

from codegym.errors import ConfigError

pytestmark = pytest.mark.train


def read(**settings: Any) -> Any:
    import transformers

    from codegym.train.algorithm.trl_config import trl_config

    return trl_config(transformers.TrainingArguments, {"output_dir": "mine", "use_cpu": True}, settings, "p")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("per_device_train_batch_size", 0, "= 0: a number above 0 is needed"),
        ("gradient_accumulation_steps", -1, "= -1: a number above 0 is needed"),
        ("save_steps", 0, "= 0: a number above 0 is needed"),
        ("per_device_train_batch_size", "8", "= '8': a number is needed"),
        ("per_device_train_batch_size", 2.5, "= 2.5: a whole number is needed"),
        ("per_device_train_batch_size", True, "= True: a number is needed"),
        ("learning_rate", "fast", "= 'fast': a number is needed"),
        ("gradient_checkpointing", 1, "= 1: true or false is needed"),
        ("output_dir", "elsewhere", ": checkpoints are in the run's folder: choose that with --out"),
        ("resume_from_checkpoint", "x", ": leave it out, and continue the run with --resume"),
    ],
)
def test_an_impossible_value_is_refused_by_name(key: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"\[phase.trl\] of phase 'p': {key} ?{message}"):
        read(**{key: value})


def test_what_is_possible_is_taken() -> None:
    config = read(per_device_train_batch_size=3, learning_rate=1, save_steps=0.5, bf16=False, report_to=["none"])
    assert (config.per_device_train_batch_size, config.learning_rate, config.save_steps) == (3, 1, 0.5)
    assert config.output_dir == "mine"
