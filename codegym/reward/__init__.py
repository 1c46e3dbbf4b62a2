"""From what happened to numbers: named components, weighted to a scalar. Pure, so old episodes can be re-read.

- ``components``: numbers, by name. ``spec``: how they become one. ``shaping``: hints that keep the best policy the
  best.
- ``subtasks``: the verdict of each part of a chain.
"""

from codegym.reward.components import COMPONENTS, components
from codegym.reward.shaping import shaping
from codegym.reward.spec import RewardSpec
from codegym.reward.subtasks import subtask_verdicts

__all__ = ["COMPONENTS", "RewardSpec", "components", "shaping", "subtask_verdicts"]
