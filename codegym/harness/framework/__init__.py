"""Test frameworks: each module runs one in a box and reads its results.

- ``pytest``: pytest. ``node``: Node's test runner. ``javascript``, ``javascript_command``: the runners from npm.
- ``tap_program``: any other command, which prints TAP or reports in another way. ``tap``: the reader of TAP.
"""
