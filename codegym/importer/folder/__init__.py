"""Reads tasks that are folders.

- ``harbor``: Harbor and Terminal-Bench. ``harbor_own``: folders that codegym exported. ``harbor_solution``: turns
  a solution script into a patch. ``script_paths``: absolute paths in a task's scripts.
- ``exercism``: exercises.
- ``dockerfile``: the files that a Dockerfile copies. It is read by ``docker_lines`` (instructions),
  ``docker_words`` (quotes and variables), ``docker_stage`` (base, folders and copies) and
  ``docker_pattern`` (``COPY``'s paths).
"""
