"""What a Dockerfile says that can be done without building it: its base, its working folder, what it copies there.

Nothing is run. Where a task's image can be had, Docker builds it; this is for tasks whose files are enough, to be
played in an image of our own.
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
    """A ``COPY`` or an ``ADD``. ``target`` is absolute, and ends with a slash where it has to be a folder.

    ``stage`` is what is copied from, if not the build's context. ``documents`` are here-documents, by name.
    """

    sources: tuple[str, ...]
    target: str
    shown: str
    stage: Dockerfile | None = None
    documents: tuple[Document, ...] = ()
    exclude: tuple[str, ...] = ()
    mode: str = ""
    parents: bool = False
    unpacks: bool = False


@dataclass
class Dockerfile:
    """The last stage of a Dockerfile. ``left_out`` holds the instructions that take a build.

    ``steps`` are what it copies and the working folders that it makes, in their order. ``values`` are its
    variables: those of ``ENV``, and of ``ARG`` below them.
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
        """The variables that an instruction can name here."""
        return self.arguments | self.environment


def read_dockerfile(text: str) -> Dockerfile:
    """Read a Dockerfile. Raises :class:`ValueError` for what is none."""
    return _Reader(text).read()


class _Reader:
    """Reads the instructions of one Dockerfile, from the first to the last."""

    def __init__(self, text: str) -> None:
        self._escape = escape_character(text)
        self._instructions = list(instructions(text))
        self._stages: dict[str, Dockerfile] = {}
        self._global = {f"{side}{name}": value for side in _SIDES for name, value in _PLATFORM.items()}
        self._made = Dockerfile()
        self._count = 0
        named = any(found.word == "WORKDIR" for found in self._instructions)
        self._start = "/" if named else _DEFAULT

    def read(self) -> Dockerfile:
        """Return the last stage."""
        for found in self._instructions:
            self._take(found)
        return self._made

    def _take(self, found: Instruction) -> None:
        if found.word == "FROM":
            self._begin(found)
        elif found.word == "ARG":
            self._take_arguments(found)
        elif found.word == "ENV":
            self._made.environment |= dict(self._settings(found.rest))
        elif found.word == "WORKDIR":
            self._made.workdir = self._absolute(self._expanded(found.rest))
            self._made.steps.append(self._made.workdir)
        elif found.word in ("COPY", "ADD"):
            self._take_copy(found)
        elif found.word == "RUN":
            self._made.left_out.append(found.shown)

    def _begin(self, found: Instruction) -> None:
        base, *named = [expand(part, self._global, self._escape) for part in _flags(found.rest, self._escape)[1]]
        known = self._stages.get(base.lower())
        made = Dockerfile(base=base) if known is None else copy(known)
        made.steps, made.left_out, made.environment = [*made.steps], [*made.left_out], {**made.environment}
        made.arguments = {}
        self._stages |= {name.lower(): made for name in (str(self._count), *named[1:])}
        self._made, self._count = made, self._count + 1

    def _take_arguments(self, found: Instruction) -> None:
        for word in split_words(found.rest, self._escape):
            name, given, default = word.partition("=")
            value = self._expanded(default) if given else self._global.get(name, "")
            if given or name in self._global:
                (self._made.arguments if self._count else self._global)[name] = value

    def _settings(self, rest: str) -> Iterator[tuple[str, str]]:
        words = split_words(rest, self._escape)
        if words and "=" not in words[0]:
            yield words[0], self._expanded(rest[len(words[0]) :].strip())
            return
        for word in words:
            name, _, value = word.partition("=")
            yield self._expanded(name), self._expanded(value)

    def _take_copy(self, found: Instruction) -> None:
        flags, words = _flags(found.rest, self._escape)
        *sources, target = [self._expanded(word) if document_mark(word) is None else word for word in words]
        if not sources:
            raise ValueError(f"{found.shown}: it says what is copied, or where to, not both")
        origin = self._expanded(flags.get("from", [""])[0])
        stage = self._stages.get(origin.lower())
        remote = any(mark in name for name in sources for mark in _REMOTE)
        if remote or stage is self._made or (origin and stage is None):
            self._made.left_out.append(found.shown)
            return
        folder = target.endswith(("/", "/.")) or target in (".", "./", "..")
        self._made.steps.append(
            Copy(
                sources=tuple(name for name in sources if document_mark(name) is None),
                target=self._absolute(target).rstrip("/") + ("/" if folder else ""),
                shown=found.shown,
                stage=stage,
                documents=tuple(self._documents(found)),
                exclude=tuple(self._expanded(pattern) for pattern in flags.get("exclude", [])),
                mode=self._expanded(flags.get("chmod", [""])[0]),
                parents=flags.get("parents", ["false"])[0] != "false",
                unpacks=found.word == "ADD" and stage is None,
            )
        )

    def _documents(self, found: Instruction) -> Iterator[Document]:
        for document in found.documents:
            text = document.text
            if document.expands:
                text = expand_document(text, self._values(), self._escape)
            yield Document(document.name, text, expands=False)

    def _absolute(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self._made.workdir or self._start, path)).replace("//", "/")

    def _expanded(self, text: str) -> str:
        return expand(text, self._values(), self._escape)

    def _values(self) -> Mapping[str, str]:
        return self._made.values if self._count else self._global


def _flags(rest: str, escape: str) -> tuple[dict[str, list[str]], Iterable[str]]:
    """Return an instruction's flags by name, and its words: those of a JSON list, if it is one."""
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
