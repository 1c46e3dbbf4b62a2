"""Runs tests in a box and reads their results. See :mod:`codegym.harness.result`.

- ``run``: runs tests, whatever the framework. ``result``: the result of a run. ``cache``: results by digest.
- ``framework/``: pytest, node's runner, JavaScript's other runners, and programs that print TAP.
- ``inbox/``: the programs that run in boxes, under the box's Python; ``inbox_text`` returns their text.
- ``answer``: reads the line in which such a program reports. ``warm``: uses a warm pytest server. ``codes``: keeps
  compiled modules.
- ``junit``: reads JUnit reports. ``packed``: gets files out of a box. ``exit_code``: tests that are exit codes.
- ``text``: makes texts about failures that are the same in every run.
"""
