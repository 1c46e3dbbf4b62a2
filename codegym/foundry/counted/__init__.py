"""Tasks about work: a function does what it should, and does much more for it. Lines are counted, never seconds.

- ``count``: tests that count the lines which calls run. ``slow_drafts``: edits that may make a function slower.
  ``slow_trial``: counts lines with and without an edit.
"""
