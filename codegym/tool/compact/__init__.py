"""Tools for policies with small contexts, and what these need.

- ``locate``: where the fault might be; show that function; change a line. ``suggest``: small edits, the likeliest
  first.
- ``likelihood``: how likely an edit is to be the repair. ``excerpt``: one function in few characters.
- ``opening``: the task in a few lines. ``tracer``: runs in a box: which functions the failing tests run.
"""
