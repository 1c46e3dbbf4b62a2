"""The results of a survey, in a file of the cache: a survey that was stopped, or ran out of time, continues.

A result is used as long as the tree, the image, the test command and the harness are those that it was made with.
"""

from __future__ import annotations

from pydantic import Field, ValidationError

from codegym.catalog import cache_dir
from codegym.digest import digest_json
from codegym.episode import TestStatus
from codegym.foundry.repository.project import Project
from codegym.foundry.repository.reach import Measured
from codegym.harness.cache import harness_digest
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import Tree
from codegym.task import Frozen


class SurveyResult(Frozen):
    """One run of a survey: of tests as they are (``measured``), or under other conditions (``shuffled``).

    ``seconds`` is what a run under other conditions took.
    """

    measured: Measured | None = None
    shuffled: dict[str, TestStatus] = Field(default_factory=dict)
    seconds: float = 0.0


class SurveyJournal:
    """The results of the surveys of ``project`` with ``tree``, one per line of a file."""

    def __init__(self, project: Project, tree: Tree) -> None:
        plan = project.plan.model_dump(mode="json", include={"framework", "command"})
        inputs = [list(project.tests), list(project.sources), plan]
        key = digest_json([tree.digest, image_digest(project.image), harness_digest(), inputs])
        self.path = cache_dir() / "forge" / f"survey-{key[:16]}.jsonl"

    def read(self) -> list[SurveyResult]:
        """Return the results so far. The line that was being written when a survey was killed is left out."""
        results: list[SurveyResult] = []
        for line in self.path.read_bytes().splitlines() if self.path.is_file() else ():
            try:
                results.append(SurveyResult.from_json_line(line))
            except ValidationError:
                continue
        return results

    def add(self, result: SurveyResult) -> None:
        """Write one result."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(result.json_line() + "\n")
