"""What a suite contains, for people who decide whether to train on it.

- ``report``: all of it. ``facts``: one task's sizes, kind and functions. ``functions``: the functions of a source.
- ``duplicates``: tasks that ask for nearly the same. ``reach``: the share of the source that has tasks.
- ``refusals``: what was refused and why. ``reading``: tasks to read in full.
- ``plot``: where the page's plots draw what. ``page``: the report as one HTML file.
"""
