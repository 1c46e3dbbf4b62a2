"""HumanEvalPack's C++: ``solution.cpp`` is compiled apart from its tests, and a program ``judge`` runs them.

Since it is compiled apart, no macro and no helper in the solution can change the tests. See ``kit/judge.c`` for
how a test passes.
"""

from __future__ import annotations

import re

from codegym.errors import TaskError
from codegym.importer.function.pack_layout import Layout
from codegym.importer.kit_text import kit
from codegym.importer.rows import Row

_COMMAND = "make -s build >&2 && exec build/judge build/$([ -e tests/hidden.cpp ] && echo hidden || echo example)"
_TEST = """\
{includes}
{provided}{prototype};

{checks}
"""


def cpp_layout(row: Row, solution: str) -> Layout:
    """Return the layout of a row with ``solution`` as the function's body."""
    example = str(row.get("example_test") or "")
    files = {
        "solution.cpp": f"{_head(row)}{row['prompt']}{solution}",
        "Makefile": kit("cpp.mk"),
        "tests/judge.c": kit("judge.c"),
        "tests/finish.h": kit("finish.h"),
    } | _libraries(row)
    if example.strip():
        files["tests/example.cpp"] = _test(row, example)
    return Layout(
        framework="tap",
        path="solution.cpp",
        files=files,
        hidden={"tests/hidden.cpp": _test(row, row["test"])},
        test="hidden",
        example="example" if example.strip() else "",
        command=_COMMAND,
        protected=("tests/**", "include/**", "build/**", "Makefile", "makefile", "GNUmakefile"),
    )


def _head(row: Row) -> str:
    """Return the includes that the declaration has and the prompt lacks. The solution may need both."""
    missing = [line for line in _includes(row["declaration"]) if line not in _includes(row["prompt"])]
    return "".join(f"{line}\n" for line in missing)


def _includes(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#include")]


def _libraries(row: Row) -> dict[str, str]:
    """Return replacements for the headers of libraries that the image does not have."""
    used = row["prompt"] + row["declaration"]
    replacements = {"boost/any.hpp": "any.hpp", "openssl/md5.h": "md5.h"}
    return {f"include/{path}": kit(name) for path, name in replacements.items() if path in used}


def _extent(row: Row) -> tuple[int, int]:
    """Return where the function's head starts and ends in the declaration. The entry point may be misspelt."""
    name = re.search(r"(\w+)\s*\(", row["signature"])
    heads = [m for m in re.finditer(r"^\w.*$", row["declaration"], re.MULTILINE) if name and f"{name[1]}(" in m[0]]
    if not heads:
        raise TaskError(f"the declaration has no {row['signature']!r}")
    return heads[-1].start(), row["declaration"].index("{", heads[-1].start())


def _test(row: Row, checks: str) -> str:
    """Return a test program: what the pack provides, the function's prototype, and the checks."""
    declaration, start, stop = row["declaration"], *_extent(row)
    lines = declaration[:start].splitlines()
    first = [line for line in lines if line.startswith(("#", "using "))]
    provided = "\n".join(line for line in lines if line not in first).strip()
    body = checks.strip()
    return _TEST.format(
        includes="\n".join([*first, '#include "finish.h"']),
        provided=f"namespace {{\n{provided}\n}}\n\n" if provided else "",
        prototype=declaration[start:stop].strip(),
        checks=f"{body[: body.rindex('}')]}    codegym_finish();\n}}",
    )
