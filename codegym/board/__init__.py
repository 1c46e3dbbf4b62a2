"""Episodes become numbers, numbers become tables and pages. Nothing here ever touches a sandbox.

- ``definition``: the question that a board asks. ``entry``: one policy's row. ``stats``: estimates and intervals.
- ``standings``: the rows in order. ``table``: as Markdown. ``page``: as HTML, of ``plot`` (coordinates) and ``template`` (jinja2).
- ``render``: writes all of it.
"""
