"""Tasks that are folders.

- ``harbor``: Harbor and Terminal-Bench. ``harbor_own``: folders that codegym exported. ``harbor_solution``: from a
  solution script to a patch. ``place``: absolute paths in a task's scripts.
- ``exercism``: exercises.
- ``dockerfile``: the files that a Dockerfile copies. It is read by ``docker_lines`` (instructions),
  ``docker_words`` (quotes and variables), ``docker_stage`` (what can be done without a build) and
  ``docker_pattern`` (``COPY``'s paths).
"""
