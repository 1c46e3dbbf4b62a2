"""The checkpoint that training goes on from: the last one that was written to its end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR


def last_checkpoint(trainer: Path) -> Path | None:
    """Return the complete checkpoint of the most steps in the folder of a trainer; ``None`` if there is none.

    Incomplete ones, of a trainer that was killed while it wrote them, are removed: transformers would take them.
    """
    checkpoints = list(trainer.glob(f"{PREFIX_CHECKPOINT_DIR}-[0-9]*"))
    complete = [each for each in checkpoints if _is_complete(each)]
    for half in set(checkpoints) - set(complete):
        shutil.rmtree(half)
    return max(complete, key=steps_of, default=None)


def steps_of(checkpoint: Path) -> int:
    """Return the number of training steps before a checkpoint, which is in its name."""
    return int(checkpoint.name.removeprefix(f"{PREFIX_CHECKPOINT_DIR}-"))


def _is_complete(checkpoint: Path) -> bool:
    """Return whether the trainer's state is there: transformers writes it last."""
    try:
        json.loads((checkpoint / TRAINER_STATE_NAME).read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return True
