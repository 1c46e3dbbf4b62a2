"""Reads the parts of a Dockerfile that need no build: its base, its working folder, and what it copies there.

Nothing is run. A task whose image is at hand is played in it. This is for tasks that need only their files, and
are played in one of codegym's images.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field

from codegym.importer.folder.docker_lines import (
    Document,
    Instruction,
    document_mark,
    escape_character,
    instructions,
)
from codegym.importer.folder.docker_words import expand, expand_document, split_words

_DEFAULT = "/app"
_REMOTE = ("://", "git@")
_PLATFORM = {"PLATFORM": "linux/amd64", "OS": "linux", "ARCH": "amd64", "VARIANT": ""}
_SIDES = ("TARGET", "BUILD")


@dataclass(frozen=True)
class Copy:
    """A ``COPY`` or an ``ADD``. ``target`` is absolute, and ends with a slash if it has to be a folder.

    ``stage`` is the stage to copy from (``None``: the build's context). ``text`` is the instruction for people.
    """

    sources: tuple[str, ...]
    target: str
    text: str
    stage: Dockerfile | None = None
    documents: tuple[Document, ...] = ()
    exclude: tuple[str, ...] = ()
    mode: str = ""
    parents: bool = False
    unpacks: bool = False


@dataclass
class Dockerfile:
    """The last stage of a Dockerfile. ``left_out`` are the instructions that need a build.

    ``steps`` are its copies and the working folders that it makes, in order. ``environment`` are the variables of
    ``ENV``, ``arguments`` those of ``ARG``.
    """

    base: str = ""
    workdir: str = ""
    steps: list[Copy | str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """The folder in which the agent works."""
        return self.workdir or _DEFAULT

    @property
    def values(self) -> dict[str, str]:
        """The variables that an instruction can use. Those of ``ENV`` come first."""
        return self.arguments | self.environment


def read_dockerfile(text: str) -> Dockerfile:
    """Read a Dockerfile. Raises :class:`ValueError` if it is malformed."""
    return _StageReader(text).read()


class _StageReader:
    """Reads the instructions of one Dockerfile, from the first to the last."""

    def __init__(self, text: str) -> None:
        self._escape = escape_character(text)
        self._instructions = list(instructions(text))
        self._stages: dict[str, Dockerfile] = {}
        self._global = {f"{side}{name}": value for side in _SIDES for name, value in _PLATFORM.items()}
        self._stage = Dockerfile()
        self._count = 0
        has_workdir = any(instruction.word == "WORKDIR" for instruction in self._instructions)
        self._start = "/" if has_workdir else _DEFAULT

    def read(self) -> Dockerfile:
        """Return the last stage."""
        for instruction in self._instructions:
            self._take(instruction)
        return self._stage

    def _take(self, instruction: Instruction) -> None:
        if instruction.word == "FROM":
            self._begin(instruction)
        elif instruction.word == "ARG":
            self._take_arguments(instruction)
        elif instruction.word == "ENV":
            self._stage.environment |= dict(self._settings(instruction.rest))
        elif instruction.word == "WORKDIR":
            self._stage.workdir = self._absolute(self._expanded(instruction.rest))
            self._stage.steps.append(self._stage.workdir)
        elif instruction.word in ("COPY", "ADD"):
            self._take_copy(instruction)
        elif instruction.word == "RUN":
            self._stage.left_out.append(instruction.text)

    def _begin(self, instruction: Instruction) -> None:
        base, *alias = [
            expand(part, self._global, self._escape) for part in _flags(instruction.rest, self._escape)[1]
        ]
        parent = self._stages.get(base.lower())
        stage = Dockerfile(base=base) if parent is None else copy(parent)
        stage.steps, stage.left_out, stage.environment = [*stage.steps], [*stage.left_out], {**stage.environment}
        stage.arguments = {}
        self._stages |= {name.lower(): stage for name in (str(self._count), *alias[1:])}
        self._stage, self._count = stage, self._count + 1

    def _take_arguments(self, instruction: Instruction) -> None:
        for word in split_words(instruction.rest, self._escape):
            name, has_default, default = word.partition("=")
            value = self._expanded(default) if has_default else self._global.get(name, "")
            if has_default or name in self._global:
                (self._stage.arguments if self._count else self._global)[name] = value

    def _settings(self, rest: str) -> Iterator[tuple[str, str]]:
        words = split_words(rest, self._escape)
        if words and "=" not in words[0]:
            yield words[0], self._expanded(rest[len(words[0]) :].strip())
            return
        for word in words:
            name, _, value = word.partition("=")
            yield self._expanded(name), self._expanded(value)

    def _take_copy(self, instruction: Instruction) -> None:
        flags, words = _flags(instruction.rest, self._escape)
        *sources, target = [self._expanded(word) if document_mark(word) is None else word for word in words]
        if not sources:
            raise ValueError(f"{instruction.text}: it has to name both what is copied and where to")
        origin = self._expanded(flags.get("from", [""])[0])
        stage = self._stages.get(origin.lower())
        remote = any(mark in name for name in sources for mark in _REMOTE)
        if remote or stage is self._stage or (origin and stage is None):
            self._stage.left_out.append(instruction.text)
            return
        folder = target.endswith(("/", "/.")) or target in (".", "./", "..")
        self._stage.steps.append(
            Copy(
                sources=tuple(name for name in sources if document_mark(name) is None),
                target=self._absolute(target).rstrip("/") + ("/" if folder else ""),
                text=instruction.text,
                stage=stage,
                documents=tuple(self._documents(instruction)),
                exclude=tuple(self._expanded(pattern) for pattern in flags.get("exclude", [])),
                mode=self._expanded(flags.get("chmod", [""])[0]),
                parents=flags.get("parents", ["false"])[0] != "false",
                unpacks=instruction.word == "ADD" and stage is None,
            )
        )

    def _documents(self, instruction: Instruction) -> Iterator[Document]:
        for document in instruction.documents:
            text = document.text
            if document.expands:
                text = expand_document(text, self._values(), self._escape)
            yield Document(document.name, text, expands=False)

    def _absolute(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self._stage.workdir or self._start, path)).replace("//", "/")

    def _expanded(self, text: str) -> str:
        return expand(text, self._values(), self._escape)

    def _values(self) -> Mapping[str, str]:
        return self._stage.values if self._count else self._global


def _flags(rest: str, escape: str) -> tuple[dict[str, list[str]], Iterable[str]]:
    """Return an instruction's flags by name, and its words, which may be a JSON list."""
    flags: dict[str, list[str]] = {}
    while rest.startswith("--"):
        flag, *more = rest.split(maxsplit=1)
        name, _, value = flag[2:].partition("=")
        rest = "".join(more)
        if not name:
            break
        flags.setdefault(name, []).append(value)
    return flags, _list(rest) or split_words(rest, escape)


def _list(rest: str) -> list[str]:
    try:
        words = json.loads(rest) if rest.startswith("[") else []
    except ValueError:
        return []
    return words if all(isinstance(word, str) for word in words) else []
