"""A Dockerfile's lines as instructions: continued lines, comments, the escape directive, here-documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codegym.importer.folder.docker_words import split_words

_DIRECTIVE = re.compile(r"#\s*([A-Za-z]\w*)\s*=\s*(\S+)\s*")
_DOCUMENT = re.compile(r"\d*<<(-?)([\"']?)([^\s<\"']+)\2")
_WITH_DOCUMENTS = ("RUN", "COPY", "ADD")


@dataclass(frozen=True)
class Document:
    """A here-document: its ``name``, its text, and whether variables are filled in."""

    name: str
    text: str
    expands: bool


@dataclass(frozen=True)
class Instruction:
    """One instruction: ``word`` in capitals, ``rest`` as Docker joins it, ``shown`` for people to read."""

    word: str
    rest: str
    shown: str
    documents: tuple[Document, ...] = ()


def escape_character(text: str) -> str:
    """Return the character that continues lines and escapes: a backslash unless a directive at the top says other.

    Raises :class:`ValueError` for one that Docker does not have.
    """
    for line in _lines(text):
        directive = _DIRECTIVE.fullmatch(line.strip())
        if directive is None:
            break
        if directive[1].lower() == "escape":
            if directive[2] not in ("\\", "`"):
                raise ValueError(f"{line.strip()!r}: only \\ and ` can be escapes")
            return directive[2]
    return "\\"


def instructions(text: str) -> Iterator[Instruction]:
    """Yield a Dockerfile's instructions in order. Raises :class:`ValueError` for an endless here-document."""
    escape = escape_character(text)
    lines = iter(_lines(text))
    for line in lines:
        if not _is_nothing(line):
            parts = list(_continued(line.lstrip(), lines, escape))
            word, rest = _first("".join(parts))
            documents = tuple(_documents(rest, lines, escape)) if word in _WITH_DOCUMENTS else ()
            yield Instruction(word, rest, f"{word} {_first(' '.join(parts))[1]}", documents)


def document_mark(word: str) -> re.Match[str] | None:
    """Return what a word such as ``<<-"END"`` says if it begins a here-document."""
    return _DOCUMENT.fullmatch(word)


def _first(text: str) -> tuple[str, str]:
    word, *rest = text.split(maxsplit=1)
    return word.upper(), "".join(rest).strip()


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]


def _is_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _continued(line: str, lines: Iterator[str], escape: str) -> Iterator[str]:
    """Yield a line and those that continue it, without what says so; comments and empty lines between are gone."""
    safe = re.escape(escape)
    more = re.compile(rf"(?:(?<=[^{safe}])|^){safe}[ \t]*$")
    while (cut := more.search(line)) is not None:
        yield line[: cut.start()]
        following = next((other for other in lines if not _is_nothing(other)), None)
        if following is None:
            return
        line = following
    yield line


def _documents(rest: str, lines: Iterator[str], escape: str) -> Iterator[Document]:
    for word in split_words(rest, escape):
        mark = document_mark(word)
        if mark is not None:
            yield _document(mark, lines)


def _document(mark: re.Match[str], lines: Iterator[str]) -> Document:
    text: list[str] = []
    for line in lines:
        plain = line.lstrip("\t") if mark[1] else line
        if plain == mark[3]:
            return Document(mark[3], "".join(text), expands=not mark[2])
        text.append(plain + "\n")
    raise ValueError(f"the here-document {mark[3]} has no end")
