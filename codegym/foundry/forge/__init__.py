"""Makes a suite of certified tasks from any repository that has tests.

- ``forge``: every step in order. ``options``: what the user may choose. ``report``: what came out.
- ``survey``: which tests can be trusted, and which lines they reach.
- ``operators``: tries drafts, commits and chains. ``history``: tasks from past commits. ``chain``: several small
  tasks as one. ``make_task``: turns a draft into a task.
- ``work``: the tasks so far with their certificates. ``anchor``: the trees that the suite keeps. ``write``: the
  suite on disk.
"""
