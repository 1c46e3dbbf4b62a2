"""The types of tool arguments, with the descriptions that appear in schemas and help texts."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

FilePath = Annotated[str, Field(description="a file, relative to the repository's root")]
AnyPath = Annotated[str, Field(description="a file or folder, relative to the repository's root")]
Line = Annotated[int, Field(description="a line's number; the first is 1", ge=1)]
LastLine = Annotated[int, Field(description="the last line to show; 0 means as many as fit", ge=0)]
InsertAt = Annotated[int, Field(description="the line after which to insert; 0 inserts at the top", ge=0)]
Pattern = Annotated[
    str, Field(description="a regular expression, as for grep -P"), StringConstraints(min_length=1)
]
Command = Annotated[
    str, Field(description="a command for /bin/sh, run in the repository's root"), StringConstraints(min_length=1)
]
OldText = Annotated[
    str, Field(description="the exact text to replace, whitespace included"), StringConstraints(min_length=1)
]
NewText = Annotated[str, Field(description="the text to put there")]
FileText = Annotated[str, Field(description="the file's whole content")]


def _lines(value: object) -> object:
    return [line.strip() for line in value.splitlines() if line.strip()] if isinstance(value, str) else value


TestIds = Annotated[
    tuple[str, ...], BeforeValidator(_lines), Field(description="ids of tests; none runs all visible tests")
]
