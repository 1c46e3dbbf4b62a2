"""From an episode to a number: named components, weighted to a scalar.

All functions are pure, so the reward of an old episode can be computed again.

- ``components``: numbers, by name. ``spec``: their weights and their sum. ``shaping``: bonuses for steps that do
  not change which policy is best.
- ``subtasks``: the verdict of each part of a chain.
"""

from codegym.reward.components import COMPONENTS, components
from codegym.reward.shaping import shaping
from codegym.reward.spec import RewardSpec
from codegym.reward.subtasks import subtask_verdicts

__all__ = ["COMPONENTS", "RewardSpec", "components", "shaping", "subtask_verdicts"]
