"""A call and what comes of it, as a user would paste it from a Python prompt or write it in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from codegym.foundry.record.call import RecordedCall, TracebackFrame
from codegym.harness.text import steady

_LONGEST_MESSAGE = 400
_MOST_FRAMES = 3
"""Frames at the end of a traceback that are shown."""


@dataclass(frozen=True)
class Prompt:
    """Shows calls. ``folder`` is where the package is imported from; ``unshown`` are (path, line) of the bug.

    A traceback that ends at the bug's own line is shown without its frames: it would be the answer.
    """

    folder: str
    unshown: frozenset[tuple[str, int]]

    def session(self, call: RecordedCall) -> list[str]:
        """Return the lines of a session at the prompt that makes ``call``."""
        statements = [*(f"import {module}" for module in call.modules), *call.setup, call.as_typed]
        lines = [line for statement in statements for line in prompted(statement)]
        return [*lines, *self.output(call)]

    def output(self, call: RecordedCall) -> list[str]:
        """Return what Python prints after a call."""
        if call.kind == "raised":
            return ["Traceback (most recent call last):", *self._frames(call), error_line(call)]
        if call.value == "None":
            return []
        return [call.value or f"<a {call.type} object>"]

    def _frames(self, call: RecordedCall) -> list[str]:
        frames = call.frames[-_MOST_FRAMES:]
        if not frames or any((frame.path, frame.line) in self.unshown for frame in frames):
            return ["  ..."]
        more = ["  ..."] if len(call.frames) > len(frames) else []
        return [*more, *map(self._frame, frames)]

    def _frame(self, frame: TracebackFrame) -> str:
        path = frame.path.removeprefix(f"{self.folder}/")
        return f'  File "{path}", line {frame.line}, in {frame.function}'


def prompted(statement: str) -> list[str]:
    """Return the lines of a statement, each after a prompt."""
    first, *rest = statement.splitlines()
    return [f">>> {first}", *(f"... {line}" for line in rest)]


def error_line(call: RecordedCall) -> str:
    """Return the last line of a traceback."""
    message = steady(call.message)
    if len(message) > _LONGEST_MESSAGE:
        message = message[:_LONGEST_MESSAGE] + "…"
    return f"{call.type}: {message}" if message else call.type


def outcome_words(call: RecordedCall, verb: str = "s") -> str:
    """Return what comes of a call as the end of a sentence: "returns `3`"; with an empty ``verb`` "return `3`"."""
    if call.kind == "raised":
        line = error_line(call).splitlines()[0]
        return f"raise{verb} {ticked(line)}"
    return f"return{verb} {ticked(call.value)}" if call.value else f"return{verb} a `{call.type}` object"


def ticked(text: str) -> str:
    """Return ``text`` as code in a line of Markdown."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def subject(call: RecordedCall) -> str:
    """Return the public name of what a call uses: a function or a class; empty for a script."""
    parts = call.name.split(".")
    while parts and parts[-1].startswith("__"):
        parts.pop()
    return ".".join(parts)
