"""Tools for policies with small contexts: find suspicious functions, and show one.

``locate`` runs the visible tests under a tracer and ranks the functions that failing tests run; ``focus`` shows
one of them. :mod:`codegym.tool.compact.edit` changes the function that was shown last.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from importlib.resources import files
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from codegym.digest import digest_json
from codegym.harness.cache import run_in_fresh_box, workspace_digest
from codegym.harness.inbox_text import ENV, program, without_future
from codegym.sandbox.image.image import image_digest
from codegym.sandbox.protocol import Sandbox
from codegym.tool.call import ToolError, ToolResult
from codegym.tool.compact.excerpt import excerpt
from codegym.tool.compact.listing import set_focus, start_list
from codegym.tool.compact.spectrum import MOST
from codegym.tool.compact.suspect import Suspect, checked
from codegym.tool.line_end import without_line_ends
from codegym.tool.spec import compact_tool
from codegym.tool.workbench import Workbench

_LISTED = 6
_ROWS = TypeAdapter(Annotated[list[Annotated[Suspect, AfterValidator(checked)]], Field(max_length=MOST)])


@compact_tool
def locate(bench: Workbench) -> ToolResult:
    """List the functions that the failing visible tests run, most suspicious first, and show the first."""
    suspects, cached = _suspects_of(bench)
    if not suspects:
        raise ToolError("No failing test runs a function of this repository.", "no suspects")
    start_list(bench, suspects)
    listing = "\n".join(
        f"{i} {s.path}:{s.first} {s.name} (suspicion {s.score:.2f})" for i, s in enumerate(suspects, 1)
    )
    first = _focus(bench, 1)
    return ToolResult(f"{listing}\n\n{first}", f"{short_list(suspects)}\n{first}", cached=cached)


def short_list(suspects: Sequence[Suspect]) -> str:
    """Return the names of the first suspects, with their ranks."""
    return " ".join(f"{rank} {each.name.rsplit('.', 1)[-1]}" for rank, each in enumerate(suspects[:_LISTED], 1))


@compact_tool
def focus(bench: Workbench, rank: Annotated[int, Field(ge=1, description="place in locate's list")]) -> ToolResult:
    """Show a function of locate's list; fix, rewrite and add then work on it."""
    return ToolResult(_focus(bench, rank))


def _focus(bench: Workbench, rank: int) -> str:
    suspect = set_focus(bench, rank)
    return excerpt(suspect, without_line_ends(bench.read(suspect.path)))


def _suspects_of(bench: Workbench) -> tuple[list[Suspect], bool]:
    """Return the suspects of the present tree, and whether they came from the cache."""
    key = _key(bench)
    if bench.cache is None:
        return _trace(bench, bench.box), False
    with bench.cache.turn(key):
        cached = _cached((bench.cache.get(key) or {}).get("suspects"))
        if cached is not None:
            return cached, True
        suspects, is_reproducible = run_in_fresh_box(bench.box, partial(_trace, bench))
        if is_reproducible:
            bench.cache.put(key, {"suspects": [asdict(each) for each in suspects]}, lasting=bool(suspects))
        return suspects, False


def _cached(rows: object) -> list[Suspect] | None:
    """Return the suspects in an entry of the cache; ``None`` if there are none, or one makes no sense."""
    try:
        return _ROWS.validate_python(rows)
    except ValidationError:
        return None


def _key(bench: Workbench) -> str:
    tree = workspace_digest(bench.suite.tree(bench.task).digest, bench.changes())
    tests = bench.task.tests.model_dump(mode="json")
    return digest_json(["locate", tree, tests, image_digest(bench.task.image), _script(), ENV])


def _trace(bench: Workbench, box: Sandbox) -> list[Suspect]:
    if bench.task.tests.framework != "pytest":
        raise ToolError("locate works for pytest tasks only.", "not here")
    plan = bench.task.tests
    question = json.dumps({"tests": plan.visible, "options": shlex.split(plan.command)}).encode()
    traced = box.exec(["python", "-c", _script()], stdin=question, timeout=bench.seconds, env=ENV)
    last = traced.stdout.strip().rpartition("\n")[2]
    try:
        return _ROWS.validate_json(last)
    except ValidationError:  # the tracer shares its process with the code that it traces
        if traced.timed_out:
            return []
        why = (traced.stdout + traced.stderr)[-400:]
        raise ToolError(f"The tests could not be traced: {why}", "tests do not run") from None


def _script() -> str:
    parts = (files("codegym.tool.compact").joinpath(name).read_text() for name in ("spectrum.py", "tracer.py"))
    return "\n".join([program("addopts"), *map(without_future, parts)])
