"""The tools of an agent, and the dialects in which it calls them. See :mod:`codegym.tool.tools`.

- ``tools``: the list of all tools. ``spec``: makes a tool from a typed function. ``argument``: argument types.
- ``call``: a tool call and its result. ``workbench``: the box and task that a tool works on.
- ``standard/``: look, edit, run. ``compact/``: tools for policies with small contexts. ``dialect/``: how calls are
  written as text.
- ``cut``: shortens text and makes it printable. ``line_end``: the line ends of edited files.
"""
