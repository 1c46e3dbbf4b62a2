"""Drafts: edits of a project's source that may become tasks.

- ``draft``: a draft, and the drafts of each operator. ``candidates``: which mutations to try, in which order.
  ``bounds``: which functions are worth a task, and how many tasks may be alike. ``variety``: refuses drafts that
  are alike.
- ``combined``: drafts of several mutations. ``removed``: drafts of removed bodies. ``twins``: near-copies, which
  must not remain when a body is removed.
- ``trial``: tries one draft in a box. ``try_drafts``: tries many, until enough of them make tasks.
  ``in_threads``: tries anything in several threads. ``setup``: what the trials of one project share.
"""
