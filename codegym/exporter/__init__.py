"""Exports suites and results in formats that others read.

- ``harbor``: a suite as Harbor's task folders; ``kit/`` has the scripts for them.
- ``swebench``: a suite as SWE-bench's rows. ``git_stream``: the commits that these rows name.
- ``predictions``, ``report``: SWE-bench's files of patches and of results, which are written and read.
- ``results``: the episodes of a run in these files.
"""
