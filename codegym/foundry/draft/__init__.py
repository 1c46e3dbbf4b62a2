"""Tasks in the making.

- ``draft``: what a task does to the source. ``bounds``: which functions are worth one, and how alike tasks may be.
- ``candidates``: which mutations to try, in which order.
- ``hunt``: tries drafts in boxes until there are enough. ``trial``: tries one.
"""
