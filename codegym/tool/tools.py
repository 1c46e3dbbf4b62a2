"""The list of all tools, in the order in which prompts describe them.

To add a tool, write it in a module of its own with :func:`codegym.tool.spec.tool` (or ``compact_tool`` for tiny
policies), and add it to the tuple below. For the line dialect it needs a letter in ``VERBS`` as well.
"""

from __future__ import annotations

from codegym.errors import ConfigError, unknown
from codegym.tool.call import ToolResult
from codegym.tool.compact import edit as line_edit
from codegym.tool.compact import locate
from codegym.tool.spec import Tool, tool
from codegym.tool.standard import edit, look, run
from codegym.tool.workbench import Workbench


@tool
def submit(bench: Workbench) -> ToolResult:  # noqa: ARG001 - every tool is given the workbench
    """End the episode: hand in the repository as it is now."""
    return ToolResult("Submitted.", done=True)


TOOLS: tuple[Tool, ...] = (
    look.view,
    look.list_,
    look.search,
    edit.replace,
    edit.replace_in_line,
    edit.insert,
    edit.create,
    edit.undo,
    edit.diff,
    run.shell,
    run.compile_,
    run.test_,
    locate.locate,
    locate.focus,
    line_edit.fix,
    line_edit.rewrite,
    line_edit.add,
    submit,
)


def toolset(names: tuple[str, ...] | None = None) -> tuple[Tool, ...]:
    """Return the tools with these names; ``None`` means all. Raises :class:`ConfigError` for an unknown name."""
    by_name = {one.name: one for one in TOOLS}
    for name in names or ():
        if name not in by_name:
            raise ConfigError(unknown("tool", name, by_name))
    return TOOLS if names is None else tuple(by_name[name] for name in names)
