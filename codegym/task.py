"""A task: a repository in a broken or unfinished state, an instruction, and the tests of the answer.

Tasks are frozen data without behaviour and without absolute paths, so that a task's digest is the same on every
machine. :mod:`codegym.suite` and :mod:`codegym.tree` know where a task's files are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticSerializationError

from codegym.digest import digest_json


class Frozen(BaseModel):
    """A pydantic model that can't be changed and refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def json_line(self) -> str:
        """Return the model as one line of JSON; a lone surrogate (a byte that is not UTF-8) is escaped."""
        try:
            return self.model_dump_json()
        except PydanticSerializationError:
            text = json.dumps(self.model_dump(mode="json"), separators=(",", ":"), ensure_ascii=False)
            return text.encode(errors="backslashreplace").decode()

    @classmethod
    def from_json_line(cls, line: str | bytes) -> Self:
        """Return the model that :meth:`json_line` wrote. Raises :class:`pydantic.ValidationError`."""
        try:
            return cls.model_validate_json(line)
        except ValidationError as error:
            if b"\\ud" not in (line.encode(errors="replace") if isinstance(line, str) else line).lower():
                raise
            try:
                value = json.loads(line)
            except ValueError:
                raise error from None
            return cls.model_validate(value)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some values replaced; it computes cached properties (a digest) again."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class FolderSource(Frozen):
    """A folder inside the suite: ``path`` is relative to the suite's root, ``digest`` is its tree digest."""

    kind: Literal["folder"] = "folder"
    path: str
    digest: str


class SdistSource(Frozen):
    """A source distribution on a package index, pinned by version and SHA-256 of the archive."""

    kind: Literal["sdist"] = "sdist"
    name: str
    version: str
    sha256: str


class GitSource(Frozen):
    """A commit of a git repository, or ``HEAD`` of one that never changes. Its history is not fetched."""

    kind: Literal["git"] = "git"
    url: str
    commit: str


class PatchSource(Frozen):
    """The files that a unified diff of the task's tree creates or changes; its deletions are ignored."""

    kind: Literal["patch"] = "patch"
    patch: str


Source = Annotated[FolderSource | SdistSource | GitSource, Field(discriminator="kind")]


class Limits(Frozen):
    """The limits of an episode. Seconds are wall-clock; sizes are binary (1 MB = 2**20 bytes)."""

    turns: int = Field(40, ge=1)
    episode_seconds: float = Field(1800.0, gt=0)
    command_seconds: float = Field(60.0, gt=0)
    grade_seconds: float = Field(300.0, gt=0)
    memory_mb: int = Field(1024, ge=16)
    processes: int = Field(128, ge=1)
    disk_mb: int = Field(512, ge=1)
    output_kb: int = Field(256, ge=1)


class TestPlan(Frozen):
    """The tests of a task.

    ``framework`` decides how tests are run and how their results are read:

    - ``pytest``: ids are node ids (``tests/test_a.py::test_b[1]``), paths relative to the repository's root;
    - ``tap``: ``command`` builds and runs a test program that prints TAP lines; ids are TAP descriptions;
    - ``node``: ids are ``file.test.js::full test name``, run by ``node --test``.

    ``visible`` are the ids that the agent's test tool runs (empty: all tests in the agent's tree). ``hidden`` is a
    folder that is copied over the tree last before grading, or a patch whose files are copied likewise.
    ``protected`` are globs of paths whose changes are left out of patches, in addition to the framework's own.
    """

    __test__ = False  # not a test class, whatever pytest thinks of its name

    framework: Literal["pytest", "tap", "node"]
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...] = ()
    visible: tuple[str, ...] = ()
    command: str = ""
    hidden: Annotated[FolderSource | PatchSource, Field(discriminator="kind")] | None = None
    protected: tuple[str, ...] = ()

    @cached_property
    def deciding(self) -> tuple[str, ...]:
        """The ids that decide a grade, each once: fail-to-pass first, then pass-to-pass."""
        return tuple(dict.fromkeys((*self.fail_to_pass, *self.pass_to_pass)))


class Task(Frozen):
    """One coding task.

    ``setup_patch`` turns the source into the tree that the agent starts with (it adds the bug); ``gold_patch``
    turns that tree into a solution. Both are unified diffs in the form of :mod:`codegym.patch`; either may be
    empty.
    """

    model_config = ConfigDict(ser_json_inf_nan="constants")  # rows in the metadata stay as they came

    id: str
    instruction: str
    source: Source
    tests: TestPlan
    image: str
    setup_patch: str = ""
    gold_patch: str = ""
    limits: Limits = Limits()
    metadata: dict[str, Any] = Field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that decides the outcome: every field except ``metadata``."""
        return digest_json(self.model_dump(mode="json", exclude={"metadata"}))
