"""Tools for policies with small contexts.

- ``locate``: lists suspicious functions, shows one. ``edit``: changes a line of the function that is shown.
- ``excerpt``: one function in few characters. ``opening``: the task in a few lines.
- ``tracer``: a program for the box that records what tests run. ``spectrum``: which functions that makes
  suspicious.
"""
