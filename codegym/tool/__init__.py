"""What an agent can do, and the dialects it may say it in. See :mod:`codegym.tool.tools`.

- ``tools``: all tools. ``spec``: from a typed function to a tool. ``argument``: the types of arguments.
- ``call``: what passes between dialects, tools and the env. ``workbench``: what a tool works on.
- ``standard/``: look, edit, run. ``compact/``: tools for policies with small contexts. ``dialect/``: how calls are
  said.
- ``cut``: bounded, printable text. ``line_end``: the line ends of edited files.
"""
