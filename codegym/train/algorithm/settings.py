"""Which keys each algorithm's ``[[phase]]`` has. Loaded without torch, so that a wrong file is refused at once."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from codegym.train.section import Section


class PhaseSettings(Section):
    """What every ``[[phase]]`` has. ``name`` names its folder, its bar and its part of the summary.

    ``makes_policy``: the phase can begin without a policy, and makes one as ``[policy.tiny]`` says.
    """

    makes_policy: ClassVar[bool] = False

    algorithm: str
    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")


class EvaluationSettings(PhaseSettings):
    """``algorithm = "evaluate"``: measures the policy as ``[eval]`` says."""


class PlayedData(Section):
    """``[phase.data]``: conversations to imitate. ``policy`` plays each of ``tasks`` tasks ``samples`` times."""

    policy: Literal["expert"] = "expert"
    tasks: int = Field(40, ge=1)
    samples: int = Field(3, ge=1)


class SftSettings(PhaseSettings):
    """``algorithm = "sft"``: supervised training on ``data`` for ``budget_seconds``.

    For the first ``reading_share`` of that time the policy learns to predict everything it reads; after that, only
    what it should answer. ``trl`` goes to TRL's ``SFTConfig``.
    """

    makes_policy: ClassVar[bool] = True

    data: PlayedData = PlayedData()
    budget_seconds: float = Field(60.0, gt=0)
    reading_share: float = Field(0.2, ge=0, lt=1)
    trl: dict[str, Any] = Field(default_factory=dict)


class Curriculum(Section):
    """``[phase.curriculum]``: play only the tasks that were solved in the episodes of phase ``solved_in``."""

    solved_in: str


class GrpoSettings(PhaseSettings):
    """``algorithm = "grpo"``: GRPO on the tasks of ``[env] split``, or on those that ``curriculum`` chooses.

    ``budget_seconds`` ends training after the step in progress (0: no bound). ``trl`` goes to TRL's
    ``GRPOConfig``.
    """

    budget_seconds: float = Field(0.0, ge=0)
    curriculum: Curriculum | None = None
    trl: dict[str, Any] = Field(default_factory=dict)
