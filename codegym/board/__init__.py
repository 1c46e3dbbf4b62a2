"""Episodes become numbers, numbers become tables and pages. Nothing here ever touches a sandbox.

- ``definition``: the question that a board asks. ``entry``: one policy's row. ``stats``: estimates and intervals.
- ``standings``: the rows in order. ``table``: as Markdown. ``page``: as HTML.
- ``plot``: coordinates of what is drawn. ``template``: jinja2's environment, for what lies in ``templates/``.
- ``render``: writes all of it.
"""
