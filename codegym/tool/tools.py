"""All tools there are, in the order in which an agent is told of them.

A further tool lives in its own module, is made with :func:`codegym.tool.spec.tool` (or ``compact_tool`` for
tiny policies) and joins the tuple below. The line dialect needs a letter for it as well.
"""

from __future__ import annotations

from codegym.errors import ConfigError, unknown
from codegym.tool.call import ToolResult
from codegym.tool.compact import locate, suggest
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
    locate.fix,
    suggest.suggest,
    suggest.try_,
    submit,
)


def toolset(names: tuple[str, ...] | None = None) -> tuple[Tool, ...]:
    """Return the tools of these names, all of them for ``None``. Raises :class:`ConfigError`."""
    known = {one.name: one for one in TOOLS}
    for name in names or ():
        if name not in known:
            raise ConfigError(unknown("tool", name, known))
    return TOOLS if names is None else tuple(known[name] for name in names)
