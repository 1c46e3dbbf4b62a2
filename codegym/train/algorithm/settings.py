"""Which keys each algorithm's ``[[phase]]`` has. Loaded without torch, so that a wrong file is refused at once."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from codegym.train.section import Section


class PhaseSettings(Section):
    """What every ``[[phase]]`` has. ``name`` names its folder, its bar and its part of the summary.

    ``makes_policy``: the phase can begin without a policy, and makes one as ``[policy.tiny]`` says.
    ``default_rows`` is the ``per_device_train_batch_size`` without one in ``[phase.trl]``; TRL's own is 8.
    """

    makes_policy: ClassVar[bool] = False
    default_rows: ClassVar[int] = 8

    algorithm: str
    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")

    def rows(self) -> int:
        """Return how many episodes one pass of training takes; 0 if the phase trains nothing."""
        trl = getattr(self, "trl", None)
        return 0 if trl is None else int(trl.get("per_device_train_batch_size", self.default_rows))


class EvaluationSettings(PhaseSettings):
    """``algorithm = "evaluate"``: measures the policy as ``[eval]`` says."""


class PretrainSettings(PhaseSettings):
    """``algorithm = "pretrain"``: a base model reads written episodes for ``budget_seconds``.

    They are of ``split`` of the generated ``suite`` and, ``library_share`` of them, of functions of Python's
    library and of installed packages, without the packages ``excluded``, by their names in an index or in an
    import, and never those that suites measure with. ``made_up_share`` of the programs are of families that are
    put together at random, ``renamed_share`` have names of random syllables; ``right_share`` of what is read are
    right programs instead of episodes. The first ``start`` rows of the stream are left out. A tokenizer is trained
    on ``tokenizer_episodes`` of them, or of ``tokenizer_split``. ``optimizer`` is AdamW, or Muon for matrices and
    AdamW for the rest. ``trl`` goes to transformers' ``TrainingArguments``.
    """

    makes_policy: ClassVar[bool] = True
    default_rows: ClassVar[int] = 8

    suite: str = "drill"
    split: str = Field("train", min_length=1)
    library_share: float = Field(0.0, ge=0, le=1)
    made_up_share: float | None = Field(None, ge=0, le=1)
    renamed_share: float = Field(0.5, ge=0, le=1)
    right_share: float = Field(0.3, ge=0, le=1)
    excluded: list[str] = Field(default_factory=list)
    start: int = Field(0, ge=0)
    tokenizer_episodes: int = Field(3000, ge=1)
    tokenizer_split: str = ""
    optimizer: Literal["muon", "adamw"] = "muon"
    budget_seconds: float = Field(3600.0, gt=0)
    trl: dict[str, Any] = Field(default_factory=dict)


class PlayedData(Section):
    """``[phase.data]``: conversations to imitate. ``policy`` plays each of ``tasks`` tasks ``samples`` times.

    With ``episodes``, a folder or a file, the calls of its solved episodes are played again, whoever made them and
    in whichever dialect.
    """

    policy: Literal["repair", "gold"] = "repair"
    episodes: str = ""
    tasks: int = Field(40, ge=1)
    samples: int = Field(3, ge=1)


class SftSettings(PhaseSettings):
    """``algorithm = "sft"``: supervised training on ``data`` for ``budget_seconds``.

    For the first ``reading_share`` of that time the policy learns to predict everything it reads; after that, only
    what it should answer. ``optimizer`` is AdamW, or Muon for matrices. ``trl`` goes to TRL's ``SFTConfig``.
    """

    makes_policy: ClassVar[bool] = True
    default_rows: ClassVar[int] = 48

    data: PlayedData = PlayedData()
    budget_seconds: float = Field(60.0, gt=0)
    reading_share: float = Field(0.2, ge=0, lt=1)
    optimizer: Literal["muon", "adamw"] = "adamw"
    trl: dict[str, Any] = Field(default_factory=dict)


class Curriculum(Section):
    """``[phase.curriculum]``: play only the tasks that were solved in the episodes of phase ``solved_in``."""

    solved_in: str


class GrpoSettings(PhaseSettings):
    """``algorithm = "grpo"``: GRPO on the tasks of ``[env] split``, or on those that ``curriculum`` chooses.

    ``budget_seconds`` ends training after the step in progress (0: no bound). ``optimizer`` is as in ``pretrain``.
    ``trl`` goes to TRL's ``GRPOConfig``.
    """

    budget_seconds: float = Field(0.0, ge=0)
    curriculum: Curriculum | None = None
    optimizer: Literal["muon", "adamw"] = "adamw"
    trl: dict[str, Any] = Field(default_factory=dict)
