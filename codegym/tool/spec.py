"""Makes a tool from a typed Python function with a docstring: its schema, its help and its argument parser.

::

    @tool
    def view(bench: Workbench, path: FilePath, start: Line = 1) -> ToolResult:
        "Show a file with line numbers."

Parameters may be ``Annotated[…, Field(description=…)]``. Arguments are read leniently (``"12"`` is a line number);
for a wrong argument the agent gets a message that says how to correct it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from codegym.errors import unknown
from codegym.tool.call import ToolError, ToolResult
from codegym.tool.workbench import Workbench

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
"""Characters that neither a command's arguments nor a text file can contain."""


@dataclass(frozen=True)
class Tool:
    """A function that an agent can call. Only dialects for tiny policies offer ``compact`` tools."""

    function: Callable[..., ToolResult]
    compact: bool = False

    @property
    def name(self) -> str:
        """The function's name without the trailing underscore that avoids the name of a builtin."""
        return self.function.__name__.rstrip("_")

    @property
    def description(self) -> str:
        """The function's docstring."""
        return inspect.getdoc(self.function) or ""

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """A model of the parameters after the workbench, made from the signature."""
        hints = get_type_hints(self.function, include_extras=True)
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        fields: dict[str, Any] = {
            p.name: (hints[p.name], ... if p.default is p.empty else p.default) for p in parameters
        }
        return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Return each parameter's JSON schema, by name, in order."""
        properties: dict[str, dict[str, Any]] = self.arguments.model_json_schema().get("properties", {})
        return {name: {k: v for k, v in schema.items() if k != "title"} for name, schema in properties.items()}

    def required(self) -> tuple[str, ...]:
        """Return the names of the parameters without a default."""
        return tuple(name for name, field in self.arguments.model_fields.items() if field.is_required())

    def schema(self) -> dict[str, object]:
        """Return a new dictionary with the tool in OpenAI's function format, which chat templates take."""
        parameters = {"type": "object", "properties": self.parameters(), "required": list(self.required())}
        return {
            "type": "function",
            "function": {"name": self.name, "description": self.description, "parameters": parameters},
        }

    def signature(self) -> str:
        """Return the call with its defaults, such as ``view(path, start=1)``."""
        fields = self.arguments.model_fields.items()
        parameters = [name if f.is_required() else f"{name}={f.default!r}" for name, f in fields]
        return f"{self.name}({', '.join(parameters)})"

    def bind(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """Check and convert arguments. Raises :class:`ToolError` naming the mistakes and the right usage."""
        try:
            model = self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            problems = " ".join(self._problem(dict(one)) for one in error.errors())
            raise ToolError(f"{problems} Usage: {self.signature()}", f"usage: {self.signature()}") from error
        bound = {name: getattr(model, name) for name in self.arguments.model_fields}
        for name, value in bound.items():
            if _UNWRITABLE.search(str(value)):
                raise ToolError(f"{self.name}: {name} holds a NUL or a broken character.", f"bad {name}")
        return bound

    def __call__(self, bench: Workbench, arguments: Mapping[str, object]) -> ToolResult:
        """Run the tool. A mistake of the agent gives a result with ``ok=False``."""
        try:
            return self.function(bench, **self.bind(arguments))
        except ToolError as error:
            return ToolResult(str(error), error.brief, ok=False)

    def _problem(self, error: dict[str, Any]) -> str:
        name = str(error["loc"][0]) if error["loc"] else ""
        if error["type"] == "extra_forbidden":
            return unknown(f"argument of {self.name}", name, self.arguments.model_fields)
        if error["type"] == "missing":
            return f"{self.name} needs the argument {name!r}."
        return f"{self.name}: {name} = {error['input']!r:.80}: {error['msg']}."


def tool(function: Callable[..., ToolResult]) -> Tool:
    """Make a function a tool that every dialect may offer."""
    return Tool(function)


def compact_tool(function: Callable[..., ToolResult]) -> Tool:
    """Make a function a tool for tiny policies; only the line dialect offers it."""
    return Tool(function, compact=True)
