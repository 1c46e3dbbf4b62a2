"""Turns episodes into numbers, and numbers into tables and pages, without any sandbox.

- ``definition``: the question that a board asks. ``entry``: one policy's row. ``stats``: estimates. ``interval``:
  their intervals. ``compare``: one entry against another.
- ``standings``: the rows in order. ``table``: as Markdown. ``page``: as HTML.
- ``plot``: coordinates of what is drawn. ``template``: jinja2's environment for the files in ``templates/``.
- ``render``: writes all of it.
"""
