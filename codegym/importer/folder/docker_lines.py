"""Splits a Dockerfile into instructions: continued lines, comments, the escape directive, here-documents."""

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
    """A here-document: its ``name``, its text, and whether variables in it are replaced by their values."""

    name: str
    text: str
    expands: bool


@dataclass(frozen=True)
class Instruction:
    """One instruction: its ``word`` in capitals, the ``rest`` as Docker joins the lines, and a text for people."""

    word: str
    rest: str
    text: str
    documents: tuple[Document, ...] = ()


def escape_character(text: str) -> str:
    """Return the character that continues lines and escapes: a backslash, or the one that a directive sets.

    Raises :class:`ValueError` for a character that Docker does not allow.
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
    """Yield a Dockerfile's instructions in order. Raises ValueError for a here-document that has no end."""
    escape = escape_character(text)
    lines = iter(_lines(text))
    for line in lines:
        if not _is_blank(line):
            parts = list(_continued(line.lstrip(), lines, escape))
            word, rest = _first("".join(parts))
            documents = tuple(_documents(rest, lines, escape)) if word in _WITH_DOCUMENTS else ()
            yield Instruction(word, rest, f"{word} {_first(' '.join(parts))[1]}", documents)


def document_mark(word: str) -> re.Match[str] | None:
    """Match a word such as ``<<-"END"``, which begins a here-document. Groups: dash, quote, name."""
    return _DOCUMENT.fullmatch(word)


def _first(text: str) -> tuple[str, str]:
    word, *rest = text.split(maxsplit=1)
    return word.upper(), "".join(rest).strip()


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]


def _is_blank(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _continued(line: str, lines: Iterator[str], escape: str) -> Iterator[str]:
    """Yield a line and the lines that continue it, without the escapes at their ends and without comments."""
    safe = re.escape(escape)
    more = re.compile(rf"(?:(?<=[^{safe}])|^){safe}[ \t]*$")
    while (cut := more.search(line)) is not None:
        yield line[: cut.start()]
        following = next((other for other in lines if not _is_blank(other)), None)
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
