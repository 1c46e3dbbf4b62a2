"""The text that asks for functions whose body is missing: what they should do, and examples from execution."""

from __future__ import annotations

import ast
import random
from collections.abc import Sequence
from dataclasses import dataclass

from codegym.foundry.describe.session import Prompt, prompted, ticked
from codegym.foundry.record.call import RecordedCall
from codegym.syntax import parse_module

_MOST_EXAMPLES = 4
_LONGEST_SUMMARY = 300


@dataclass(frozen=True)
class MissingFunction:
    """A function without its body: its name for users, the beginning of its documentation, and examples.

    ``examples`` are calls with the outcome that they should have. ``is_reached`` is false if the examples call
    other functions, which need this one. ``error`` is what a call raises as long as there is no body.
    """

    name: str
    summary: str
    examples: tuple[RecordedCall, ...]
    is_reached: bool = True
    error: str = "NotImplementedError"


def request(missing: Sequence[MissingFunction], prompt: Prompt, choice: random.Random) -> str:
    """Return the request to write ``missing`` functions."""
    parts = [_request_of(function, prompt, choice) for function in missing]
    if len(parts) > 1:
        parts.insert(0, f"{len(missing)} functions have no body.")
    return "\n\n".join(parts)


def _request_of(function: MissingFunction, prompt: Prompt, choice: random.Random) -> str:
    name = ticked(function.name)
    openings = [f"{name} is not implemented: its body is missing. Please write it."]
    if function.error:
        openings += [
            f"Please implement {name}. So far it only raises `{function.error}`.",
            f"Every call of {name} ends with `{function.error}`, since its body is missing. Write it.",
        ]
    parts = [choice.choice(openings)]
    if function.summary:
        parts.append("\n".join(f"> {line}".rstrip() for line in function.summary.splitlines()))
        parts.append("The rest of its documentation is in the code." if function.summary.endswith("…") else "")
    if function.examples:
        with_examples = "How it should behave:" if function.is_reached else "What needs it, and should behave so:"
        parts += [with_examples, _block(function.examples, prompt)]
    else:
        parts.append("Its callers and its documentation show what it should do.")
    return "\n\n".join(filter(None, parts))


def _block(examples: Sequence[RecordedCall], prompt: Prompt) -> str:
    modules = sorted({module for example in examples for module in example.modules})
    lines = [f">>> import {module}" for module in modules]
    for example in examples:
        lines += [line for statement in (*example.setup, example.as_typed) for line in prompted(statement)]
        none = ["# returns None"] if example.value == "None" else []
        lines += none or prompt.output(example)
    return "\n".join(["```pycon", *lines, "```"])


def chosen_examples(calls: Sequence[RecordedCall]) -> tuple[RecordedCall, ...]:
    """Return a few short examples with different outcomes, an exception among them if there is one."""
    short = sorted(calls, key=lambda call: len("".join((*call.setup, call.source, call.value))) // 80)
    distinct = {call.outcome: call for call in reversed(short)}
    ordered = [call for call in short if distinct[call.outcome] is call]
    raised = [call for call in ordered if call.kind == "raised"][:1]
    returned = [call for call in ordered if call.kind == "returned"]
    most = _MOST_EXAMPLES - len(raised) - any(call.setup for call in returned)
    step = max(1, len(returned) // most)
    return (*returned[: most * step : step], *raised)


def summary_of(text: str, function: str) -> str:
    """Return the first paragraph of a Python function's docstring; empty if there is none."""
    try:
        inside: list[ast.stmt] = parse_module(text).body
    except (SyntaxError, ValueError, RecursionError):
        return ""
    node: ast.stmt | None = None
    for name in function.split("."):
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        node = next((n for n in ast.walk(ast.Module(inside, [])) if isinstance(n, kinds) and n.name == name), None)
        if not isinstance(node, kinds):
            return ""
        inside = node.body
    documentation = (ast.get_docstring(node) or "") if isinstance(node, kinds) else ""
    first = documentation.partition("\n\n")[0].strip()
    short = first if len(first) <= _LONGEST_SUMMARY else first[:_LONGEST_SUMMARY]
    return short if short == documentation.strip() else f"{short.rstrip('…')} …"
