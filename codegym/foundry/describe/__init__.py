"""Writes what the user of a package would report, from what its code does when it is executed.

- ``symptom``: a call that differs between the right tree and the wrong one. ``observe``: runs both trees in a box.
- ``script``: a test's own statements as a script, for what no single call shows.
- ``session``: a call and what comes of it, as a user would paste it. ``report``: the text about bugs, in several
  styles. ``request``: the text that asks for missing functions. ``mentions``: whether a text names tests.
- ``describe``: writes the instruction of a task.
"""
