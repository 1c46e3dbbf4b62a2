"""Tools for policies with small contexts.

- ``locate``: lists suspicious functions, shows one, changes a line. ``suggest``: lists and tries small edits.
- ``likelihood``: how likely an edit is to be the repair. ``excerpt``: one function in few characters.
- ``opening``: the task in a few lines. ``tracer``: a program for the box that records what failing tests run.
"""
