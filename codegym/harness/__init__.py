"""Running tests in a box and reading what they established. See :mod:`codegym.harness.result`.

- ``run``: the one way to run tests. ``result``: what a run established. ``cache``: runs by digest.
- ``framework/``: pytest, node's runner and programs that print TAP.
- ``inbox/``: the programs that run in boxes, under the box's Python; ``inbox_text`` reads them.
- ``answer``: the line in which such a program reports. ``warm``: asks a warm pytest server. ``codes``: compiled
  modules.
- ``junit``: reports of test commands. ``text``: words about failures that are the same in every run.
"""
